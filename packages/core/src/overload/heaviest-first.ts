/** Something that is heavier than others. */
interface Weighed {
  readonly bytes: number;
}

// Sorting so many takes a tenth of a millisecond or two.
const maxSorted = 1_000;

/**
 * The heaviest come first: exactly where they are few, to within a factor of two where there are many, since sorting a
 * hundred thousand would hold the event loop for some 50 ms.
 */
export class HeaviestFirst<Item extends Weighed> {
  /** Of all of them. */
  bytes = 0;
  /** By the power of two that the weight lies above. */
  readonly #buckets: Item[][] = [];

  /** Adds one of at least 1 byte. */
  add(item: Item): void {
    this.bytes += item.bytes;
    const power = Math.floor(Math.log2(item.bytes));
    this.#buckets[power] ??= [];
    this.#buckets[power].push(item);
  }

  *[Symbol.iterator](): IterableIterator<Item> {
    for (let power = this.#buckets.length - 1; power >= 0; power--) {
      const bucket = this.#buckets[power] ?? [];
      if (bucket.length <= maxSorted) bucket.sort((one, other) => other.bytes - one.bytes);
      yield* bucket;
    }
  }
}
