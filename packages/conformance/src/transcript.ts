import { toHex } from './bytes.ts';

const maxLines = 200;

/** What was exchanged with the broker in one run of a case, in the order in which it was seen. */
export class Transcript {
  readonly #lines: string[] = [];
  readonly #start: number = performance.now();

  sent(label: string, content: Uint8Array): void {
    this.#add(`${label} > ${toHex(content)}`);
  }

  received(label: string, content: Uint8Array): void {
    this.#add(`${label} < ${toHex(content)}`);
  }

  note(label: string, what: string): void {
    this.#add(`${label} : ${what}`);
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  #add(line: string): void {
    if (this.#lines.length > maxLines) return;
    const ms = Math.round(performance.now() - this.#start);
    const isLast = this.#lines.length === maxLines;
    this.#lines.push(isLast ? '...' : `${String(ms).padStart(6)} ms  ${line}`);
  }
}
