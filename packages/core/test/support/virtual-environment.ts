import type { Environment } from '../../src/base/environment.ts';

interface VirtualTimer {
  readonly at: number;
  readonly callback: () => void;
}

/** Beyond this, callbacks that defer themselves, or timers that set themselves, would hang a test. */
const maxCallbacks = 1_000_000;

/** An environment in which time passes, and deferred callbacks run, only when a test says so. */
export class VirtualEnvironment implements Environment {
  readonly overwritesReads = true;
  readonly #timers: Set<VirtualTimer> = new Set();
  #deferred: (() => void)[] = [];
  #monotonic = 0;
  #wall: number;
  #state: number;
  #ids = 0;

  constructor({
    seed = 1,
    startAt = Date.UTC(2026, 0, 1),
  }: { seed?: number; startAt?: number } = {}) {
    this.#state = seed >>> 0;
    this.#wall = startAt;
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Callbacks that wait for `runDeferred`. */
  get deferred(): number {
    return this.#deferred.length;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    // What setTimeout does with more than that is never what was meant.
    if (!(delayMs >= 0 && delayMs <= 2 ** 31 - 1))
      throw new RangeError(`no timer of ${delayMs} ms`);
    const timer = { at: this.#monotonic + delayMs, callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.#timers.delete(timer as VirtualTimer);
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** Pseudo-random: the same for the same seed. */
  random(bytes: number): Uint8Array {
    return Uint8Array.from({ length: bytes }, () => this.#nextRandom() >>> 24);
  }

  newId(): string {
    return `id-${++this.#ids}`;
  }

  /** Moves the wall clock alone, as an operator or a time server does. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** Runs one turn of deferred callbacks: what they defer runs in the next. */
  runTurn(): void {
    const callbacks = this.#deferred;
    this.#deferred = [];
    for (const callback of callbacks) callback();
  }

  /** Runs deferred callbacks until there are none. */
  runDeferred(): void {
    for (let ran = 0; this.#deferred.length > 0; ran += 1) {
      if (ran > maxCallbacks) throw new Error('deferred callbacks go on for ever');
      this.runTurn();
    }
  }

  /** Lets time pass: timers fire in order at their time, deferred callbacks run before and after each. */
  advance(ms: number): void {
    const until = this.#monotonic + ms;
    for (let ran = 0; ; ran++) {
      if (ran > maxCallbacks) throw new Error('timers go on for ever');
      this.runDeferred();
      const timer = this.#earliest();
      if (timer === undefined || timer.at > until) break;
      this.#timers.delete(timer);
      this.#passTo(timer.at);
      timer.callback();
    }
    this.#passTo(until);
  }

  /** Lets time pass without a chance for timers, as when the event loop is blocked. */
  block(ms: number): void {
    this.#passTo(this.#monotonic + ms);
  }

  #passTo(moment: number): void {
    if (moment <= this.#monotonic) return;
    this.#wall += moment - this.#monotonic;
    this.#monotonic = moment;
  }

  #earliest(): VirtualTimer | undefined {
    let earliest: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (earliest === undefined || timer.at < earliest.at) earliest = timer;
    }
    return earliest;
  }

  // mulberry32
  #nextRandom(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return mixed ^ (mixed >>> 14);
  }
}
