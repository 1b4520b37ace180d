import type { Broker } from '@sluice/core';
import { encodePacket, type Packet, PacketType, type Qos } from '@sluice/packet';
import { SilentStream } from './silent-stream.ts';

/** What a client asks for when it connects. Seconds. */
interface ClientTerms {
  readonly sessionExpiryInterval?: number;
  /** With it the client leaves a will. */
  readonly willDelayInterval?: number;
}

/** A client that sends what it is told to, and forgets what it is sent. */
export class SilentClient {
  readonly stream: SilentStream = new SilentStream();
  readonly #clientId: string;

  constructor(broker: Broker, clientId: string) {
    this.#clientId = clientId;
    broker.handle(this.stream);
  }

  connect(terms: ClientTerms = {}): this {
    return this.send(this.connectBytes(terms));
  }

  subscribe(filters: readonly string[], qos: Qos): this {
    return this.send(subscribeBytes(filters, qos));
  }

  send(bytes: Uint8Array): this {
    this.stream.push(bytes);
    return this;
  }

  connectBytes({ sessionExpiryInterval = 0, willDelayInterval }: ClientTerms): Uint8Array {
    const will = {
      topic: `gone/${this.#clientId}`,
      payload: Buffer.from('gone'),
      qos: 1,
      retain: true,
      properties: { willDelayInterval: willDelayInterval ?? 0 },
    } as const;
    return encode({
      type: PacketType.connect,
      protocolVersion: 5,
      cleanStart: false,
      keepAlive: 0,
      clientId: this.#clientId,
      properties: { sessionExpiryInterval, receiveMaximum: 1_000 },
      ...(willDelayInterval !== undefined && { will }),
    });
  }
}

/** A SUBSCRIBE for these filters. */
export function subscribeBytes(filters: readonly string[], qos: Qos): Uint8Array {
  const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  return encode({
    type: PacketType.subscribe,
    packetId: 1,
    properties: {},
    subscriptions: filters.map((filter) => ({ filter, qos, ...options })),
  });
}

/** The bytes of a packet in MQTT 5.0. */
export function encode(packet: Packet): Uint8Array {
  return encodePacket(packet, 5);
}
