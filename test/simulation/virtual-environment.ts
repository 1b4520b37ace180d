import type { Environment } from '@sluice/core';
import { Dice, seedOf } from './dice.ts';
import type { Plan } from './plan.ts';
import type { Moment, Timeline } from './timeline.ts';

const startOfWallClock = Date.UTC(2026, 0, 1);

/** What an environment needs of its world. */
export interface EnvironmentWorld {
  /** Milliseconds by which somebody has set the wall clock forth or back. */
  readonly jumpedMs: number;
  /** Something happens to the broker. */
  touch(): void;
}

/** The environment of one life of the broker. When that ends, nothing of it happens any more. */
export class VirtualEnvironment implements Environment {
  readonly overwritesReads = true;
  readonly #timeline: Timeline;
  readonly #world: EnvironmentWorld;
  readonly #dice: Dice;
  readonly #boot: number;
  readonly #timers: Set<Moment> = new Set();
  #deferred: (() => void)[] = [];
  #ids = 0;
  #dead = false;

  constructor(
    timeline: Timeline,
    world: EnvironmentWorld,
    { seed }: Pick<Plan, 'seed'>,
    boot: number,
  ) {
    this.#timeline = timeline;
    this.#world = world;
    this.#boot = boot;
    this.#dice = new Dice(seedOf(seed, boot));
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Whether something waits for the end of the turn. */
  get hasDeferred(): boolean {
    return this.#deferred.length > 0;
  }

  now(): number {
    return startOfWallClock + Math.floor(this.#timeline.now) + this.#world.jumpedMs;
  }

  monotonic(): number {
    return this.#timeline.now;
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    const timer = this.#timeline.after(delayMs, () => {
      this.#timers.delete(timer);
      if (this.#dead) return;
      this.#world.touch();
      callback();
    });
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.#timeline.cancel(timer as Moment);
    this.#timers.delete(timer as Moment);
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  random(bytes: number): Uint8Array {
    return Uint8Array.from({ length: bytes }, () => this.#dice.below(256));
  }

  newId(): string {
    return `${this.#boot}-${++this.#ids}`;
  }

  /** Ends a turn: what is deferred meanwhile belongs to the next one. */
  endTurn(): void {
    const callbacks = this.#deferred;
    this.#deferred = [];
    for (const callback of callbacks) if (!this.#dead) callback();
  }

  /** The process is gone. */
  die(): void {
    this.#dead = true;
    this.#deferred = [];
    for (const timer of this.#timers) this.#timeline.cancel(timer);
    this.#timers.clear();
  }
}
