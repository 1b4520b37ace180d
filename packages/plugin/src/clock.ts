/** Where a plug-in gets its time and timers from: those of the broker, which a test may let pass as it likes. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. It may jump. */
  now(): number;
  /** Milliseconds from some moment on; never goes back. */
  monotonic(): number;
  /** Calls back once, after at least about `delayMs` (0 to 2^31 - 1). */
  setTimer(callback: () => void, delayMs: number): unknown;
  /** Forgets a timer; one that has fired, too. */
  clearTimer(timer: unknown): void;
}
