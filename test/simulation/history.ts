import { describeTime } from './describe.ts';

/** What a history came to: what it broke, which interesting states it met, and a hash of everything that was sent. */
export class History {
  /** Rules that were broken, in order; the first one counts. */
  readonly violations: string[] = [];
  /** Named states to how often they were met. */
  readonly reached: Map<string, number> = new Map();
  readonly #clock: { readonly now: number };
  readonly #write: ((line: string) => void) | undefined;
  #low = 0x811c9dc5;
  #high = 0x1b873593;

  constructor(clock: { readonly now: number }, write: ((line: string) => void) | undefined) {
    this.#clock = clock;
    this.#write = write;
  }

  get hash(): string {
    const parts = [this.#high, this.#low];
    return parts.map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('');
  }

  violate(rule: string, text: string): void {
    const violation = `${rule}: ${text}`;
    this.violations.push(violation);
    this.trace(() => `*** ${violation}`);
  }

  reach(state: string): void {
    this.reached.set(state, (this.reached.get(state) ?? 0) + 1);
  }

  /** Something that a person wants to read; made only for one who does. */
  trace(text: () => string): void {
    if (this.#write === undefined) return;
    this.#write(`${describeTime(this.#clock.now)}  ${text()}`);
  }

  /** Bytes that passed a wire, and when. */
  mark(wire: number, bytes: Uint8Array): void {
    let low = this.#low ^ wire;
    let high = this.#high ^ Math.floor(this.#clock.now);
    for (let index = 0; index < bytes.length; index++) {
      low = Math.imul(low ^ (bytes[index] as number), 0x01000193);
      high = Math.imul(high ^ low, 0x85ebca6b) ^ (high >>> 15);
    }
    this.#low = Math.imul(low, 0x01000193);
    this.#high = Math.imul(high ^ bytes.length, 0x85ebca6b);
  }
}
