import { describe, expect, it } from 'vitest';
import { Decoder, encodePacket, noProperties, PacketType } from '../src/index.ts';
import { byteByByte, drain } from './drain.ts';
import { bytesOf } from './vectors/vector.ts';

const connect4 = '100d 0004 4d515454 04 02 003c 0001 61';
const connect5 = '100e 0004 4d515454 05 02 003c 00 0001 61';

/** Published hostile inputs that are well-formed: the broker judges them, the decoder must not. */
const wellFormed: readonly (readonly [name: string, bytes: string, packets: number])[] = [
  ['P24 PUBLISH to $SYS', `${connect4} 3015 0012 245359532f782f6e65772f636c69656e7473 61`, 2],
  [
    'P32 SUBSCRIBE to broken $share filters',
    `${connect5} 823a 0001 00 0006 247368617265 01 0007 2473686172652f 01 0009 2473686172652f2f74 01
      0008 2473686172652f67 01 000a 2473686172652f2b2f74 01`,
    2,
  ],
  [
    'P38 SUBSCRIBE to names of object members',
    `${connect4} 821c 0001 0009 5f5f70726f746f5f5f 00 000b 636f6e7374727563746f72 00`,
    2,
  ],
  ['P39 client id __proto__', '1015 0004 4d515454 04 02 003c 0009 5f5f70726f746f5f5f', 1],
  ['P55 empty user name and password', '1011 0004 4d515454 04 c2 003c 0001 61 0000 0000', 1],
  [
    'P56 will topic $CONTROL',
    '101a 0004 4d515454 04 06 003c 0001 61 0008 24434f4e54524f4c 0001 78',
    1,
  ],
  [
    'P57 will delay above the session expiry',
    `101f 0004 4d515454 05 06 003c 05 1100000000 0001 61 05 180000003c 0001 77 0001 78`,
    1,
  ],
  ['P59 empty client id, clean session 0', '100c 0004 4d515454 04 00 003c 0000', 1],
  ['P60 client id #', '100d 0004 4d515454 04 02 003c 0001 23', 1],
  ['P61 keep alive 65535', '100d 0004 4d515454 04 02 ffff 0001 61', 1],
  ['P63 topic alias 65535', `${connect5} 3008 0001 74 03 23ffff 78`, 2],
  ['P64 topic alias never set', `${connect5} 3007 0000 03 230001 78`, 2],
  ['P67 payload that is not what it says', `${connect5} 3008 0001 74 02 0101 fffe`, 2],
  ['P68 expiry FFFFFFFF', `${connect5} 300a 0001 74 05 02ffffffff 78`, 2],
  ['P69 PUBREC, PUBREL, PUBCOMP out of nowhere', `${connect4} 50020001 62020001 70020001`, 4],
  ['P71 DISCONNECT that raises the session expiry', `${connect5} e007 00 05 110000000a`, 2],
  ['P73 UNSUBSCRIBE of a broken filter', `${connect4} a207 0001 0003 612b23`, 2],
];

describe.each(wellFormed)('%s', (_name, bytes, count) => {
  it.each([
    ['whole', (chunk: Uint8Array) => [chunk]],
    ['byte by byte', byteByByte],
  ])('%s', (_way, split) => {
    const decoder = new Decoder({ role: 'server', maxPacketBytes: 1_000 });
    const { packets, error } = drain(decoder, split(bytesOf(bytes)));
    expect(error).toBeUndefined();
    expect(packets).toHaveLength(count);
    expect(decoder.bufferedBytes).toBe(0);
  });
});

describe('long ones', () => {
  const limit = { role: 'server', maxPacketBytes: 100_000 } as const;

  it('P36 SUBSCRIBE to 65,535 slashes', () => {
    const filter = '/'.repeat(65_535);
    const bytes = encodePacket(
      {
        type: PacketType.subscribe,
        packetId: 1,
        properties: noProperties,
        subscriptions: [
          { filter, qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 },
        ],
      },
      4,
    );
    const decoder = new Decoder({ ...limit, protocolVersion: 4 });
    expect(drain(decoder, byteByByte(bytes)).packets).toMatchObject([
      { subscriptions: [{ filter }] },
    ]);
  });

  it('P37 PUBLISH to a topic of 101 levels', () => {
    const topic = 'a/'.repeat(100).concat('a');
    const bytes = Buffer.concat([bytesOf('30cc01 00c9'), Buffer.from(topic), bytesOf('78')]);
    const decoder = new Decoder({ ...limit, protocolVersion: 4 });
    expect(drain(decoder, [bytes])).toMatchObject({ packets: [{ topic }], error: undefined });
  });

  it('P49 CONNECT with 8,000 user properties', () => {
    const userProperties = Array.from({ length: 8_000 }, () => ['a', 'b'] as const);
    const bytes = encodePacket(
      {
        type: PacketType.connect,
        protocolVersion: 5,
        cleanStart: true,
        keepAlive: 60,
        clientId: 'a',
        properties: { userProperties },
      },
      5,
    );
    expect(bytes).toHaveLength(56_020);
    const { packets, error } = drain(new Decoder(limit), [bytes]);
    expect(error).toBeUndefined();
    expect(packets).toMatchObject([{ properties: { userProperties } }]);
  });
});
