interface Window {
  failures: number;
  /** In milliseconds of the same clock as `now`. */
  readonly endsAt: number;
}

/** Counts failures under names that peers choose: each name has a window of time, which its first failure opens. */
export class FailureWindows {
  readonly #maxFailures: number;
  readonly #windowMs: number;
  readonly #maxNames: number;
  /** In the order in which they opened, which is that in which they end. */
  readonly #windows = new Map<string, Window>();

  constructor(maxFailures: number, windowMs: number, maxNames: number) {
    this.#maxFailures = maxFailures;
    this.#windowMs = windowMs;
    this.#maxNames = maxNames;
  }

  /** Whether a name has failed as often as it may, for now. */
  isFull(name: string, now: number): boolean {
    const window = this.#windows.get(name);
    return window !== undefined && now < window.endsAt && window.failures >= this.#maxFailures;
  }

  count(name: string, now: number): void {
    const window = this.#windows.get(name);
    if (window !== undefined && now < window.endsAt) {
      window.failures += 1;
      return;
    }
    this.#windows.delete(name);
    this.#makeRoom(now);
    this.#windows.set(name, { failures: 1, endsAt: now + this.#windowMs });
  }

  forget(name: string): void {
    this.#windows.delete(name);
  }

  get size(): number {
    return this.#windows.size;
  }

  /** Drops what is over; where that is nothing, the window that ends first. */
  #makeRoom(now: number): void {
    for (const [name, { endsAt }] of this.#windows) {
      if (now < endsAt && this.#windows.size < this.#maxNames) return;
      this.#windows.delete(name);
    }
  }
}
