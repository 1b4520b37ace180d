import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EdgeTable } from '../src/edge-table.ts';

describe('EdgeTable', () => {
  it('keeps what a Map would keep, whatever is added and deleted', () => {
    const edge = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }));
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 300 }), (edges) => {
        const table = new EdgeTable();
        const model = new Map<string, number>();
        for (const [index, [parent, level]] of edges.entries()) {
          const key = `${parent} ${level}`;
          expect(table.get(parent, level)).toBe(model.get(key) ?? 0);
          // What is there goes, what is not comes.
          if (model.delete(key)) table.delete(parent, level);
          else {
            table.add(parent, level, index + 1);
            model.set(key, index + 1);
          }
          expect(table.size).toBe(model.size);
        }
        for (let parent = 1; parent <= 12; parent++) {
          for (let level = 1; level <= 12; level++) {
            expect(table.get(parent, level)).toBe(model.get(`${parent} ${level}`) ?? 0);
          }
        }
      }),
      { seed: 1 },
    );
  });

  it('finds each of many edges', () => {
    const table = new EdgeTable();
    const count = 4_000;
    for (let i = 1; i <= count; i++) table.add(i, (i % 7) + 1, i + 1);
    for (let i = 1; i <= count; i += 2) table.delete(i, (i % 7) + 1);
    for (let i = 1; i <= count; i++) {
      expect(table.get(i, (i % 7) + 1)).toBe(i % 2 === 0 ? i + 1 : 0);
    }
    expect(table.size).toBe(count / 2);
  });
});
