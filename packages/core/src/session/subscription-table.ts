import type { Subscription } from './subscription.ts';

const maxInList = 8;
const none: readonly Subscription[] = Object.freeze([]);

/**
 * The subscriptions of one session by the filter that its client knows. Most sessions have a few: a list of them takes
 * a third of a Map, which counts where a hundred thousand sessions are offline.
 */
export class SubscriptionTable {
  #list = none;
  /** In place of the list, once that was full. */
  #map: Map<string, Subscription> | undefined;

  get size(): number {
    return this.#map?.size ?? this.#list.length;
  }

  get(requested: string): Subscription | undefined {
    if (this.#map !== undefined) return this.#map.get(requested);
    return this.#list.find((subscription) => subscription.requested === requested);
  }

  set(requested: string, subscription: Subscription): void {
    if (this.#map === undefined) this.#list = this.#listWith(requested, subscription);
    else setLast(this.#map, requested, subscription);
    if (this.#list.length <= maxInList) return;
    this.#map = new Map(this.#list.map((listed) => [listed.requested, listed]));
    this.#list = none;
  }

  delete(requested: string): void {
    this.#map?.delete(requested);
    if (this.#list.length > 0) this.#list = this.#list.filter((one) => one.requested !== requested);
  }

  clear(): void {
    this.#list = none;
    this.#map = undefined;
  }

  values(): Iterable<Subscription> {
    return this.#map?.values() ?? this.#list;
  }

  #listWith(requested: string, subscription: Subscription): readonly Subscription[] {
    const others = this.#list.filter((one) => one.requested !== requested);
    // Neither `push` nor a spread, which leave room for sixteen more.
    return others.length === 0 ? [subscription] : others.concat(subscription);
  }
}

/** One that is replaced goes to the end. */
function setLast<Value>(map: Map<string, Value>, key: string, value: Value): void {
  const { size } = map;
  map.set(key, value);
  if (map.size > size) return;
  map.delete(key);
  map.set(key, value);
}
