import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HandleTable } from '../src/handle-table.ts';

describe('HandleTable', () => {
  const hashes: [string, (key: number) => number][] = [
    ['different for each key', (key) => Math.imul(key, 0x9e3779b1) >>> 0],
    ['the same for many', (key) => (key % 3) * 0x01020304],
  ];
  it.each(hashes)('is a Map of handles where hashes are %s', (_, hash) => {
    const step = fc.record({ key: fc.nat(60), set: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const keys: number[] = [];
        const table = new HandleTable<number>({ hash, has: (handle, key) => keys[handle] === key });
        const model = new Map<number, number>();
        for (const { key, set } of steps) {
          const before = model.get(key);
          if (set) {
            const handle = keys.push(key) - 1;
            expect(table.set(key, handle)).toBe(before);
            model.set(key, handle);
          } else {
            expect(table.delete(key)).toBe(before);
            model.delete(key);
          }
        }
        for (let key = 0; key <= 60; key++) expect(table.get(key)).toBe(model.get(key));
        expect(table.size).toBe(model.size);
        expect([...table.values()].sort()).toEqual([...model.values()].sort());
      }),
      { numRuns: 100 },
    );
  });

  it('grows to many', () => {
    const table = new HandleTable<number>({
      hash: (key) => Math.imul(key, 0x9e3779b1) >>> 0,
      has: (handle, key) => handle === key,
    });
    for (let key = 0; key < 20_000; key++) table.set(key, key);
    for (let key = 0; key < 20_000; key += 2) expect(table.delete(key)).toBe(key);
    expect([table.size, table.get(4), table.get(5)]).toEqual([10_000, undefined, 5]);
  });
});
