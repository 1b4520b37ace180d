/** A Map that grows moves all it holds in one go: so many entries take some milliseconds. */
const defaultMaxPerMap = 65_536;

/** Where each value of an array is: in a Map, and in the next one when that is full. */
export class Positions<Value> {
  readonly #maxPerMap: number;
  readonly #maps: Map<Value, number>[] = [new Map()];

  constructor(maxPerMap: number = defaultMaxPerMap) {
    this.#maxPerMap = maxPerMap;
  }

  get(value: Value): number | undefined {
    return this.#mapOf(value)?.get(value);
  }

  set(value: Value, position: number): void {
    (this.#mapOf(value) ?? this.#mapWithRoom()).set(value, position);
  }

  delete(value: Value): void {
    this.#mapOf(value)?.delete(value);
  }

  #mapOf(value: Value): Map<Value, number> | undefined {
    return this.#maps.find((map) => map.has(value));
  }

  #mapWithRoom(): Map<Value, number> {
    let map = this.#maps.find(({ size }) => size < this.#maxPerMap);
    if (map === undefined) {
      map = new Map();
      this.#maps.push(map);
    }
    return map;
  }
}
