import { topicMatches } from '@sluice/packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WildcardTrie } from '../src/wildcard-trie.ts';

const level = fc.constantFrom('', 'a', 'b', 'c', '$', '温度', '__proto__');
const topic = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(
    fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 5 }),
    fc.constantFrom([], ['#']),
  )
  .map(([levels, end]) => [...levels, ...end].join('/'));

function found(trie: WildcardTrie<string>, name: string): string[] {
  const into: string[] = [];
  trie.match(name, into);
  return into;
}

function tables(trie: WildcardTrie<string>): unknown {
  return { nodes: trie.nodes, edges: trie.edges, names: trie.names };
}

const empty = { nodes: 0, edges: 0, names: 0 };

describe('WildcardTrie', () => {
  it('finds what the plain rule finds', () => {
    fc.assert(
      fc.property(fc.array(filter), fc.array(topic), (filters, topics) => {
        const trie = new WildcardTrie<string>();
        const distinct = [...new Set(filters)];
        for (const each of filters) trie.add(each, each);
        for (const name of topics) {
          const expected = distinct.filter((each) => topicMatches(each, name));
          expect(found(trie, name).sort()).toEqual(expected.sort());
        }
      }),
      { seed: 1 },
    );
  });

  it('is as it was before once everything that was added is removed, in any order', () => {
    const shuffled = fc
      .array(fc.tuple(filter, fc.constantFrom('v', 'w')))
      .chain((pairs) =>
        fc.tuple(
          fc.constant(pairs),
          fc.shuffledSubarray(pairs, { minLength: pairs.length, maxLength: pairs.length }),
        ),
      );
    fc.assert(
      fc.property(shuffled, fc.boolean(), ([pairs, removals], isShared) => {
        const trie = new WildcardTrie<string>();
        // With a filter that stays, tables are kept and freed nodes are used again.
        if (isShared) trie.add('a/+/stays', 'v');
        const before = tables(trie);
        for (let round = 0; round < 2; round++) {
          const added = new Set<string>();
          for (const [each, value] of pairs) {
            expect(trie.add(each, value)).toBe(!added.has(`${each} ${value}`));
            added.add(`${each} ${value}`);
          }
          for (const [each, value] of removals) {
            expect(trie.remove(each, value)).toBe(added.delete(`${each} ${value}`));
          }
          expect(tables(trie)).toEqual(before);
        }
        if (isShared) expect(found(trie, 'a/b/stays')).toEqual(['v']);
        trie.remove('a/+/stays', 'v');
        expect(tables(trie)).toEqual(empty);
      }),
      { seed: 1 },
    );
  });

  it('has one node for each level that filters do not share', () => {
    const trie = new WildcardTrie<string>();
    trie.add('a/+/b', 'v');
    trie.add('a/+/c', 'v');
    trie.add('a/#', 'v');
    expect(tables(trie)).toEqual({ nodes: 5, edges: 3, names: 3 });
    trie.remove('a/+/b', 'v');
    expect(tables(trie)).toEqual({ nodes: 4, edges: 2, names: 2 });
    trie.remove('a/+/c', 'v');
    expect(tables(trie)).toEqual({ nodes: 2, edges: 1, names: 1 });
  });

  it('adds no node for a removal that finds nothing', () => {
    const trie = new WildcardTrie<string>();
    trie.add('a/+', 'v');
    for (const each of ['a', 'a/+/+', 'b/+', 'a/#', '+', '#', 'a/+/#']) {
      expect(trie.remove(each, 'v')).toBe(false);
    }
    expect(tables(trie)).toEqual({ nodes: 2, edges: 1, names: 1 });
  });
});
