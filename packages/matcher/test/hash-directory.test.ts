import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HashDirectory } from '../src/hash-directory.ts';

function divided(table: number[], bit: number): [number[], number[]] {
  return [table.filter((hash) => (hash & bit) === 0), table.filter((hash) => (hash & bit) !== 0)];
}

describe('HashDirectory', () => {
  it('finds each hash in the table that it was put in, however often tables were divided', () => {
    const hash = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(
        fc.array(hash, { maxLength: 200 }),
        fc.integer({ min: 1, max: 4 }),
        (hashes, max) => {
          const directory = new HashDirectory<number[]>([]);
          for (const each of hashes) {
            if (directory.at(each).length >= max) directory.split(each, divided);
            directory.at(each).push(each);
          }
          for (const each of hashes) expect(directory.at(each)).toContain(each);
          expect(directory.tables.flat().sort()).toEqual([...hashes].sort());
        },
      ),
      { seed: 1 },
    );
  });

  it('divides no table without end, if all that is in it has one hash', () => {
    const directory = new HashDirectory<number[]>([7]);
    let splits = 0;
    while (directory.split(7, divided)) splits++;
    expect(splits).toBe(16);
    expect(directory.tables).toHaveLength(17);
    expect(directory.at(7)).toEqual([7]);
  });
});
