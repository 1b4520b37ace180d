import { type Handles, SlotTable } from './slot-table.ts';

const shards = 256;

/** As a `SlotTable`, but many small ones: growing to a million entries never takes more than a moment. */
export class HandleTable<Key> {
  readonly #handles: Handles<Key>;
  readonly #shards: (SlotTable<Key> | undefined)[] = [];
  #size = 0;

  constructor(handles: Handles<Key>) {
    this.#handles = handles;
  }

  get size(): number {
    return this.#size;
  }

  get(key: Key): number | undefined {
    const hash = this.#handles.hash(key);
    return this.#shards[hash % shards]?.get(key, hash);
  }

  /** Puts a handle in the place of the one that the key has, if any; returns that one. */
  set(key: Key, handle: number): number | undefined {
    const hash = this.#handles.hash(key);
    const index = hash % shards;
    this.#shards[index] ??= new SlotTable(this.#handles);
    const before = this.#shards[index].set(key, handle, hash);
    if (before === undefined) this.#size++;
    return before;
  }

  /** Forgets a key; returns the handle that it had. */
  delete(key: Key): number | undefined {
    const hash = this.#handles.hash(key);
    const before = this.#shards[hash % shards]?.delete(key, hash);
    if (before !== undefined) this.#size--;
    return before;
  }

  *values(): IterableIterator<number> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.values();
  }
}
