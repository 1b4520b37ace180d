import { memoryUsage } from 'node:process';
import type { BrokerStats, Clock } from '@sluice/plugin';
import { Load } from './load.ts';
import { type LoadOf, loadSpans, loads } from './loads.ts';
import { LoopDelay } from './loop-delay.ts';
import { version } from './version.ts';

/** What the topics are made of, at the moment of the last update. */
export class Reading {
  readonly version: string = version;
  readonly stats: BrokerStats;
  /** Bytes of the heap that are in use, of the whole process. */
  heapBytes = 0;
  heapMaximumBytes = 0;
  readonly loopDelay: LoopDelay = new LoopDelay();
  readonly #clock: Clock;
  readonly #since: number;
  readonly #loads: Map<LoadOf, readonly Load[]> = new Map();
  #updatedAt: number;

  constructor(stats: BrokerStats, clock: Clock) {
    this.stats = stats;
    this.#clock = clock;
    this.#since = clock.monotonic();
    this.#updatedAt = this.#since;
    for (const name of loads.keys()) {
      this.#loads.set(
        name,
        loadSpans.map((minutes) => new Load(minutes)),
      );
    }
  }

  get uptimeSeconds(): number {
    return Math.floor((this.#updatedAt - this.#since) / 1_000);
  }

  /** Of a minute, over one of `loadSpans`. */
  load(name: LoadOf, span: number): number {
    return this.#loads.get(name)?.[span]?.perMinute ?? 0;
  }

  update(): void {
    const now = this.#clock.monotonic();
    const sinceMs = now - this.#updatedAt;
    this.#updatedAt = now;
    this.loopDelay.update();
    this.heapBytes = memoryUsage().heapUsed;
    this.heapMaximumBytes = Math.max(this.heapMaximumBytes, this.heapBytes);
    for (const [name, total] of loads) {
      for (const load of this.#loads.get(name) ?? []) load.update(total(this.stats), sinceMs);
    }
  }
}
