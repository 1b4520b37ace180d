const initialSlots = 8;
const shardBits = 8;
const shards = 1 << shardBits;

/** What is under a handle, as far as a table has to know. */
export interface Handles<Key> {
  hash(key: Key): number;
  has(handle: number, key: Key): boolean;
}

/**
 * Key to handle, where the key can be read from what lies under the handle: open addressing in typed arrays. There are
 * many small tables, since one that grows moves all it holds in one go.
 *
 *     | hash | handle + 1 | 0 | 0 | ...        0: a free slot
 */
export class HandleTable<Key> {
  readonly #handles: Handles<Key>;
  readonly #shards: (Shard | undefined)[] = [];
  #size = 0;

  constructor(handles: Handles<Key>) {
    this.#handles = handles;
  }

  get size(): number {
    return this.#size;
  }

  get(key: Key): number | undefined {
    const hash = this.#handles.hash(key);
    const shard = this.#shards[hash & (shards - 1)];
    if (shard === undefined) return undefined;
    const slot = this.#locate(shard, hash, key);
    const found = shard.slots[slot * 2 + 1] as number;
    return found === 0 ? undefined : found - 1;
  }

  /** Puts a handle in the place of the one that the key has, if any; returns that one. */
  set(key: Key, handle: number): number | undefined {
    const hash = this.#handles.hash(key);
    const shard = this.#shardOf(hash);
    const at = this.#locate(shard, hash, key) * 2;
    const before = shard.slots[at + 1] as number;
    shard.slots[at] = hash;
    shard.slots[at + 1] = handle + 1;
    if (before !== 0) return before - 1;
    this.#size++;
    shard.added();
    return undefined;
  }

  /** Forgets a key; returns the handle that it had. */
  delete(key: Key): number | undefined {
    const hash = this.#handles.hash(key);
    const shard = this.#shards[hash & (shards - 1)];
    if (shard === undefined) return undefined;
    const slot = this.#locate(shard, hash, key);
    const found = shard.slots[slot * 2 + 1] as number;
    if (found === 0) return undefined;
    shard.vacate(slot);
    this.#size--;
    if (shard.size === 0) this.#shards[hash & (shards - 1)] = undefined;
    return found - 1;
  }

  *values(): IterableIterator<number> {
    for (const shard of this.#shards) {
      if (shard === undefined) continue;
      const { slots } = shard;
      for (let at = 1; at < slots.length; at += 2) {
        if (slots[at] !== 0) yield (slots[at] as number) - 1;
      }
    }
  }

  /** The slot of a key, or the free one where it belongs. */
  #locate({ slots, mask }: Shard, hash: number, key: Key): number {
    let slot = (hash >>> shardBits) & mask;
    for (;;) {
      const found = slots[slot * 2 + 1] as number;
      if (found === 0) return slot;
      if (slots[slot * 2] === hash >>> 0 && this.#handles.has(found - 1, key)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #shardOf(hash: number): Shard {
    const index = hash & (shards - 1);
    let shard = this.#shards[index];
    if (shard === undefined) {
      shard = new Shard();
      this.#shards[index] = shard;
    }
    return shard;
  }
}

class Shard {
  slots = new Uint32Array(initialSlots * 2);
  mask: number = initialSlots - 1;
  size = 0;

  added(): void {
    this.size++;
    // At most three quarters full.
    if (this.size * 4 > (this.mask + 1) * 3) this.#resize((this.mask + 1) * 2);
  }

  /** Frees a slot. Later ones of the same run move up, unless they would then lie before their home. */
  vacate(gap: number): void {
    const { slots, mask } = this;
    let free = gap;
    for (let slot = (free + 1) & mask; slots[slot * 2 + 1] !== 0; slot = (slot + 1) & mask) {
      const home = ((slots[slot * 2] as number) >>> shardBits) & mask;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      slots.copyWithin(free * 2, slot * 2, slot * 2 + 2);
      free = slot;
    }
    slots.fill(0, free * 2, free * 2 + 2);
    this.size--;
  }

  #resize(slots: number): void {
    const old = this.slots;
    this.slots = new Uint32Array(slots * 2);
    this.mask = slots - 1;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] === 0) continue;
      let slot = ((old[at] as number) >>> shardBits) & this.mask;
      while (this.slots[slot * 2 + 1] !== 0) slot = (slot + 1) & this.mask;
      this.slots.set(old.subarray(at, at + 2), slot * 2);
    }
  }
}
