import { type Packet, PacketType, type ProtocolVersion, type PublishPacket } from '@sluice/packet';
import type { Report } from '../report.ts';
import { DurableClient } from './durable-client.ts';

const decoder = new TextDecoder();

/** Keeps one subscription for as long as its session lives, and takes each QoS 2 message once. */
export abstract class Receiver extends DurableClient {
  readonly #filter: string;
  /** What came with the QoS 2 identifiers that wait for PUBREL: it outlives a connection, not the session. */
  readonly #held: Map<number, string> = new Map();
  /** What came last with each identifier, and as the how manieth. */
  readonly #arrived: Map<number, { readonly message: string; readonly index: number }> = new Map();
  readonly #subscribed: Promise<void>;
  #onSubscribed: () => void = () => {};
  #isSubscribed = false;
  #count = 0;
  /** The identifier of the message that came last for the first time. */
  #highest = 0;
  /** The one that was sent again last on this connection. */
  #newestAgain = -1;

  constructor(name: string, version: ProtocolVersion, filter: string, report: Report) {
    super(name, version, report);
    this.#filter = filter;
    this.#subscribed = new Promise((resolve) => {
      this.#onSubscribed = resolve;
    });
  }

  /** Settles when the server has promised all that is published from now on. */
  async subscribed(): Promise<void> {
    await this.#subscribed;
  }

  /** A message that the session had not before, or not for certain with QoS 1. */
  protected abstract deliver(topic: string, payload: string, qos: 1 | 2): void;

  protected override forget(): void {
    this.#held.clear();
    this.#arrived.clear();
    this.#isSubscribed = false;
  }

  protected override resumed(): void {
    this.#newestAgain = -1;
    if (this.#isSubscribed) return;
    this.send({
      type: PacketType.subscribe,
      packetId: this.nextPacketId(),
      properties: {},
      subscriptions: [
        {
          filter: this.#filter,
          qos: 2,
          noLocal: false,
          retainAsPublished: false,
          retainHandling: 0,
        },
      ],
    });
  }

  protected override handle(packet: Packet): void {
    switch (packet.type) {
      case PacketType.publish:
        this.#take(packet);
        break;
      case PacketType.pubrel:
        this.#held.delete(packet.packetId);
        this.acknowledge(PacketType.pubcomp, packet.packetId);
        break;
      case PacketType.suback:
        this.#isSubscribed = true;
        this.#onSubscribed();
        break;
    }
  }

  #take({ topic, payload, qos, packetId, dup }: PublishPacket): void {
    const text = decoder.decode(payload);
    const message = `${topic} ${text}`;
    this.#checkOrder(packetId, message);
    if (qos === 1) {
      this.deliver(topic, text, qos);
      this.acknowledge(PacketType.puback, packetId);
      return;
    }
    const before = this.#held.get(packetId);
    const isWrong = before !== undefined && (before !== message || !dup);
    if (isWrong) {
      // [MQTT-3.3.1-1], [MQTT-2.2.1-4]
      const what = `${this.name} got ${message} as ${packetId}, DUP ${dup}, held for ${before}`;
      this.report.broken('protocol', what);
    }
    if (before !== message) {
      this.#held.set(packetId, message);
      this.deliver(topic, text, 2);
    }
    this.acknowledge(PacketType.pubrec, packetId);
  }

  /** What is sent again comes in the order in which it came before [MQTT-4.6.0-1]. */
  #checkOrder(packetId: number, message: string): void {
    const before = this.#arrived.get(packetId);
    if (before?.message !== message) {
      this.#forgetAbove(packetId);
      this.#arrived.set(packetId, { message, index: this.#count++ });
      return;
    }
    this.report.check(before.index > this.#newestAgain, 'reordered', () => {
      return `${this.name} got ${message} again after what had come behind it`;
    });
    this.#newestAgain = before.index;
  }
  /** A QoS 1 message may come before it is stored: identifiers that a crash took back are given again. */
  #forgetAbove(packetId: number): void {
    if (packetId < this.#highest) {
      for (const later of this.#arrived.keys()) if (later > packetId) this.#arrived.delete(later);
    }
    this.#highest = packetId;
  }
}
