import type { GrowingTable } from './hash-directory.ts';

/** The hash of the name that has this number. */
type HashOf = (id: number) => number;

/** Some numbers of names, by the hashes of the names: open addressing. 0: a free slot. */
export class NameTable implements GrowingTable<NameTable> {
  /** A power of two. */
  slots: Int32Array;
  readonly #hashOf: HashOf;
  #size = 0;

  constructor(slotCount: number, hashOf: HashOf) {
    this.slots = new Int32Array(slotCount);
    this.#hashOf = hashOf;
  }

  get slotCount(): number {
    return this.slots.length;
  }

  /** Whether two thirds are in use. */
  get isFull(): boolean {
    return (this.#size + 1) * 3 > this.slots.length * 2;
  }

  /** Adds a number that is not there yet. The table must not be full. */
  add(hash: number, id: number): void {
    const slots = this.slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = id;
    this.#size++;
  }

  /** Removes a number that is there. Later ones of the same run move up, unless they would then lie before their home. */
  delete(hash: number, id: number): void {
    const hashOf = this.#hashOf;
    const slots = this.slots;
    const mask = slots.length - 1;
    let free = hash & mask;
    while (slots[free] !== id) free = (free + 1) & mask;
    for (let slot = (free + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = hashOf(slots[slot] as number) & mask;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      slots[free] = slots[slot] as number;
      free = slot;
    }
    slots[free] = 0;
    this.#size--;
  }

  grow(): void {
    const larger = new NameTable(this.slots.length * 2, this.#hashOf);
    this.#copyTo(larger, larger, 0);
    this.slots = larger.slots;
  }

  divided(bit: number): [NameTable, NameTable] {
    const first = new NameTable(this.slots.length, this.#hashOf);
    const second = new NameTable(this.slots.length, this.#hashOf);
    this.#copyTo(first, second, bit);
    return [first, second];
  }

  #copyTo(first: NameTable, second: NameTable, bit: number): void {
    const slots = this.slots;
    for (let slot = 0; slot < slots.length; slot++) {
      const id = slots[slot] as number;
      if (id === 0) continue;
      const hash = this.#hashOf(id);
      const table = (hash & bit) === 0 ? first : second;
      table.add(hash, id);
    }
  }
}
