const smallest = 8;
// A ring may be as large as this, or hold as many values as one in so many places.
const smallestSparse = 1_024;
const placesPerValue = 8;

/**
 * Values by consecutive sequence numbers, of which the oldest leave first, with holes where one left early.
 *
 *     values   | . | b | c |   | e | f | . | . |
 *                    ^                   ^
 *                  first                end        sequence & mask is the place
 *
 * Where the first one stays for long while others come and go, they come to lie far apart: a Map has them then.
 */
export class SequenceRing<Value> {
  #values: (Value | undefined)[] = [];
  #sparse: Map<number, Value> | undefined;
  #first = 0;
  #end = 0;
  #size = 0;

  /** Lowest sequence that may have a value. */
  get first(): number {
    return this.#first;
  }

  /** Sequence of the next value. */
  get end(): number {
    return this.#end;
  }

  /** Number of values, holes not counted. */
  get size(): number {
    return this.#size;
  }

  get(sequence: number): Value | undefined {
    if (this.#sparse !== undefined) return this.#sparse.get(sequence);
    if (sequence < this.#first || sequence >= this.#end) return undefined;
    return this.#values[sequence & (this.#values.length - 1)];
  }

  /** Puts a value at a new sequence: `end` or, leaving holes, above it. */
  set(sequence: number, value: Value): void {
    if (this.#first === this.#end) this.#first = sequence;
    const span = sequence + 1 - this.#first;
    if (this.#sparse === undefined && span > this.#values.length) this.#grow(span);
    this.#end = sequence + 1;
    if (this.#sparse === undefined) this.#values[sequence & (this.#values.length - 1)] = value;
    else this.#sparse.set(sequence, value);
    this.#size++;
  }

  /** Takes a value that is there out, and moves `first` over what is empty. */
  delete(sequence: number): void {
    this.#size--;
    if (this.#sparse !== undefined) {
      this.#sparse.delete(sequence);
      if (sequence === this.#first) this.#first = this.next(sequence);
      if (this.#size === 0) this.reset(this.#end);
      return;
    }
    const mask = this.#values.length - 1;
    this.#values[sequence & mask] = undefined;
    while (this.#first < this.#end && this.#values[this.#first & mask] === undefined) this.#first++;
  }

  /** The lowest sequence from this one on that has a value; `end` where there is none. */
  next(sequence: number): number {
    if (this.#sparse !== undefined) {
      for (const one of this.#sparse.keys()) if (one >= sequence) return one;
      return this.#end;
    }
    let next = Math.max(sequence, this.#first);
    while (next < this.#end && this.get(next) === undefined) next++;
    return next;
  }

  /** Values from a sequence on, in order. */
  *from(sequence: number): IterableIterator<Value> {
    // The last few are asked for one by one.
    if (this.#sparse !== undefined && this.#end - sequence > this.#size) {
      for (const [one, value] of this.#sparse) if (one >= sequence) yield value;
      return;
    }
    for (let one = Math.max(sequence, this.#first); one < this.#end; one++) {
      const value = this.get(one);
      if (value !== undefined) yield value;
    }
  }

  /** Forgets everything and goes on at a sequence. */
  reset(sequence: number): void {
    this.#values = [];
    this.#sparse = undefined;
    this.#first = sequence;
    this.#end = sequence;
    this.#size = 0;
  }

  #grow(span: number): void {
    const old = this.#values;
    let capacity = Math.max(smallest, old.length * 2);
    while (capacity < span) capacity *= 2;
    if (capacity > Math.max(smallestSparse, placesPerValue * this.#size)) {
      this.#spread();
      return;
    }
    this.#values = new Array(capacity).fill(undefined);
    for (let sequence = this.#first; sequence < this.#end; sequence++) {
      const value = old.length === 0 ? undefined : old[sequence & (old.length - 1)];
      if (sequence - this.#first < old.length) this.#values[sequence & (capacity - 1)] = value;
    }
  }

  #spread(): void {
    const sparse = new Map<number, Value>();
    for (let sequence = this.#first; sequence < this.#end; sequence++) {
      const value = this.get(sequence);
      if (value !== undefined) sparse.set(sequence, value);
    }
    this.#sparse = sparse;
    this.#values = [];
  }
}
