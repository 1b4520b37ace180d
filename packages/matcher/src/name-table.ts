import { type GrowingTable, roomIn } from './hash-directory.ts';

const fields = 2;

/**
 * Some numbers of names or filters, by their hashes: open addressing in a typed array. Who looks one up meets no other
 * memory before the hash is the same.
 *
 *     | id, hash | 0, 0 | id, hash | ...      0: a free slot
 */
export class NameTable implements GrowingTable<NameTable> {
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

  get slotCount(): number {
    return this.#mask + 1;
  }

  /** How many bytes are allocated. */
  get bytes(): number {
    return this.#slots.byteLength;
  }

  get isFull(): boolean {
    return this.#size >= this.#room;
  }

  /** The first slot with this hash, or the free one behind all of them. */
  first(hash: number): number {
    return this.#seek(hash & this.#mask, hash);
  }

  /** The slot with this hash that follows, or the free one behind all of them. */
  next(slot: number, hash: number): number {
    return this.#seek((slot + 1) & this.#mask, hash);
  }

  /** The number in a slot; 0 where it is free. */
  idAt(slot: number): number {
    return this.#slots[slot * fields] as number;
  }

  /** Adds a number that is not there yet. The table must not be full. */
  add(hash: number, id: number): void {
    const slots = this.#slots;
    let slot = hash & this.#mask;
    while (slots[slot * fields] !== 0) slot = (slot + 1) & this.#mask;
    slots[slot * fields] = id;
    slots[slot * fields + 1] = hash;
    this.#size++;
  }

  /** Removes a number that is there. Later ones of the same run move up, unless they would then lie before their home. */
  delete(hash: number, id: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let free = hash & mask;
    while (slots[free * fields] !== id) free = (free + 1) & mask;
    for (let slot = (free + 1) & mask; slots[slot * fields] !== 0; slot = (slot + 1) & mask) {
      const at = slot * fields;
      const home = (slots[at + 1] as number) & mask;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      slots.copyWithin(free * fields, at, at + fields);
      free = slot;
    }
    slots.fill(0, free * fields, free * fields + fields);
    this.#size--;
  }

  grow(): void {
    const larger = new NameTable(this.slotCount * 2);
    this.#copyTo(larger, larger, 0);
    this.#slots = larger.#slots;
    this.#mask = larger.#mask;
    this.#room = larger.#room;
  }

  divided(bit: number): [NameTable, NameTable] {
    const first = new NameTable(this.slotCount);
    const second = new NameTable(this.slotCount);
    this.#copyTo(first, second, bit);
    return [first, second];
  }

  #copyTo(first: NameTable, second: NameTable, bit: number): void {
    const slots = this.#slots;
    for (let at = 0; at < slots.length; at += fields) {
      const id = slots[at] as number;
      if (id === 0) continue;
      const hash = slots[at + 1] as number;
      const table = (hash & bit) === 0 ? first : second;
      table.add(hash, id);
    }
  }

  #seek(from: number, hash: number): number {
    const slots = this.#slots;
    let slot = from;
    while (slots[slot * fields] !== 0 && slots[slot * fields + 1] !== hash) {
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }
}
