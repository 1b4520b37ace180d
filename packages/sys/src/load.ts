const minuteMs = 60_000;

/** How much of something comes in a minute, as an average over the last minutes in which what is older counts less. */
export class Load {
  readonly #spanMs: number;
  #perMinute = 0;
  #last = 0;

  /** Of the last `minutes`. */
  constructor(minutes: number) {
    this.#spanMs = minutes * minuteMs;
  }

  get perMinute(): number {
    return this.#perMinute;
  }

  /** A counter has come to `total`, `sinceMs` after the update before. */
  update(total: number, sinceMs: number): void {
    if (sinceMs <= 0) return;
    const now = ((total - this.#last) * minuteMs) / sinceMs;
    const weight = Math.exp(-sinceMs / this.#spanMs);
    this.#perMinute = now + weight * (this.#perMinute - now);
    this.#last = total;
  }
}
