import { pageBits, pageMask } from './record-pages.ts';

/** Something for each number from 1 on, in pages: a page that is added moves none of the others. */
export class Pages<Item> {
  readonly #pages: (Item | undefined)[][] = [[undefined]];

  get(number: number): Item | undefined {
    return this.#pages[number >>> pageBits]?.[number & pageMask];
  }

  /** Sets that of a number that was set before, or of the one that follows the last. */
  set(number: number, item: Item | undefined): void {
    const page = this.#pages[number >>> pageBits];
    if (page !== undefined) page[number & pageMask] = item;
    else this.#pages.push([item]);
  }
}
