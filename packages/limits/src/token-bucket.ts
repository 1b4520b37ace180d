/** How much may happen: `capacity` at once, and one more for each `msPerToken` that passes. */
export interface Rate {
  readonly capacity: number;
  readonly msPerToken: number;
  /** Milliseconds that a bucket may be in debt at most. */
  readonly maxDebtMs: number;
}

/** Counts tokens that come back with time, in one number: the moment at which it is full again. */
export class TokenBucket {
  readonly #rate: Rate;
  #fullAt = 0;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /**
   * Milliseconds until there are as many tokens; 0 when they are there. More than the bucket can hold is there when
   * it is full.
   */
  waitMs(tokens: number, now: number): number {
    const { capacity, msPerToken } = this.#rate;
    const spare = tokens < capacity ? (capacity - tokens) * msPerToken : 0;
    const wait = this.#fullAt - now - spare;
    // A rounding error is no time to wait for.
    return wait > 1e-6 ? wait : 0;
  }

  /** Takes tokens, also where it has not as many: then it is in debt. */
  take(tokens: number, now: number): void {
    const { capacity, msPerToken, maxDebtMs } = this.#rate;
    const from = Math.max(this.#fullAt, now);
    const latest = now + capacity * msPerToken + maxDebtMs;
    const fullAt = from + tokens * msPerToken;
    this.#fullAt = Math.min(fullAt, latest);
  }

  /** Whether forgetting it would change nothing. */
  isFull(now: number): boolean {
    return this.#fullAt <= now;
  }
}
