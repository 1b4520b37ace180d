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
import { StolenTime } from './stolen-time.ts';

const intervalMs = 20;
const topic = 'canary/pair';

/** What the pair saw of an attack. */
export interface CanaryReport {
  readonly sent: number;
  readonly received: number;
  /** Ways of the messages in milliseconds, without the time in which the machine had others to serve. */
  readonly p99Ms: number;
  readonly slowestMs: number;
}

/** Two clients beside an attack: one sends a message with QoS 1 each 20 ms, which the other is to receive. */
export class Canary {
  readonly #publisher: TestStream;
  readonly #subscriber: TestStream;
  readonly #sent: { readonly at: number; readonly stolenMs: number }[] = [];
  readonly #waysMs: number[] = [];
  readonly #stolen: StolenTime = new StolenTime();
  readonly #timer: NodeJS.Timeout;

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
    return this.#waysMs.length;
  }

  /** The test held up the process itself. */
  forgive(ms: number): void {
    this.#stolen.add(ms);
  }

  /** Ends the pair, when it has sent at least so many and everything has come, or the wait is too long. */
  async stop(patienceMs: number, atLeast = 0): Promise<CanaryReport> {
    while (this.#sent.length < atLeast) {
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
    clearInterval(this.#timer);
    this.#send();
    const deadline = performance.now() + patienceMs;
    while (this.received < this.#sent.length && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.#publisher.destroy();
    this.#subscriber.destroy();
    this.#stolen.stop();
    const sorted = this.#waysMs.toSorted((one, other) => one - other);
    const p99Ms = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
    const slowestMs = sorted.at(-1) ?? 0;
    return { sent: this.#sent.length, received: this.received, p99Ms, slowestMs };
  }

  #send(): void {
    this.#sent.push({ at: performance.now(), stolenMs: this.#stolen.totalMs });
    const packetId = ((this.#sent.length - 1) % 65_535) + 1;
    const publish = publishPacket(topic, String(this.#sent.length), { qos: 1, packetId });
    if (!this.#publisher.gone) this.#publisher.push(encodePacket(publish, 5));
  }

  #makeSubscriber(): TestStream {
    const decoder = new Decoder({ role: 'client', maxPacketBytes: 65_536, protocolVersion: 5 });
    const stream = new TestStream((bytes) => {
      decoder.push(Buffer.from(bytes));
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
        if (packet.type !== PacketType.publish) continue;
        // Lost, repeated or in another order: then it is not the one that is due.
        if (Number(packet.payload) !== this.received + 1) continue;
        const { at, stolenMs } = this.#sent[this.received] ?? { at: 0, stolenMs: 0 };
        const wayMs = performance.now() - at - (this.#stolen.totalMs - stolenMs);
        this.#waysMs.push(Math.max(0, wayMs));
        const answer = encodePacket(acknowledgement('puback', packet.packetId), 5);
        setImmediate(() => stream.gone || stream.push(answer));
      }
    });
    return stream;
  }
}
