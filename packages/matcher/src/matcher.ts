import type { Matcher, MatcherFactory } from '@sluice/plugin';
import { ExactFilters } from './exact-filters.ts';
import { WildcardTrie } from './wildcard-trie.ts';

/** Matches topics in a time that depends on their levels and on what matches, not on how many filters there are. */
export class TopicMatcher<Value> implements Matcher<Value> {
  readonly #exact = new ExactFilters<Value>();
  readonly #wildcards = new WildcardTrie<Value>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(filter: string, value: Value): void {
    if (this.#filtersLike(filter).add(filter, value)) this.#size++;
  }

  remove(filter: string, value: Value): boolean {
    const removed = this.#filtersLike(filter).remove(filter, value);
    if (removed) this.#size--;
    return removed;
  }

  match(topic: string, into: Value[]): void {
    this.#exact.match(topic, into);
    this.#wildcards.match(topic, into);
  }

  #filtersLike(filter: string): ExactFilters<Value> | WildcardTrie<Value> {
    return hasWildcard(filter) ? this.#wildcards : this.#exact;
  }
}

/** In a valid filter these two characters are wildcards wherever they are. */
function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

/** What a plug-in provides as the service `matcher`, and what the broker uses when none does. */
export const createMatcher: MatcherFactory = <Value>() => new TopicMatcher<Value>();
