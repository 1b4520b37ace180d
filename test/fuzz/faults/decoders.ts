import { Decoder, type DecoderOptions, type Packet, PacketType } from '@sluice/packet';

/** Something wrong with a decoder, to see whether fuzzing finds it. */
export interface DecoderFault {
  readonly name: string;
  /** What is wrong, in a few words, for people. */
  readonly says: string;
  make(options: DecoderOptions): Decoder;
}

/** A decoder whose packets somebody changes, or trips over. */
function changing(change: (packet: Packet) => Packet | undefined): DecoderFault['make'] {
  return (options) =>
    new (class extends Decoder {
      override next(): Packet | undefined {
        const packet = super.next();
        return packet === undefined ? undefined : change(packet);
      }
    })(options);
}

function userProperties(packet: Packet): number {
  if (!('properties' in packet)) return 0;
  const found: unknown = Reflect.get(packet.properties, 'userProperties');
  return Array.isArray(found) ? found.length : 0;
}

/** Faults that the decoder by itself shows. */
export const decoderFaults: readonly DecoderFault[] = [
  {
    name: 'uncaught',
    says: 'a DISCONNECT with a reason string and an expiry throws a TypeError',
    make: changing((packet) => {
      if (packet.type !== PacketType.disconnect) return packet;
      const { reasonString, sessionExpiryInterval } = packet.properties;
      if (reasonString !== undefined && sessionExpiryInterval !== undefined) {
        throw new TypeError('undefined is not a function');
      }
      return packet;
    }),
  },
  {
    name: 'byte-lost',
    says: 'a chunk of one byte is lost while three bytes wait',
    make: (options) =>
      new (class extends Decoder {
        override push(chunk: Uint8Array): void {
          const isLost = chunk.length === 1 && this.bufferedBytes === 3;
          super.push(isLost ? chunk.subarray(1) : chunk);
        }
      })(options),
  },
  {
    name: 'quadratic',
    says: 'each user property is compared with all others',
    make: changing((packet) => {
      const count = userProperties(packet);
      let sum = 0;
      for (let one = 0; one < count; one++) for (let other = 0; other < count; other++) sum += one;
      return sum < 0 ? undefined : packet;
    }),
  },
  {
    name: 'packet-swallowed',
    says: 'a PUBREL behind another packet in one chunk is left out',
    make: (options) =>
      new (class extends Decoder {
        #packets = 0;
        override push(chunk: Uint8Array): void {
          this.#packets = 0;
          super.push(chunk);
        }
        override next(): Packet | undefined {
          const packet = super.next();
          const isSwallowed = packet?.type === PacketType.pubrel && this.#packets > 0;
          this.#packets++;
          return isSwallowed ? super.next() : packet;
        }
      })(options),
  },
];

/** Faults that only another decoder shows: they are consistent in themselves. */
export const meaningFaults: readonly DecoderFault[] = [
  {
    name: 'retain-ignored',
    says: 'a subscription with Retain As Published has it no more when Retain Handling is 2',
    make: changing((packet) => {
      if (packet.type !== PacketType.subscribe) return packet;
      const subscriptions = packet.subscriptions.map((one) =>
        one.retainHandling === 2 ? { ...one, retainAsPublished: false } : one,
      );
      return { ...packet, subscriptions };
    }),
  },
  {
    name: 'identifier-cut',
    says: 'subscription identifiers have 16 bits',
    make: changing((packet) => {
      if (packet.type !== PacketType.subscribe) return packet;
      const { subscriptionIdentifier } = packet.properties;
      if (subscriptionIdentifier === undefined) return packet;
      const properties = { ...packet.properties };
      return {
        ...packet,
        properties: { ...properties, subscriptionIdentifier: subscriptionIdentifier & 0xffff },
      };
    }),
  },
];
