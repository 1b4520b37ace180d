/** Measures the turns of the event loop, by a callback that is run once in each of them. */
export class TurnWatch {
  readonly #turnsMs: number[] = [];
  #last: number = performance.now();
  #running = true;

  constructor() {
    this.#next();
  }

  /** Ends it: milliseconds of the longest turn, of the 99th percentile, and how many there were. */
  stop(): { readonly longestMs: number; readonly p99Ms: number; readonly turns: number } {
    this.#running = false;
    const sorted = this.#turnsMs.toSorted((one, other) => one - other);
    const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
    return { longestMs: sorted.at(-1) ?? 0, p99Ms, turns: sorted.length };
  }

  #next(): void {
    setImmediate(() => {
      const now = performance.now();
      this.#turnsMs.push(now - this.#last);
      this.#last = now;
      if (this.#running) this.#next();
    });
  }
}
