import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decoder, encodePacket, encodePublishHead, type Packet, PacketType } from '../src/index.ts';
import { connect, packets, type Sender } from './arbitraries.ts';
import { byteByByte, drain, plain } from './drain.ts';

const versions = [3, 4, 5] as const;
const senders = ['client', 'server'] as const;
const cases = versions.flatMap((version) => senders.map((sender) => ({ version, sender })));

function reader(sender: Sender, version?: 3 | 4 | 5): Decoder {
  return new Decoder({
    role: sender === 'client' ? 'server' : 'client',
    maxPacketBytes: 100_000,
    ...(version === undefined ? {} : { protocolVersion: version }),
  });
}

/** Cuts bytes at the given places, each a share of the whole. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const offsets = places.map((place) => Math.floor(place * bytes.length)).sort((a, b) => a - b);
  return [0, ...offsets].map((offset, index) =>
    bytes.subarray(offset, offsets[index] ?? bytes.length),
  );
}

const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

describe.each(cases)('version $version, sent by a $sender', ({ version, sender }) => {
  const arbitrary = packets(sender, version);

  it('every packet comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 6 }), places, (sent, cuts) => {
        const bytes = Buffer.concat(sent.map((packet) => encodePacket(packet, version)));
        expect(drain(reader(sender, version), cut(bytes, cuts))).toEqual({
          packets: sent.map(plain),
          error: undefined,
        });
      }),
      { numRuns: 200 },
    );
  });

  it('damage is refused with a reason code, the same for any chunking', () => {
    const damage = fc.record({
      place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      removed: fc.constantFrom(0, 1, 1, 2),
      inserted: fc.uint8Array({ maxLength: 2 }),
    });
    fc.assert(
      fc.property(
        fc.array(arbitrary, { minLength: 1, maxLength: 3 }),
        damage,
        places,
        (sent, { place, removed, inserted }, cuts) => {
          const bytes = Buffer.concat(sent.map((packet) => encodePacket(packet, version)));
          const at = Math.floor(place * bytes.length);
          const damaged = Buffer.concat([
            bytes.subarray(0, at),
            inserted,
            bytes.subarray(at + removed),
          ]);
          const whole = drain(reader(sender, version), [damaged]);
          expect(drain(reader(sender, version), cut(damaged, cuts))).toEqual(whole);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe.each(versions)('version %i', (version) => {
  it('CONNECT comes back as it was', () => {
    fc.assert(
      fc.property(connect(version), places, (packet, cuts) => {
        const server = reader('client');
        const { packets: received, error } = drain(
          server,
          cut(encodePacket(packet, version), cuts),
        );
        expect(error).toBeUndefined();
        expect(received).toEqual([plain(packet)]);
        expect(server.protocolVersion).toBe(version);
      }),
      { numRuns: 200 },
    );
  });

  it('the head of a PUBLISH is what stands before the payload', () => {
    const messages = packets('server', version).filter(({ type }) => type === PacketType.publish);
    fc.assert(
      fc.property(messages, (packet) => {
        const message = packet as Extract<Packet, { type: typeof PacketType.publish }>;
        const head = encodePublishHead(message, message.payload.length, version);
        const whole = encodePacket(message, version);
        expect(Buffer.concat([head.bytes, message.payload]).equals(whole)).toBe(true);
        const { packetIdOffset } = head;
        const packetId = Buffer.from(whole).readUInt16BE(packetIdOffset);
        if (message.qos > 0) expect(packetId).toBe(message.packetId);
        else expect(packetIdOffset).toBe(0);
      }),
    );
  });
});

it('random bytes throw nothing but protocol errors', () => {
  const firstBytes = fc.integer({ min: 0, max: 255 });
  const body = fc.uint8Array({ maxLength: 60 });
  fc.assert(
    fc.property(
      fc.constantFrom(...cases),
      fc.array(fc.tuple(firstBytes, body), { minLength: 1, maxLength: 3 }),
      ({ version, sender }, frames) => {
        const bytes = Buffer.concat(
          frames.flatMap(([first, content]) => [Buffer.of(first, content.length), content]),
        );
        const whole = drain(reader(sender, version), [bytes]);
        expect(drain(reader(sender, version), byteByByte(bytes))).toEqual(whole);
      },
    ),
    { numRuns: 3_000 },
  );
});
