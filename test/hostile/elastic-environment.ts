import { createEnvironment, type Environment } from '../../packages/core/src/index.ts';

interface ElasticTimer {
  readonly at: number;
  readonly callback: () => void;
  handle: unknown;
}

/** The environment of this process, whose clocks a test can move: as who sets the time does, and as a blocked event loop does. */
export class ElasticEnvironment implements Environment {
  readonly #real: Environment = createEnvironment();
  readonly #timers: Set<ElasticTimer> = new Set();
  /** Work that is put off, and not done yet. */
  deferred = 0;
  #jumpedMs = 0;
  #blockedMs = 0;

  now(): number {
    return this.#real.now() + this.#jumpedMs + this.#blockedMs;
  }

  monotonic(): number {
    return this.#real.monotonic() + this.#blockedMs;
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    // What setTimeout does with more than that is never what was meant.
    if (!(delayMs >= 0 && delayMs <= 2 ** 31 - 1))
      throw new RangeError(`no timer of ${delayMs} ms`);
    const timer: ElasticTimer = { at: this.monotonic() + delayMs, callback, handle: undefined };
    this.#timers.add(timer);
    this.#arm(timer);
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.#timers.delete(timer as ElasticTimer);
    this.#real.clearTimer((timer as ElasticTimer | undefined)?.handle);
  }

  defer(callback: () => void): void {
    this.deferred++;
    this.#real.defer(() => {
      this.deferred--;
      callback();
    });
  }

  random(bytes: number): Uint8Array {
    return this.#real.random(bytes);
  }

  newId(): string {
    return this.#real.newId();
  }

  /** Moves the wall clock alone. */
  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  /** Time passes in which nothing ran: every timer that was due meanwhile comes now, before anything is read. */
  block(ms: number): void {
    this.#blockedMs += ms;
    for (const timer of this.#timers) {
      this.#real.clearTimer(timer.handle);
      this.#arm(timer);
    }
  }

  #arm(timer: ElasticTimer): void {
    const delayMs = Math.max(0, timer.at - this.monotonic());
    timer.handle = this.#real.setTimer(() => {
      this.#timers.delete(timer);
      timer.callback();
    }, delayMs);
  }
}
