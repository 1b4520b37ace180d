import type { References } from './references.ts';

/** What one commit changes in the counts of references; done at once, and undone if it is not written. */
export class ReferenceChanges {
  readonly #references: References;
  /** Messages that got references, each followed by how many. */
  readonly #added: number[] = [];
  readonly #givenBack: number[] = [];
  /** Messages that may be without a reference in the end: stored just now, or their last one was given back. */
  readonly #touched: number[] = [];

  constructor(references: References) {
    this.#references = references;
  }

  stored(message: number): void {
    this.#touched.push(message);
  }

  add(message: number, times = 1): void {
    this.#references.add(message, times);
    this.#added.push(message, times);
    // Mostly it was stored just before.
    if (times > 0 && this.#touched.at(-1) === message) this.#touched.pop();
  }

  giveBack(message: number): void {
    const left = message === 0 ? undefined : this.#references.remove(message);
    if (left === undefined) return;
    this.#givenBack.push(message);
    if (left === 0) this.#touched.push(message);
  }

  /** Messages that nothing refers to any more. */
  *unreferenced(): IterableIterator<number> {
    for (const message of this.#touched) {
      if (this.#references.count(message) === 0) yield message;
    }
  }

  undo(): void {
    for (const message of this.#givenBack) this.#references.add(message);
    this.#eachAdded((message, times) => this.#references.remove(message, times));
  }

  redo(): void {
    this.#eachAdded((message, times) => this.#references.add(message, times));
    for (const message of this.#givenBack) this.#references.remove(message);
  }

  #eachAdded(change: (message: number, times: number) => void): void {
    const added = this.#added;
    for (let i = 0; i < added.length; i += 2) change(added[i] as number, added[i + 1] as number);
  }
}
