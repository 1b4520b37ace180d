import { type GrowingTable, roomIn } from './hash-directory.ts';
import { hashPair } from './text-hash.ts';

const fields = 3;

/**
 * Some edges of a trie, (parent, level) to child, all three above 0, each with the hash of its pair: one
 * open-addressing table in a typed array.
 *
 *     | parent level child | 0 0 0 | parent level child | ...      0: a free slot
 */
export class EdgeTable implements GrowingTable<EdgeTable> {
  #slots: Int32Array;
  #mask: number;
  /** How many slots may be in use. */
  #room: number;
  #size = 0;

  /** `slotCount` is a power of two. */
  constructor(slotCount: number) {
    this.#slots = new Int32Array(slotCount * fields);
    this.#mask = slotCount - 1;
    this.#room = roomIn(slotCount);
  }

  get size(): number {
    return this.#size;
  }

  get slotCount(): number {
    return this.#mask + 1;
  }

  get isFull(): boolean {
    return this.#size >= this.#room;
  }

  /** The child, or 0. */
  get(hash: number, parent: number, level: number): number {
    return this.#slots[this.#locate(hash, parent, level) * fields + 2] as number;
  }

  /** Adds an edge that is not there yet. The table must not be full. */
  add(hash: number, parent: number, level: number, child: number): void {
    const slots = this.#slots;
    let slot = hash & this.#mask;
    while (slots[slot * fields] !== 0) slot = (slot + 1) & this.#mask;
    const at = slot * fields;
    slots[at] = parent;
    slots[at + 1] = level;
    slots[at + 2] = child;
    this.#size++;
  }

  /** Removes an edge that is there. */
  delete(hash: number, parent: number, level: number): void {
    const slots = this.#slots;
    let free = this.#locate(hash, parent, level);
    // Later edges of the same run move up into the gap, unless they would then lie before their home.
    for (
      let slot = (free + 1) & this.#mask;
      slots[slot * fields] !== 0;
      slot = (slot + 1) & this.#mask
    ) {
      const at = slot * fields;
      const home = hashPair(slots[at] as number, slots[at + 1] as number) & this.#mask;
      if (((slot - home) & this.#mask) < ((slot - free) & this.#mask)) continue;
      slots.copyWithin(free * fields, at, at + fields);
      free = slot;
    }
    slots.fill(0, free * fields, free * fields + fields);
    this.#size--;
  }

  grow(): void {
    const larger = new EdgeTable(this.slotCount * 2);
    this.#copyTo(larger, larger, 0);
    this.#slots = larger.#slots;
    this.#mask = larger.#mask;
    this.#room = larger.#room;
  }

  divided(bit: number): [EdgeTable, EdgeTable] {
    const first = new EdgeTable(this.slotCount);
    const second = new EdgeTable(this.slotCount);
    this.#copyTo(first, second, bit);
    return [first, second];
  }

  #copyTo(first: EdgeTable, second: EdgeTable, bit: number): void {
    const slots = this.#slots;
    for (let at = 0; at < slots.length; at += fields) {
      const parent = slots[at] as number;
      if (parent === 0) continue;
      const level = slots[at + 1] as number;
      const hash = hashPair(parent, level);
      const table = (hash & bit) === 0 ? first : second;
      table.add(hash, parent, level, slots[at + 2] as number);
    }
  }

  /** The slot of the edge, or the free one where it would be. */
  #locate(hash: number, parent: number, level: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = hash & mask;
    for (;;) {
      const at = slot * fields;
      const found = slots[at];
      if (found === 0 || (found === parent && slots[at + 1] === level)) return slot;
      slot = (slot + 1) & mask;
    }
  }
}
