import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactFilters } from '../src/exact-filters.ts';

function found(filters: ExactFilters<string>, topic: string): string[] {
  const into: string[] = [];
  filters.match(topic, into);
  return into;
}

describe('ExactFilters', () => {
  it('finds each of many filters, and none that is not there', () => {
    const filters = new ExactFilters<string>(64);
    const count = 20_000;
    for (let i = 0; i < count; i++) {
      const isNew = [`a/${i}`, `a/${i}`, `a/${i >> 1}`].map((filter, n) =>
        filters.add(filter, n < 2 ? 'v' : 'w'),
      );
      expect(isNew).toEqual([true, false, i % 2 === 0]);
    }
    expect(filters.size).toBe(count);
    expect(filters.tables).toBeGreaterThan(count / 64);
    for (let i = 0; i < count; i++) {
      const values = i < count / 2 ? ['v', 'w'] : ['v'];
      expect([found(filters, `a/${i}`), found(filters, `b/${i}`)]).toEqual([values, []]);
    }
    for (let i = 0; i < count; i++) {
      expect([0, 1].map(() => filters.remove(`a/${i}`, 'v'))).toEqual([true, false]);
    }
    expect(filters.size).toBe(count / 2);
    for (let i = 0; i < count / 2; i++) expect(filters.remove(`a/${i}`, 'w')).toBe(true);
    expect([filters.size, found(filters, 'a/0'), filters.remove('a/0', 'w')]).toEqual([
      0,
      [],
      false,
    ]);
    filters.add('a', 'v');
    expect(found(filters, 'a')).toEqual(['v']);
  });

  it('finds what a Map would find, whatever is added and removed', () => {
    const change = fc.tuple(fc.nat(60), fc.constantFrom('v', 'w'));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300 }), fc.constantFrom(1, 16), (changes, max) => {
        const filters = new ExactFilters<string>(max);
        const model = new Map<string, Set<string>>();
        for (const [number, value] of changes) {
          const filter = `a/${number}`;
          const values = model.get(filter) ?? new Set();
          model.set(filter, values);
          // What is there goes, what is not comes.
          if (values.delete(value)) expect(filters.remove(filter, value)).toBe(true);
          else {
            values.add(value);
            expect([filters.add(filter, value), filters.add(filter, value)]).toEqual([true, false]);
          }
          expect(found(filters, filter).sort()).toEqual([...values].sort());
        }
        for (const [filter, values] of model) {
          expect(found(filters, filter).sort()).toEqual([...values].sort());
        }
        expect(filters.size).toBe([...model.values()].filter(({ size }) => size > 0).length);
      }),
      { seed: 1 },
    );
  });

  it('counts filters, and none once their values are gone', () => {
    const pair = fc.tuple(fc.constantFrom('a', 'b', 'a/b', '', '/'), fc.constantFrom('v', 'w'));
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const filters = new ExactFilters<string>();
        for (const [filter, value] of pairs) filters.add(filter, value);
        expect(filters.size).toBe(new Set(pairs.map(([filter]) => filter)).size);
        for (const [filter, value] of pairs) filters.remove(filter, value);
        expect(filters.size).toBe(0);
      }),
      { seed: 1 },
    );
  });
});
