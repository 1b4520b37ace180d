// The one file of this package that touches the outside world's time.

/** Where limits get their time and timers from; a broker's `Environment` is one. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. It may jump. */
  now(): number;
  /** Milliseconds from some moment on; never goes back. */
  monotonic(): number;
  /** Calls back once, after at least about `delayMs`. */
  setTimer(callback: () => void, delayMs: number): unknown;
  clearTimer(timer: unknown): void;
}

/** The time of the running process. */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (callback: () => void, delayMs: number): unknown => setTimeout(callback, delayMs),
  clearTimer: (timer: unknown): void => clearTimeout(timer as NodeJS.Timeout),
});
