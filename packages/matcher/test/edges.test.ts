import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Edges } from '../src/edges.ts';

describe('Edges', () => {
  it('keeps what a Map would keep, whatever is added and deleted', () => {
    const edge = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }));
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 300 }), fc.constantFrom(1, 16, 64), (edges, max) => {
        const table = new Edges(max);
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
    const table = new Edges();
    const count = 4_000;
    for (let i = 1; i <= count; i++) table.add(i, (i % 7) + 1, i + 1);
    for (let i = 1; i <= count; i += 2) table.delete(i, (i % 7) + 1);
    for (let i = 1; i <= count; i++) {
      expect(table.get(i, (i % 7) + 1)).toBe(i % 2 === 0 ? i + 1 : 0);
    }
    expect(table.size).toBe(count / 2);
  });

  it('never has more slots in one table than it may, and no more tables than that takes', () => {
    const table = new Edges(64);
    const count = 4_000;
    for (let i = 1; i <= count; i++) {
      table.add(i, 1, i);
      expect(table.get(i, 1)).toBe(i);
    }
    for (let i = 1; i <= count; i++) expect(table.get(i, 1)).toBe(i);
    expect(table.tables).toBeGreaterThan(count / 64);
    expect(table.tables).toBeLessThan((count / 64) * 6);
  });

  it('divides some of its tables at any time, and never all of them', () => {
    const table = new Edges(1_024);
    let [edge, tables] = [0, 0];
    // Twice as many tables for twice as many edges: a tenth at a time there are no more than a fifth more.
    for (let count = 100_000; count < 300_000; count *= 1.1) {
      while (edge < count) table.add(++edge, 1, edge);
      if (tables > 0) expect(table.tables / tables).toBeLessThan(1.2);
      tables = table.tables;
    }
  });
});
