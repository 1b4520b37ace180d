import type { Logger } from 'pino';

/** Bounds how many lines peers can cause: past `maxLines` in a second they are counted, and the count is logged. */
export class LogBudget {
  readonly #logger: Logger;
  readonly #maxLines: number;
  readonly #now: () => number;
  #second = 0;
  #lines = 0;
  #skipped = 0;

  constructor(logger: Logger, maxLines: number, now: () => number = Date.now) {
    this.#logger = logger;
    this.#maxLines = maxLines;
    this.#now = now;
  }

  /** Whether one more line may be written. */
  take(): boolean {
    const second = Math.floor(this.#now() / 1_000);
    if (second !== this.#second) {
      if (this.#skipped > 0) this.#logger.warn({ lines: this.#skipped }, 'log lines left out');
      this.#second = second;
      this.#lines = 0;
      this.#skipped = 0;
    }
    if (this.#lines >= this.#maxLines) {
      this.#skipped += 1;
      return false;
    }
    this.#lines += 1;
    return true;
  }
}
