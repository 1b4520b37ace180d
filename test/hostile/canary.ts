import { Decoder, encodePacket, PacketType } from '@sluice/packet';
import type { Broker } from '../../packages/core/src/index.ts';
import {
  acknowledgement,
  connectPacket,
  publishPacket,
  subscribePacket,
  subscription,
} from '../../packages/core/test/support/packets.ts';
import { TestStream } from '../../packages/core/test/support/test-stream.ts';

const intervalMs = 20;
const topic = 'canary/pair';

/** What the pair saw of an attack. */
export interface CanaryReport {
  readonly sent: number;
  readonly received: number;
  /** Longest way of a message, in milliseconds. */
  readonly slowestMs: number;
}

/** Two clients beside an attack: one sends a message with QoS 1 each 20 ms, which the other is to receive. */
export class Canary {
  readonly #publisher: TestStream;
  readonly #subscriber: TestStream;
  readonly #sentAt: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #received = 0;
  #slowestMs = 0;

  constructor(broker: Broker) {
    this.#publisher = new TestStream(() => {});
    this.#subscriber = this.#makeSubscriber();
    for (const [stream, clientId] of [
      [this.#subscriber, 'canary-subscriber'],
      [this.#publisher, 'canary-publisher'],
    ] as const) {
      broker.handle(stream);
      stream.push(encodePacket(connectPacket(5, { clientId }), 5));
    }
    const subscribe = subscribePacket(1, [subscription(topic, { qos: 1 })]);
    this.#subscriber.push(encodePacket(subscribe, 5));
    this.#timer = setInterval(() => this.#send(), intervalMs);
  }

  get received(): number {
    return this.#received;
  }

  /** Ends the pair, once everything has come or the wait is too long. */
  async stop(patienceMs: number): Promise<CanaryReport> {
    clearInterval(this.#timer);
    this.#send();
    const deadline = performance.now() + patienceMs;
    while (this.#received < this.#sentAt.length && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.#publisher.destroy();
    this.#subscriber.destroy();
    const sent = this.#sentAt.length;
    return { sent, received: this.#received, slowestMs: this.#slowestMs };
  }

  #send(): void {
    this.#sentAt.push(performance.now());
    const packetId = this.#sentAt.length;
    const publish = publishPacket(topic, String(packetId), { qos: 1, packetId });
    if (!this.#publisher.gone) this.#publisher.push(encodePacket(publish, 5));
  }

  #makeSubscriber(): TestStream {
    const decoder = new Decoder({ role: 'client', maxPacketBytes: 65_536, protocolVersion: 5 });
    const stream = new TestStream((bytes) => {
      decoder.push(Buffer.from(bytes));
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
        if (packet.type !== PacketType.publish) continue;
        // Lost, repeated or in another order: then it is not the one that is due.
        if (Number(packet.payload) !== this.#received + 1) continue;
        const sentAt = this.#sentAt[this.#received++] ?? 0;
        this.#slowestMs = Math.max(this.#slowestMs, performance.now() - sentAt);
        const answer = encodePacket(acknowledgement('puback', packet.packetId), 5);
        setImmediate(() => stream.gone || stream.push(answer));
      }
    });
    return stream;
  }
}
