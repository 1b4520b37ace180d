import { createEnvironment, type Environment } from '@sluice/core';

interface Timer {
  readonly callback: () => void;
  /** Milliseconds of this clock. */
  readonly at: number;
  handle: unknown;
}

/** The environment of a process, whose time can leap: so that what is due in hours is due at once. */
export class LeapingClock {
  readonly environment: Environment;
  readonly #real: Environment = createEnvironment();
  readonly #timers: Set<Timer> = new Set();
  #aheadMs = 0;

  constructor() {
    this.environment = {
      ...this.#real,
      now: () => this.#real.now() + this.#aheadMs,
      monotonic: () => this.#real.monotonic() + this.#aheadMs,
      setTimer: (callback, delayMs) => {
        const timer = { callback, at: this.environment.monotonic() + delayMs, handle: undefined };
        this.#timers.add(timer);
        this.#start(timer);
        return timer;
      },
      clearTimer: (timer) => this.#stop(timer as Timer),
    };
  }

  leap(ms: number): void {
    this.#aheadMs += ms;
    for (const timer of this.#timers) {
      this.#real.clearTimer(timer.handle);
      this.#start(timer);
    }
  }

  #start(timer: Timer): void {
    const leftMs = Math.max(0, timer.at - this.environment.monotonic());
    timer.handle = this.#real.setTimer(() => {
      this.#timers.delete(timer);
      timer.callback();
    }, leftMs);
  }

  #stop(timer: Timer): void {
    this.#timers.delete(timer);
    this.#real.clearTimer(timer.handle);
  }
}
