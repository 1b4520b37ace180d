import { NumberTable } from './number-table.ts';

const numbersPerPage = 32;

/**
 * Counts queue entries by message number. Kept in memory only: bodies and references are written, and deleted, in
 * the same batches, so that one scan at start finds the same counts again.
 *
 * Messages of a long queue mostly have neighbouring numbers and one reference each: a bit then, so that a million of
 * them take half a megabyte.
 */
export class References {
  /** By page of numbers, counted from 1: a bit for each number with a reference. */
  readonly #pages = new NumberTable();
  /** References of a message beyond its first. */
  readonly #more = new NumberTable();
  #size = 0;

  /** Messages with at least one reference. */
  get size(): number {
    return this.#size;
  }

  count(number: number): number {
    const page = pageOf(number);
    return this.#pages.get(page) & bitOf(number, page) ? 1 + this.#more.get(number) : 0;
  }

  add(number: number, times = 1): void {
    if (times === 0) return;
    const page = pageOf(number);
    const bit = bitOf(number, page);
    if (this.#pages.addBits(page, bit) & bit) {
      this.#more.set(number, this.#more.get(number) + times);
      return;
    }
    if (times > 1) this.#more.set(number, times - 1);
    this.#size++;
  }

  /** Returns how many are left; undefined for a message without references, of which none is taken. */
  remove(number: number, times = 1): number | undefined {
    const page = pageOf(number);
    const bits = this.#pages.get(page);
    const bit = bitOf(number, page);
    if (!(bits & bit)) return undefined;
    const more = this.#more.get(number);
    if (more >= times) {
      if (times > 0) this.#more.set(number, more - times);
      return 1 + more - times;
    }
    if (times === 0) return 1;
    if (more > 0) this.#more.set(number, 0);
    this.#pages.set(page, (bits & ~bit) >>> 0);
    this.#size--;
    return 0;
  }

  *entries(): IterableIterator<[number: number, count: number]> {
    for (const [page, bits] of this.#pages.entries()) {
      const first = (page - 1) * numbersPerPage;
      for (let number = first; number < first + numbersPerPage; number++) {
        if (bits & bitOf(number, page)) yield [number, 1 + this.#more.get(number)];
      }
    }
  }
}

function pageOf(number: number): number {
  return Math.floor(number / numbersPerPage) + 1;
}

function bitOf(number: number, page: number): number {
  return 1 << (number - (page - 1) * numbersPerPage);
}
