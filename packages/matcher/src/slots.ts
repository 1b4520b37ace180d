import { pageBits, pageMask } from './record-pages.ts';
import type { Slot } from './slot.ts';

/** Slots by number, in pages: a page that is added moves none of the others. */
export class Slots<Value> {
  readonly #pages: Slot<Value>[][] = [[]];

  get(index: number): Slot<Value> {
    return (this.#pages[index >>> pageBits] as Slot<Value>[])[index & pageMask];
  }

  /** Sets a slot that was set before, or the one that follows the last. */
  set(index: number, slot: Slot<Value>): void {
    const page = this.#pages[index >>> pageBits];
    if (page !== undefined) page[index & pageMask] = slot;
    else this.#pages.push([slot]);
  }
}
