import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Broker, createBroker } from '../../packages/core/src/index.ts';
import type { Store } from '../../packages/core/test/support/stores.ts';
import { aPlugin } from '../../packages/core/test/support/test-broker.ts';
import { VirtualEnvironment } from '../../packages/core/test/support/virtual-environment.ts';
import { BusyPersistence } from '../hostile/busy-persistence.ts';
import { Dice } from '../simulation/dice.ts';
import { Churn, failingNowAndThen } from './churn.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const mebibyte = 1_048_576;
const actionsPerStep = 20;
const stepMs = 1_000;
/** Rounds without deferred work after which nothing is on its way any more. */
const quietRounds = 4;
/** Longer than `close` waits for anybody. */
const graceMs = 60_000;
/** Longer than every session, will and message lives. */
const afterlifeMs = 720_000;
const afterlives = 4;

/** What the broker keeps of anybody, counted. */
export interface Tables {
  readonly connections: number;
  readonly clients: number;
  readonly sessions: number;
  readonly subscriptions: number;
  readonly retainedMessages: number;
  readonly retainedBytes: number;
  readonly timers: number;
  readonly deferred: number;
}

/** What is held at one moment. */
export interface Sample {
  /** Real milliseconds from the start on. */
  readonly atMs: number;
  readonly heapMiB: number;
  readonly residentMiB: number;
}

/** A broker in virtual time with clients that come and go for as long as it is told to. */
export class Soak {
  readonly samples: Sample[] = [];
  /** What the broker reported, by message. */
  readonly errors: Map<string, number> = new Map();
  readonly churn: Churn;
  readonly broker: Broker;
  readonly environment: VirtualEnvironment;
  readonly #persistence: BusyPersistence;
  readonly #startedAt: number = performance.now();

  private constructor(
    seed: number,
    broker: Broker,
    environment: VirtualEnvironment,
    persistence: BusyPersistence,
  ) {
    this.broker = broker;
    this.environment = environment;
    this.#persistence = persistence;
    this.churn = new Churn(new Dice(seed), broker, this);
    broker.on('error', ({ message }) => {
      this.errors.set(message, (this.errors.get(message) ?? 0) + 1);
    });
  }

  static async start(seed: number, store: Store): Promise<Soak> {
    const environment = new VirtualEnvironment({ seed });
    const persistence = new BusyPersistence(store.persistence());
    const broker = await createBroker({
      plugins: [
        aPlugin((context) => context.provide('persistence', persistence), 'store'),
        failingNowAndThen(new Dice(seed + 1)),
      ],
      limits: { maxQueuedMessages: 100, maxOutputBytes: 65_536, hookTimeoutMs: 2_000 },
      environment,
    });
    return new Soak(seed, broker, environment, persistence);
  }

  /** What the broker keeps of anybody: all of it is 0 when nobody is left. */
  get tables(): Tables {
    const { stats } = this.broker;
    const { connections, clients, sessions, subscriptions, retainedMessages, retainedBytes } =
      stats;
    const { timers, deferred } = this.environment;
    return {
      ...{ connections, clients, sessions, subscriptions },
      ...{ retainedMessages, retainedBytes, timers, deferred },
    };
  }

  /** A second of virtual time. */
  async step(): Promise<void> {
    for (let count = 0; count < actionsPerStep; count++) {
      this.churn.act();
      await this.settle();
    }
    this.environment.advance(stepMs);
    await this.settle();
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let busy = true; busy; ) {
      this.environment.runDeferred();
      for (let round = 0; round < quietRounds; round++) {
        await new Promise<void>((resolve) => process.nextTick(resolve));
      }
      if (this.#persistence.isBusy) await new Promise<void>((resolve) => setImmediate(resolve));
      busy = this.environment.deferred > 0 || this.#persistence.isBusy || this.churn.sendAnswers();
    }
  }

  async sample(): Promise<Sample> {
    // What has a finalizer goes in the second round.
    for (let round = 0; round < 2; round++) {
      collectGarbage();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    const atMs = performance.now() - this.#startedAt;
    const sample = { atMs, heapMiB: (heapUsed + external) / mebibyte, residentMiB: rss / mebibyte };
    this.samples.push(sample);
    return sample;
  }

  /** Everybody goes, sessions expire, what is retained is cleared; tells what is left then. */
  async rest(): Promise<Tables> {
    this.churn.end();
    await this.settle();
    // What a hook held up begins to expire only when its deadline has passed.
    for (let round = 0; round < afterlives; round++) {
      this.environment.advance(afterlifeMs);
      await this.settle();
    }
    const cleared = this.broker.retained.clear('#');
    await this.settle();
    await cleared;
    return this.tables;
  }

  async close(): Promise<void> {
    const closing = this.broker.close();
    await this.settle();
    // What a client or a hook is given to come to an end passes here, too.
    this.environment.advance(graceMs);
    await this.settle();
    await closing;
  }
}

/** Growth in MiB an hour: the line with the least squares through the samples behind the warm-up. */
export function slopePerHour(samples: readonly Sample[], warmUpMs: number): number {
  const counted = samples.filter(({ atMs }) => atMs >= warmUpMs);
  const mean = (of: (sample: Sample) => number) =>
    counted.reduce((sum, sample) => sum + of(sample), 0) / counted.length;
  const hours = ({ atMs }: Sample) => atMs / 3_600_000;
  const [meanHours, meanHeap] = [mean(hours), mean(({ heapMiB }) => heapMiB)];
  let [above, below] = [0, 0];
  for (const sample of counted) {
    above += (hours(sample) - meanHours) * (sample.heapMiB - meanHeap);
    below += (hours(sample) - meanHours) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
