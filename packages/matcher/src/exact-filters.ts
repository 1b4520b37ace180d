import { HashDirectory } from './hash-directory.ts';
import { collect, excluding, holds, including, type Slot } from './slot.ts';
import { hashText } from './text-hash.ts';

/** A Map that grows moves all it holds in one go: a million entries take 50 ms, so many a fraction of one. */
const defaultMaxPerMap = 2_048;

type FilterMap<Value> = Map<string, Slot<Value>>;

/** The filters without wildcards, which match by being equal: in a Map, and in two of them whenever one is full. */
export class ExactFilters<Value> {
  readonly #maxPerMap: number;
  #size = 0;
  /** While there is one Map alone, no filter needs a hash. */
  #only: FilterMap<Value> | undefined;
  #directory: HashDirectory<FilterMap<Value>>;

  constructor(maxPerMap: number = defaultMaxPerMap) {
    this.#maxPerMap = maxPerMap;
    this.#only = new Map();
    this.#directory = new HashDirectory(this.#only);
  }

  /** How many filters there are. */
  get size(): number {
    return this.#size;
  }

  /** How many Maps hold them. */
  get maps(): number {
    return this.#directory.tables.length;
  }

  /** False when the pair was there already. */
  add(filter: string, value: Value): boolean {
    let map = this.#mapOf(filter);
    const slot = map.get(filter);
    if (slot === undefined) {
      map = this.#mapWithRoom(filter, map);
      this.#size++;
    } else if (holds(slot, value)) return false;
    map.set(filter, including(slot, value));
    return true;
  }

  /** False when the pair was not there. */
  remove(filter: string, value: Value): boolean {
    const map = this.#mapOf(filter);
    const slot = map.get(filter);
    if (!holds(slot, value)) return false;
    const rest = excluding(slot, value);
    if (rest !== undefined) {
      map.set(filter, rest);
      return true;
    }
    map.delete(filter);
    this.#size--;
    if (this.#size === 0) this.#startAnew();
    return true;
  }

  /** Appends the values of the filter that equals the topic. */
  match(topic: string, into: Value[]): void {
    const slot = this.#mapOf(topic).get(topic);
    if (slot !== undefined) collect(slot, into);
  }

  #mapOf(filter: string): FilterMap<Value> {
    return this.#only ?? this.#directory.at(hashOf(filter));
  }

  #mapWithRoom(filter: string, map: FilterMap<Value>): FilterMap<Value> {
    if (map.size < this.#maxPerMap || !this.#directory.split(hashOf(filter), divided)) return map;
    this.#only = undefined;
    return this.#mapWithRoom(filter, this.#mapOf(filter));
  }

  /** Gives back the memory of the many filters there may have been. */
  #startAnew(): void {
    this.#only = new Map();
    this.#directory = new HashDirectory(this.#only);
  }
}

function divided<Value>(map: FilterMap<Value>, bit: number): [FilterMap<Value>, FilterMap<Value>] {
  const first: FilterMap<Value> = new Map();
  const second: FilterMap<Value> = new Map();
  for (const [filter, slot] of map) {
    const half = (hashOf(filter) & bit) === 0 ? first : second;
    half.set(filter, slot);
  }
  return [first, second];
}

function hashOf(filter: string): number {
  return hashText(filter, 0, filter.length);
}
