import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactFilters } from '../src/exact-filters.ts';

function found(filters: ExactFilters<string>, topic: string): string[] {
  const into: string[] = [];
  filters.match(topic, into);
  return into;
}

describe('ExactFilters', () => {
  it('finds each filter in however many Maps, and gives them up when all is gone', () => {
    const filters = new ExactFilters<string>(100);
    const count = 1_000;
    for (let i = 0; i < count; i++) {
      expect(filters.add(`a/${i}`, 'v')).toBe(true);
      expect(filters.add(`a/${i}`, 'v')).toBe(false);
      expect(filters.add(`a/${i >> 1}`, 'w')).toBe(i % 2 === 0);
    }
    expect(filters.size).toBe(count);
    expect(filters.maps).toBeGreaterThanOrEqual(10);
    expect(filters.maps).toBeLessThan(40);
    for (let i = 0; i < count; i++) {
      expect(found(filters, `a/${i}`)).toEqual(i < count / 2 ? ['v', 'w'] : ['v']);
      expect(found(filters, `b/${i}`)).toEqual([]);
    }
    for (let i = 0; i < count; i++) {
      expect(filters.remove(`a/${i}`, 'v')).toBe(true);
      expect(filters.remove(`a/${i}`, 'v')).toBe(false);
    }
    expect(filters.size).toBe(count / 2);
    for (let i = 0; i < count / 2; i++) expect(filters.remove(`a/${i}`, 'w')).toBe(true);
    expect(filters.size).toBe(0);
    expect(filters.maps).toBe(1);
    filters.add('a', 'v');
    expect(found(filters, 'a')).toEqual(['v']);
  });

  it('finds what a Map would find while its Maps are divided, whatever is added and removed', () => {
    const change = fc.tuple(fc.nat(60), fc.constantFrom('v', 'w'));
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 300 }),
        fc.integer({ min: 1, max: 8 }),
        (changes, maxPerMap) => {
          const filters = new ExactFilters<string>(maxPerMap);
          const model = new Map<string, Set<string>>();
          for (const [number, value] of changes) {
            const filter = `a/${number}`;
            const values = model.get(filter) ?? new Set();
            model.set(filter, values);
            // What is there goes, what is not comes.
            if (values.delete(value)) expect(filters.remove(filter, value)).toBe(true);
            else {
              values.add(value);
              expect(filters.add(filter, value)).toBe(true);
            }
            expect(found(filters, filter).sort()).toEqual([...values].sort());
          }
          for (const [filter, values] of model) {
            expect(found(filters, filter).sort()).toEqual([...values].sort());
          }
          expect(filters.size).toBe([...model.values()].filter(({ size }) => size > 0).length);
        },
      ),
      { seed: 1 },
    );
  });

  it('counts filters, and none once their values are gone', () => {
    const pair = fc.tuple(fc.constantFrom('a', 'b', 'a/b', '', '/'), fc.constantFrom('v', 'w'));
    fc.assert(
      fc.property(fc.array(pair), fc.integer({ min: 1, max: 8 }), (pairs, maxPerMap) => {
        const filters = new ExactFilters<string>(maxPerMap);
        for (const [filter, value] of pairs) filters.add(filter, value);
        expect(filters.size).toBe(new Set(pairs.map(([filter]) => filter)).size);
        for (const [filter, value] of pairs) filters.remove(filter, value);
        expect(filters.size).toBe(0);
      }),
      { seed: 1 },
    );
  });
});
