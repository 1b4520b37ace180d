// Flat tables with linear probing take 16 to 32 bytes for each number, where a Map takes 40 and ends at 16.7 million.
// They are many small ones, chosen by hash, because the growing of a single one with a million entries would stop
// the event loop for tens of milliseconds.

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
  #values = new Uint32Array(minSlots);
  #size = 0;

  get(number: number, hash: number): number {
    const slot = this.#slotOf(number, hash);
    return this.#values[slot] as number;
  }

  set(number: number, hash: number, value: number): void {
    const slot = this.#slotOf(number, hash);
    if (this.#numbers[slot] !== 0) {
      if (value !== 0) this.#values[slot] = value;
      else this.#remove(slot);
      return;
    }
    if (value === 0) return;
    this.#numbers[slot] = number;
    this.#values[slot] = value;
    this.#size++;
    if (this.#size * 4 > this.#numbers.length * 3) this.#resize(this.#numbers.length * 2);
  }

  addBits(number: number, hash: number, bits: number): number {
    const slot = this.#slotOf(number, hash);
    const before = this.#values[slot] as number;
    if (before === 0) this.set(number, hash, bits);
    else this.#values[slot] = before | bits;
    return before;
  }

  #remove(slot: number): void {
    this.#closeGap(slot);
    this.#size--;
    if (this.#numbers.length > minSlots && this.#size * 8 < this.#numbers.length) {
      this.#resize(this.#numbers.length / 2);
    }
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
      const number = numbers[slot] as number;
      const home = hashOf(number) & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      numbers[gap] = number;
      this.#values[gap] = this.#values[slot] as number;
      gap = slot;
    }
    numbers[gap] = 0;
    this.#values[gap] = 0;
  }

  #resize(slots: number): void {
    const numbers = this.#numbers;
    const values = this.#values;
    this.#numbers = new Float64Array(slots);
    this.#values = new Uint32Array(slots);
    for (let from = 0; from < numbers.length; from++) {
      const number = numbers[from] as number;
      if (number === 0) continue;
      const slot = this.#slotOf(number, hashOf(number));
      this.#numbers[slot] = number;
      this.#values[slot] = values[from] as number;
    }
  }

  *entries(): IterableIterator<[number: number, value: number]> {
    for (let slot = 0; slot < this.#numbers.length; slot++) {
      const number = this.#numbers[slot] as number;
      if (number > 0) yield [number, this.#values[slot] as number];
    }
  }
}

/** Values of 32 bits by positive numbers; what is not there is 0. */
export class NumberTable {
  readonly #shards: readonly Shard[] = Array.from({ length: 1 << shardBits }, () => new Shard());

  get(number: number): number {
    const hash = hashOf(number);
    return this.#shardOf(hash).get(number, hash);
  }

  set(number: number, value: number): void {
    const hash = hashOf(number);
    this.#shardOf(hash).set(number, hash, value);
  }

  /** Sets bits of a value, one at least, and returns what it was before. */
  addBits(number: number, bits: number): number {
    const hash = hashOf(number);
    return this.#shardOf(hash).addBits(number, hash, bits);
  }

  *entries(): IterableIterator<[number: number, value: number]> {
    for (const shard of this.#shards) yield* shard.entries();
  }

  #shardOf(hash: number): Shard {
    // The upper bits choose the table, the lower ones the slot in it.
    return this.#shards[hash >>> (32 - shardBits)] as Shard;
  }
}
