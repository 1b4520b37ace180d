import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Positions } from '../src/positions.ts';

describe('Positions', () => {
  it('knows what a Map would know, in however many Maps', () => {
    const change = fc.tuple(fc.nat(20), fc.option(fc.nat(100)));
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 200 }),
        fc.integer({ min: 1, max: 8 }),
        (changes, maxPerMap) => {
          const positions = new Positions<number>(maxPerMap);
          const model = new Map<number, number>();
          for (const [value, position] of changes) {
            if (position === null) {
              positions.delete(value);
              model.delete(value);
            } else {
              positions.set(value, position);
              model.set(value, position);
            }
            for (let each = 0; each <= 20; each++) {
              expect(positions.get(each)).toBe(model.get(each));
            }
          }
        },
      ),
      { seed: 1, numRuns: 50 },
    );
  });
});
