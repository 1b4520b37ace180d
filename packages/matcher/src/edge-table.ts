import { hashPair } from './text-hash.ts';

const initialSlots = 16;
const fields = 3;

/**
 * The edges of a trie, (parent, level) to child, all three above 0: one open-addressing table in a typed array,
 * so that a million edges are one object to the garbage collector.
 *
 *     | parent level child | 0 0 0 | parent level child | ...      0: a free slot
 */
export class EdgeTable {
  #slots = new Int32Array(initialSlots * fields);
  #mask: number = initialSlots - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The child, or 0. */
  get(parent: number, level: number): number {
    const slots = this.#slots;
    const at = this.#locate(slots, parent, level) * fields;
    return slots[at + 2] as number;
  }

  /** Adds an edge that is not there yet. */
  add(parent: number, level: number, child: number): void {
    // At most two thirds full.
    if ((this.#size + 1) * 3 > (this.#mask + 1) * 2) this.#resize((this.#mask + 1) * 2);
    this.#put(parent, level, child);
    this.#size++;
  }

  /** Removes an edge that is there. */
  delete(parent: number, level: number): void {
    const slots = this.#slots;
    let free = this.#locate(slots, parent, level);
    // Later edges of the same run move up into the gap, unless they would then lie before their home.
    for (
      let slot = (free + 1) & this.#mask;
      slots[slot * fields] !== 0;
      slot = (slot + 1) & this.#mask
    ) {
      const at = slot * fields;
      const home = this.#home(slots[at] as number, slots[at + 1] as number);
      if (((slot - home) & this.#mask) < ((slot - free) & this.#mask)) continue;
      slots.copyWithin(free * fields, at, at + fields);
      free = slot;
    }
    slots.fill(0, free * fields, free * fields + fields);
    this.#size--;
  }

  /** The slot of the edge, or the free one where it belongs. */
  #locate(slots: Int32Array, parent: number, level: number): number {
    let slot = this.#home(parent, level);
    for (;;) {
      const at = slot * fields;
      const found = slots[at];
      if (found === 0 || (found === parent && slots[at + 1] === level)) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #home(parent: number, level: number): number {
    return hashPair(parent, level) & this.#mask;
  }

  #put(parent: number, level: number, child: number): void {
    const at = this.#locate(this.#slots, parent, level) * fields;
    this.#slots[at] = parent;
    this.#slots[at + 1] = level;
    this.#slots[at + 2] = child;
  }

  #resize(slots: number): void {
    const old = this.#slots;
    this.#slots = new Int32Array(slots * fields);
    this.#mask = slots - 1;
    for (let at = 0; at < old.length; at += fields) {
      const parent = old[at] as number;
      if (parent !== 0) this.#put(parent, old[at + 1] as number, old[at + 2] as number);
    }
  }
}
