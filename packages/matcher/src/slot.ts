import { Positions } from './positions.ts';

/** What is stored under one filter: nothing, the value itself when it is alone, or a set made here. */
export type Slot<Value> = Value | ValueSet<Value> | undefined;

/** Up to here a scan of the array is as quick as a lookup, and needs no memory. */
const maxScanned = 16;

/** Of more, room is made once: an array that is pushed to moves as often as it grows, which takes milliseconds at 100,000. */
const maxPushed = 1_000;

/** Values in an array, for the sake of matching, and above `maxScanned` with their positions, for that of changes. */
class ValueSet<Value> {
  readonly values: Value[] = [];
  #positions: Positions<Value> | undefined;

  has(value: Value): boolean {
    if (this.#positions === undefined) return this.values.includes(value);
    return this.#positions.get(value) !== undefined;
  }

  add(value: Value): void {
    this.#positions?.set(value, this.values.length);
    this.values.push(value);
    if (this.#positions === undefined && this.values.length > maxScanned) {
      this.#positions = new Positions();
      for (const [position, each] of this.values.entries()) this.#positions.set(each, position);
    }
  }

  remove(value: Value): void {
    const position = this.#positions?.get(value) ?? this.values.indexOf(value);
    const last = this.values.pop() as Value;
    if (position < this.values.length) {
      this.values[position] = last;
      this.#positions?.set(last, position);
    }
    this.#positions?.delete(value);
    if (this.values.length <= maxScanned / 2) this.#positions = undefined;
  }
}

export function holds<Value>(slot: Slot<Value>, value: Value): boolean {
  if (slot instanceof ValueSet) return slot.has(value);
  return slot !== undefined && slot === value;
}

/** The slot with a value that it does not hold yet. */
export function including<Value>(slot: Slot<Value>, value: Value): Slot<Value> {
  // A value that is undefined could not be told from an empty slot.
  if (slot === undefined && value !== undefined) return value;
  const set = slot instanceof ValueSet ? slot : new ValueSet<Value>();
  if (slot !== undefined && set !== slot) set.add(slot as Value);
  set.add(value);
  return set;
}

/** The slot without a value that it holds. */
export function excluding<Value>(slot: Slot<Value>, value: Value): Slot<Value> {
  if (!(slot instanceof ValueSet)) return undefined;
  slot.remove(value);
  return slot.values.length === 0 ? undefined : slot;
}

/** Appends what the slot holds. */
export function collect<Value>(slot: Slot<Value>, into: Value[]): void {
  if (slot === undefined) return;
  if (!(slot instanceof ValueSet)) {
    into.push(slot);
    return;
  }
  const values = slot.values;
  if (values.length <= maxPushed) {
    for (let i = 0; i < values.length; i++) into.push(values[i] as Value);
    return;
  }
  const from = into.length;
  into.length = from + values.length;
  for (let i = 0; i < values.length; i++) into[from + i] = values[i] as Value;
}
