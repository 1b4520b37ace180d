import { HashDirectory, tableWithRoom } from './hash-directory.ts';
import { NameTable } from './name-table.ts';
import { Pages } from './pages.ts';
import { collect, excluding, holds, including, type Slot } from './slot.ts';
import { hashText } from './text-hash.ts';

const initialSlots = 16;

/** Of one table, which takes a fraction of a millisecond to be made two. */
const defaultMaxSlots = 2_048;

/**
 * The filters without wildcards, which match by being equal. Each has a number, from 1 on:
 *
 *     tables     | id, hash | 0, 0 | id, hash | ...     by hash
 *     filters    | sport/tennis | home/hall | ...       by id: the string that came, which the value keeps as well
 *     slots      | value | set of values | ...          by id
 */
export class ExactFilters<Value> {
  readonly #maxSlots: number;
  #directory: HashDirectory<NameTable> = newDirectory();
  #filters: Pages<string> = new Pages();
  #slots: Pages<Slot<Value>> = new Pages();
  /** Numbers of filters that are gone. */
  #free: number[] = [];
  #size = 0;

  constructor(maxSlots: number = defaultMaxSlots) {
    this.#maxSlots = maxSlots;
  }

  /** How many filters there are. */
  get size(): number {
    return this.#size;
  }

  /** How many tables hold them. */
  get tables(): number {
    return this.#directory.tables.length;
  }

  /** False when the pair was there already. */
  add(filter: string, value: Value): boolean {
    const hash = hashOf(filter);
    const id = this.#find(hash, filter) || this.#create(hash, filter);
    const slot = this.#slots.get(id);
    if (holds(slot, value)) return false;
    this.#slots.set(id, including(slot, value));
    return true;
  }

  /** False when the pair was not there. */
  remove(filter: string, value: Value): boolean {
    const hash = hashOf(filter);
    const id = this.#find(hash, filter);
    const slot = this.#slots.get(id);
    if (!holds(slot, value)) return false;
    const rest = excluding(slot, value);
    this.#slots.set(id, rest);
    if (rest === undefined) this.#delete(hash, id);
    return true;
  }

  /** Appends the values of the filter that equals the topic. */
  match(topic: string, into: Value[]): void {
    if (this.#size === 0) return;
    const id = this.#find(hashOf(topic), topic);
    if (id !== 0) collect(this.#slots.get(id), into);
  }

  /** The number of the filter, or 0. */
  #find(hash: number, filter: string): number {
    const table = this.#directory.at(hash);
    for (let slot = table.first(hash); ; slot = table.next(slot, hash)) {
      const id = table.idAt(slot);
      if (id === 0 || this.#filters.get(id) === filter) return id;
    }
  }

  #create(hash: number, filter: string): number {
    const id = this.#free.pop() ?? this.#size + 1;
    tableWithRoom(this.#directory, hash, this.#maxSlots).add(hash, id);
    this.#filters.set(id, filter);
    this.#slots.set(id, undefined);
    this.#size++;
    return id;
  }

  #delete(hash: number, id: number): void {
    this.#directory.at(hash).delete(hash, id);
    this.#filters.set(id, undefined);
    this.#free.push(id);
    this.#size--;
    if (this.#size === 0) this.#startAnew();
  }

  /** Gives back the memory of the many filters there may have been. */
  #startAnew(): void {
    this.#directory = newDirectory();
    this.#filters = new Pages();
    this.#slots = new Pages();
    this.#free = [];
  }
}

function newDirectory(): HashDirectory<NameTable> {
  return new HashDirectory(new NameTable(initialSlots));
}

function hashOf(filter: string): number {
  return hashText(filter, 0, filter.length);
}
