const initialSlots = 8;

/** What lies under a handle, as far as a table has to know. */
export interface Handles<Key> {
  /** An integer of 32 bits, not negative. */
  hash(key: Key): number;
  has(handle: number, key: Key): boolean;
}

/**
 * Key to handle, where the key can be read from what lies under the handle: open addressing in one typed array. One
 * that grows or shrinks moves all it holds in one go.
 *
 *     | hash | handle + 1 | 0 | 0 | ...        0: a free slot
 */
export class SlotTable<Key> {
  readonly #handles: Handles<Key>;
  #slots = new Uint32Array(initialSlots * 2);
  #mask: number = initialSlots - 1;
  #size = 0;

  constructor(handles: Handles<Key>) {
    this.#handles = handles;
  }

  get size(): number {
    return this.#size;
  }

  get(key: Key, hash: number = this.#handles.hash(key)): number | undefined {
    const found = this.#slots[this.#locate(key, hash) * 2 + 1] as number;
    return found === 0 ? undefined : found - 1;
  }

  /** Puts a handle in the place of the one that the key has, if any; returns that one. */
  set(key: Key, handle: number, hash: number = this.#handles.hash(key)): number | undefined {
    const at = this.#locate(key, hash) * 2;
    const before = this.#slots[at + 1] as number;
    this.#slots[at] = hash;
    this.#slots[at + 1] = handle + 1;
    if (before !== 0) return before - 1;
    this.#size++;
    // At most three quarters full.
    if (this.#size * 4 > (this.#mask + 1) * 3) this.#resize((this.#mask + 1) * 2);
    return undefined;
  }

  /** Forgets a key; returns the handle that it had. */
  delete(key: Key, hash: number = this.#handles.hash(key)): number | undefined {
    const slot = this.#locate(key, hash);
    const found = this.#slots[slot * 2 + 1] as number;
    if (found === 0) return undefined;
    this.#vacate(slot);
    this.#size--;
    const slots = this.#mask + 1;
    if (slots > initialSlots && this.#size * 8 < slots) this.#resize(slots / 2);
    return found - 1;
  }

  *values(): IterableIterator<number> {
    const slots = this.#slots;
    for (let at = 1; at < slots.length; at += 2) {
      if (slots[at] !== 0) yield (slots[at] as number) - 1;
    }
  }

  /** Gives each handle the one that is at its place. */
  renumber(places: { readonly [handle: number]: number }): void {
    const slots = this.#slots;
    for (let at = 1; at < slots.length; at += 2) {
      if (slots[at] !== 0) slots[at] = (places[(slots[at] as number) - 1] as number) + 1;
    }
  }

  /** The slot of a key, or the free one where it belongs. */
  #locate(key: Key, hash: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = home(hash, mask);
    for (;;) {
      const found = slots[slot * 2 + 1] as number;
      if (found === 0) return slot;
      if (slots[slot * 2] === hash && this.#handles.has(found - 1, key)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** Frees a slot. Later ones of the same run move up, unless they would then lie before their home. */
  #vacate(gap: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let free = gap;
    for (let slot = (free + 1) & mask; slots[slot * 2 + 1] !== 0; slot = (slot + 1) & mask) {
      const from = home(slots[slot * 2] as number, mask);
      if (((slot - from) & mask) < ((slot - free) & mask)) continue;
      slots.copyWithin(free * 2, slot * 2, slot * 2 + 2);
      free = slot;
    }
    slots.fill(0, free * 2, free * 2 + 2);
  }

  #resize(count: number): void {
    const slots = new Uint32Array(count * 2);
    const mask = count - 1;
    const old = this.#slots;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] === 0) continue;
      let slot = home(old[at] as number, mask);
      while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
      slots[slot * 2] = old[at] as number;
      slots[slot * 2 + 1] = old[at + 1] as number;
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

/** The lowest bits may have chosen the table. */
function home(hash: number, mask: number): number {
  return (hash >>> 8) & mask;
}
