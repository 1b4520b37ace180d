import { describe, expect, it } from 'vitest';
import { Decoder, encodePacket, type Packet, type ProtocolVersion } from '../src/index.ts';
import { byteByByte, type Drained, drain, plain } from './drain.ts';
import { bytesOf, type Vector } from './vectors/vector.ts';
import { vectors } from './vectors.ts';

const pingreq = bytesOf('c0 00');
const pingresp = bytesOf('d0 00');

function decoderFor({ role, version, first, maxPacketBytes = 100_000 }: Vector): Decoder {
  return new Decoder({
    role: role ?? 'server',
    maxPacketBytes,
    ...(first ? {} : { protocolVersion: version as ProtocolVersion }),
  });
}

function outcome(vector: Vector, before: readonly unknown[], after: readonly unknown[]): Drained {
  if (vector.packet === undefined) return { packets: before, error: vector.error };
  return { packets: [...before, plain(vector.packet), ...after], error: undefined };
}

describe.each(vectors)('$version $name', (vector) => {
  const bytes = bytesOf(vector.bytes);

  it('whole', () => {
    const decoder = decoderFor(vector);
    expect(drain(decoder, [bytes])).toEqual(outcome(vector, [], []));
    expect(decoder.protocolVersion).toBe(vector.version);
    expect(decoder.bufferedBytes).toBe(0);
  });

  it('byte by byte', () => {
    const decoder = decoderFor(vector);
    expect(drain(decoder, byteByByte(bytes))).toEqual(outcome(vector, [], []));
    expect(decoder.protocolVersion).toBe(vector.version);
  });

  it('glued to its neighbours', () => {
    const neighbour = vector.role === 'client' ? pingresp : pingreq;
    const ping = { type: vector.role === 'client' ? 13 : 12 };
    // Not before a CONNECT; and behind a header that waits for more, a neighbour would be its body.
    const before = vector.first ? [] : [neighbour];
    const chunk = Buffer.concat([...before, bytes, neighbour]);
    expect(drain(decoderFor(vector), [chunk])).toEqual(
      outcome(
        vector,
        before.map(() => ping),
        [ping],
      ),
    );
  });
});

const bothWays = vectors.filter(({ packet, oneWay }) => packet !== undefined && !oneWay);

it.each(bothWays)('$version $name: encoded', ({ packet, version, bytes }) => {
  const encoded = encodePacket(packet as Packet, version as ProtocolVersion);
  expect(Buffer.from(encoded).toString('hex')).toBe(bytesOf(bytes).toString('hex'));
});
