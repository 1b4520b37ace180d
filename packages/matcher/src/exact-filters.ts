import { collect, excluding, holds, including, type Slot } from './slot.ts';

/**
 * A Map that grows moves all it holds in one go, which takes 50 ms from half a million entries to a million and
 * doubles from there; at 2^24 entries a Map of V8 ends.
 */
const defaultMaxPerMap = 2 ** 20;

/** The filters without wildcards, which match by being equal: in a Map, and in the next one when that is full. */
export class ExactFilters<Value> {
  readonly #maxPerMap: number;
  readonly #maps: Map<string, Slot<Value>>[] = [new Map()];

  constructor(maxPerMap: number = defaultMaxPerMap) {
    this.#maxPerMap = maxPerMap;
  }

  /** How many filters there are. */
  get size(): number {
    return this.#maps.reduce((sum, map) => sum + map.size, 0);
  }

  /** How many Maps hold them. */
  get maps(): number {
    return this.#maps.length;
  }

  /** False when the pair was there already. */
  add(filter: string, value: Value): boolean {
    for (const map of this.#maps) {
      const slot = map.get(filter);
      if (slot === undefined) continue;
      if (holds(slot, value)) return false;
      map.set(filter, including(slot, value));
      return true;
    }
    this.#mapWithRoom().set(filter, including(undefined, value));
    return true;
  }

  /** False when the pair was not there. */
  remove(filter: string, value: Value): boolean {
    const index = this.#maps.findIndex((each) => each.has(filter));
    const map = this.#maps[index];
    const slot = map?.get(filter);
    if (map === undefined || !holds(slot, value)) return false;
    const rest = excluding(slot, value);
    if (rest !== undefined) map.set(filter, rest);
    else map.delete(filter);
    if (map.size === 0 && this.#maps.length > 1) this.#maps.splice(index, 1);
    return true;
  }

  /** Appends the values of the filter that equals the topic. */
  match(topic: string, into: Value[]): void {
    for (let i = 0; i < this.#maps.length; i++) {
      const slot = this.#maps[i]?.get(topic);
      if (slot !== undefined) {
        collect(slot, into);
        return;
      }
    }
  }

  #mapWithRoom(): Map<string, Slot<Value>> {
    let map = this.#maps.find((each) => each.size < this.#maxPerMap);
    if (map === undefined) {
      map = new Map();
      this.#maps.push(map);
    }
    return map;
  }
}
