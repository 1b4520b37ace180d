import type { Terminal } from '../terminal.ts';

const everyMs = 100;
/** Where lines stay, in a log. */
const everyMsOffTerminal = 5_000;
const clearLine = '\r\u001b[K';

/** Shows how far a command is on standard error: on a terminal in one line that is gone in the end. */
export class Progress {
  readonly #errors: Terminal['errors'];
  readonly #now: () => number;
  readonly #everyMs: number;
  #shownAt: number;
  #isShown = false;

  constructor(errors: Terminal['errors'], now: () => number = () => performance.now()) {
    this.#errors = errors;
    this.#now = now;
    this.#everyMs = errors.isTTY === true ? everyMs : everyMsOffTerminal;
    // What is done at once needs no progress.
    this.#shownAt = now();
  }

  show(what: string, records: number): void {
    const now = this.#now();
    if (now - this.#shownAt < this.#everyMs) return;
    this.#shownAt = now;
    const text = `${what}: ${records.toLocaleString('en-US')} records`;
    if (this.#errors.isTTY === true) {
      this.#isShown = true;
      this.#errors.write(clearLine + text);
    } else {
      this.#errors.write(`${text}\n`);
    }
  }

  end(): void {
    if (this.#isShown) this.#errors.write(clearLine);
    this.#isShown = false;
  }
}
