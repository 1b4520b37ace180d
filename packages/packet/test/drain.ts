import { type Decoder, IncomingPublish, type Packet, ProtocolError } from '../src/index.ts';

export interface Drained {
  readonly packets: readonly unknown[];
  /** The reason code of the error that ended it. */
  readonly error: number | undefined;
}

/** Decodes chunks to the end or the first error. Anything but a `ProtocolError` is thrown on. */
export function drain(decoder: Decoder, chunks: Iterable<Uint8Array>): Drained {
  const packets: unknown[] = [];
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
        packets.push(plain(packet));
      }
    }
    return { packets, error: undefined };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { packets, error: error.reasonCode };
  }
}

/** A packet in a form that compares by value: the fields of the interface, bytes as hexadecimal. */
export function plain(packet: Packet): unknown {
  if (!(packet instanceof IncomingPublish)) return plainValue(packet);
  const { type, qos, retain, dup, topic, packetId, properties, payload } = packet;
  return plainValue({ type, qos, retain, dup, topic, packetId, properties, payload });
}

function plainValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainValue(inner)]));
}

/** Every byte a chunk of its own. */
export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}
