// How many queue entries refer to each stored message. Kept in memory only: bodies and references are written,
// and deleted, in the same batches, so that one scan at start finds the same counts again.
//
// Flat tables with linear probing take 11 to 21 bytes for each message, however far apart the numbers lie, and half
// as much again once some have several references; a Map takes 40 and ends at 16.7 million. They are many small ones, chosen by hash, because the
// growing of a single one with a million entries would stop the event loop for tens of milliseconds.

const shardBits = 8;
const minSlots = 16;

function hashOf(number: number): number {
  const high = Math.floor(number / 0x1_0000_0000);
  let hash = Math.imul(number | 0, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** One open-addressed table. A slot with number 0 is free. */
class Shard {
  #numbers = new Float64Array(minSlots);
  /** Absent as long as each message has one reference, which is the rule where clients have topics of their own. */
  #counts: Uint32Array | undefined;
  size = 0;

  count(number: number, hash: number): number {
    const slot = this.#slotOf(number, hash);
    return this.#numbers[slot] === 0 ? 0 : this.#countAt(slot);
  }

  add(number: number, hash: number): void {
    const slot = this.#slotOf(number, hash);
    if (this.#numbers[slot] !== 0) {
      this.#counts ??= new Uint32Array(this.#numbers.length).fill(1);
      this.#counts[slot] = this.#countAt(slot) + 1;
      return;
    }
    this.#numbers[slot] = number;
    if (this.#counts !== undefined) this.#counts[slot] = 1;
    this.size++;
    if (this.size * 4 > this.#numbers.length * 3) this.#resize(this.#numbers.length * 2);
  }

  remove(number: number, hash: number): void {
    const slot = this.#slotOf(number, hash);
    if (this.#numbers[slot] === 0) return;
    const count = this.#countAt(slot);
    if (count > 1) {
      if (this.#counts !== undefined) this.#counts[slot] = count - 1;
      return;
    }
    this.#closeGap(slot);
    this.size--;
    if (this.#numbers.length > minSlots && this.size * 8 < this.#numbers.length) {
      this.#resize(this.#numbers.length / 2);
    }
  }

  #countAt(slot: number): number {
    return this.#counts === undefined ? 1 : (this.#counts[slot] ?? 0);
  }

  /** The slot of the number, or the free one where it belongs. */
  #slotOf(number: number, hash: number): number {
    const numbers = this.#numbers;
    const mask = numbers.length - 1;
    let slot = hash & mask;
    while (numbers[slot] !== 0 && numbers[slot] !== number) slot = (slot + 1) & mask;
    return slot;
  }

  /** Moves later entries of the same run up, so that no search stops at the freed slot too early. */
  #closeGap(freed: number): void {
    const numbers = this.#numbers;
    const mask = numbers.length - 1;
    let gap = freed;
    for (let slot = (gap + 1) & mask; numbers[slot] !== 0; slot = (slot + 1) & mask) {
      const number = numbers[slot] ?? 0;
      const home = hashOf(number) & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      numbers[gap] = number;
      if (this.#counts !== undefined) this.#counts[gap] = this.#countAt(slot);
      gap = slot;
    }
    numbers[gap] = 0;
  }

  #resize(slots: number): void {
    const numbers = this.#numbers;
    const counts = this.#counts;
    this.#numbers = new Float64Array(slots);
    this.#counts = counts === undefined ? undefined : new Uint32Array(slots);
    for (let from = 0; from < numbers.length; from++) {
      const number = numbers[from] ?? 0;
      if (number === 0) continue;
      const slot = this.#slotOf(number, hashOf(number));
      this.#numbers[slot] = number;
      if (this.#counts !== undefined) this.#counts[slot] = counts?.[from] ?? 0;
    }
  }

  *entries(): IterableIterator<[number: number, count: number]> {
    for (let slot = 0; slot < this.#numbers.length; slot++) {
      const number = this.#numbers[slot] ?? 0;
      if (number > 0) yield [number, this.#countAt(slot)];
    }
  }
}

/** Counts queue entries by message number. */
export class References {
  readonly #shards: readonly Shard[] = Array.from({ length: 1 << shardBits }, () => new Shard());

  /** Messages with at least one reference. */
  get size(): number {
    let size = 0;
    for (const shard of this.#shards) size += shard.size;
    return size;
  }

  count(number: number): number {
    const hash = hashOf(number);
    return this.#shardOf(hash).count(number, hash);
  }

  add(number: number): void {
    const hash = hashOf(number);
    this.#shardOf(hash).add(number, hash);
  }

  /** Does nothing for a message without references. */
  remove(number: number): void {
    const hash = hashOf(number);
    this.#shardOf(hash).remove(number, hash);
  }

  *entries(): IterableIterator<[number: number, count: number]> {
    for (const shard of this.#shards) yield* shard.entries();
  }

  #shardOf(hash: number): Shard {
    // The upper bits choose the table, the lower ones the slot in it.
    return this.#shards[hash >>> (32 - shardBits)] as Shard;
  }
}
