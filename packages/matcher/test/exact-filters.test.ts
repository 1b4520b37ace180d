import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactFilters } from '../src/exact-filters.ts';

function found(filters: ExactFilters<string>, topic: string): string[] {
  const into: string[] = [];
  filters.match(topic, into);
  return into;
}

describe('ExactFilters', () => {
  it('finds each filter in however many Maps, and gives empty ones up', () => {
    const filters = new ExactFilters<string>(100);
    const count = 1_000;
    for (let i = 0; i < count; i++) {
      expect(filters.add(`a/${i}`, 'v')).toBe(true);
      expect(filters.add(`a/${i}`, 'v')).toBe(false);
      expect(filters.add(`a/${i >> 1}`, 'w')).toBe(i % 2 === 0);
    }
    expect(filters.size).toBe(count);
    expect(filters.maps).toBe(10);
    for (let i = 0; i < count; i++) {
      expect(found(filters, `a/${i}`)).toEqual(i < count / 2 ? ['v', 'w'] : ['v']);
      expect(found(filters, `b/${i}`)).toEqual([]);
    }
    for (let i = 0; i < count; i++) {
      expect(filters.remove(`a/${i}`, 'v')).toBe(true);
      expect(filters.remove(`a/${i}`, 'v')).toBe(false);
    }
    expect(filters.size).toBe(count / 2);
    expect(filters.maps).toBe(5);
    for (let i = 0; i < count / 2; i++) expect(filters.remove(`a/${i}`, 'w')).toBe(true);
    expect(filters.size).toBe(0);
    expect(filters.maps).toBe(1);
    filters.add('a', 'v');
    expect(found(filters, 'a')).toEqual(['v']);
  });

  it('counts filters, and none once their values are gone', () => {
    const pair = fc.tuple(fc.constantFrom('a', 'b', 'a/b', '', '/'), fc.constantFrom('v', 'w'));
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const filters = new ExactFilters<string>(1);
        for (const [filter, value] of pairs) filters.add(filter, value);
        expect(filters.size).toBe(new Set(pairs.map(([filter]) => filter)).size);
        for (const [filter, value] of pairs) filters.remove(filter, value);
        expect(filters.size).toBe(0);
      }),
      { seed: 1 },
    );
  });
});
