import { Duplex } from 'node:stream';
import { ReasonCode } from '@sluice/packet';
import { describe, expect, test } from 'vitest';
import { createBroker } from '../../src/index.ts';

/** CONNECT of 3.1.1 or 5.0 with Clean Start, byte by byte: an encoder would not write such names. */
function connect(version: 4 | 5, clientId: string, userName?: string): Buffer {
  const text = (value: string): Buffer => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
  };
  const flags = userName === undefined ? 0x02 : 0x82;
  const body = Buffer.concat([
    text('MQTT'),
    Buffer.of(version, flags, 0, 0),
    ...(version === 5 ? [Buffer.of(0)] : []),
    text(clientId),
    ...(userName === undefined ? [] : [text(userName)]),
  ]);
  return Buffer.concat([Buffer.of(0x10, body.length), body]);
}

/** The reason codes under which a broker refused it; none when it let it in. */
async function refusalsOf(packet: Buffer, allowControlCharacters: boolean): Promise<number[]> {
  await using broker = await createBroker({ allowControlCharacters });
  const codes: number[] = [];
  const ended = new Promise<void>((resolve) => {
    broker.on('refused', ({ reasonCode }) => {
      codes.push(reasonCode);
      resolve();
    });
    broker.on('connected', () => resolve());
  });
  const stream = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  broker.handle(stream);
  stream.push(packet);
  await ended;
  stream.destroy();
  return codes;
}

const names = ['\u0001', 'a\u001b[2J', 'a\nb', '\u007f', 'a\u0085', '\u009b31m'];

describe.each([4, 5] as const)('a control character in a name, version %i', (version) => {
  test.each(names)('is refused by default: %j', async (name) => {
    const refused = [ReasonCode.malformedPacket];
    expect(await refusalsOf(connect(version, name), false)).toEqual(refused);
    expect(await refusalsOf(connect(version, 'c', name), false)).toEqual(refused);
  });

  test.each(names)('passes where the application wants it: %j', async (name) => {
    expect(await refusalsOf(connect(version, name, name), true)).toEqual([]);
  });

  test('is not what other characters are', async () => {
    expect(await refusalsOf(connect(version, 'Sonde-7 ü 漢字 😀 \u00a0'), false)).toEqual([]);
  });

  test('U+0000 never passes', async () => {
    expect(await refusalsOf(connect(version, 'a\0b'), true)).toEqual([ReasonCode.malformedPacket]);
  });
});
