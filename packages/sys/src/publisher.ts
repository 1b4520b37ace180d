import type { BrokerServices, Clock } from '@sluice/plugin';
import type { LoopDelay } from './loop-delay.ts';
import { Reading } from './reading.ts';
import { sysTopics } from './topics.ts';

/** Publishes what changed, again and again. */
export class Publisher {
  readonly #broker: BrokerServices;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #onError: (error: Error) => void;
  readonly #published: Map<string, string> = new Map();
  #timer: unknown;
  #loopDelay: LoopDelay | undefined;

  constructor(
    broker: BrokerServices,
    clock: Clock,
    intervalMs: number,
    onError: (error: Error) => void,
  ) {
    this.#broker = broker;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#onError = onError;
  }

  start(): void {
    const reading = new Reading(this.#broker.stats, this.#clock);
    this.#loopDelay = reading.loopDelay;
    this.#loopDelay.start();
    const update = (): void => {
      this.#timer = this.#clock.setTimer(update, this.#intervalMs);
      reading.update();
      this.#publish(reading).catch(this.#onError);
    };
    // Not within the hook: what hooks publish is watched for loops, which costs every message.
    this.#timer = this.#clock.setTimer(update, 0);
  }

  stop(): void {
    this.#clock.clearTimer(this.#timer);
    this.#loopDelay?.stop();
  }

  /** One failure is as good as many: they all have the same cause. */
  async #publish(reading: Reading): Promise<void> {
    const made: Promise<void>[] = [];
    for (const [topic, value] of sysTopics) {
      const payload = value(reading);
      if (this.#published.get(topic) === payload) continue;
      made.push(this.#publishOne(topic, payload));
    }
    await Promise.all(made);
  }

  /** One that fails is still to be published at the next update. */
  async #publishOne(topic: string, payload: string): Promise<void> {
    await this.#broker.publish({ topic, payload, retain: true }, { transient: true });
    this.#published.set(topic, payload);
  }
}
