const smallest = 8;

/**
 * Values by consecutive sequence numbers, of which the oldest leave first, with holes where one left early.
 *
 *     values   | . | b | c |   | e | f | . | . |
 *                    ^                   ^
 *                  first                end        sequence & mask is the place
 */
export class SequenceRing<Value> {
  #values: (Value | undefined)[] = [];
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
    if (sequence < this.#first || sequence >= this.#end) return undefined;
    return this.#values[sequence & (this.#values.length - 1)];
  }

  /** Puts a value at a new sequence: `end` or, leaving holes, above it. */
  set(sequence: number, value: Value): void {
    if (this.#first === this.#end) this.#first = sequence;
    this.#end = sequence + 1;
    if (this.#end - this.#first > this.#values.length) this.#grow();
    this.#values[sequence & (this.#values.length - 1)] = value;
    this.#size++;
  }

  /** Takes a value that is there out, and moves `first` over what is empty. */
  delete(sequence: number): void {
    const mask = this.#values.length - 1;
    this.#values[sequence & mask] = undefined;
    this.#size--;
    while (this.#first < this.#end && this.#values[this.#first & mask] === undefined) this.#first++;
  }

  /** Forgets everything and goes on at a sequence. */
  reset(sequence: number): void {
    this.#values = [];
    this.#first = sequence;
    this.#end = sequence;
    this.#size = 0;
  }

  #grow(): void {
    const old = this.#values;
    let capacity = Math.max(smallest, old.length * 2);
    while (capacity < this.#end - this.#first) capacity *= 2;
    this.#values = new Array(capacity).fill(undefined);
    // The new end is not filled yet: only what was there is moved.
    for (let sequence = this.#first; sequence < this.#end - 1; sequence++) {
      const value = old.length === 0 ? undefined : old[sequence & (old.length - 1)];
      if (sequence - this.#first < old.length) this.#values[sequence & (capacity - 1)] = value;
    }
  }
}
