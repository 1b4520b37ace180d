import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SequenceRing } from '../src/outbox/sequence-ring.ts';

type Step =
  | { readonly do: 'add'; readonly skip: number }
  | { readonly do: 'delete'; readonly which: number }
  | { readonly do: 'reset'; readonly skip: number };

const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), skip: fc.nat(6) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('delete' as const), which: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reset' as const), skip: fc.nat(50) }) },
);

const holes: Readonly<Record<number, number>> = { 5: 3, 6: 2_000 };

test('a ring is a Map that knows its first and last key', () => {
  fc.assert(
    fc.property(
      fc.array(aStep, { maxLength: 200 }),
      fc.constantFrom(0, 65_530, 2 ** 31 - 3),
      (steps, start) => {
        const ring = new SequenceRing<string>();
        const map = new Map<number, string>();
        ring.reset(start);
        let end = start;
        for (const step of steps) {
          if (step.do === 'add') {
            // A hole, as where something left early.
            const sequence = end + (holes[step.skip] ?? 0);
            ring.set(sequence, `v${sequence}`);
            map.set(sequence, `v${sequence}`);
            end = sequence + 1;
          } else if (step.do === 'delete') {
            const key = [...map.keys()][step.which % Math.max(1, map.size)];
            if (key === undefined) continue;
            ring.delete(key);
            map.delete(key);
          } else {
            end += step.skip;
            ring.reset(end);
            map.clear();
          }
          expect(ring.size).toBe(map.size);
          expect(ring.end).toBe(end);
          if (map.size > 0) expect(ring.first).toBe(Math.min(...map.keys()));
          for (let sequence = Math.max(0, end - 60); sequence < end + 3; sequence++) {
            expect(ring.get(sequence)).toBe(map.get(sequence));
          }
          const from = end - 3_000;
          const keys = [...map.keys()].filter((key) => key >= from);
          expect([...ring.from(from)]).toEqual(keys.map((key) => `v${key}`));
          expect(ring.next(from)).toBe(keys[0] ?? end);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('keeps its room while as many leave as come', () => {
  const ring = new SequenceRing<number>();
  for (let sequence = 0; sequence < 100_000; sequence++) {
    ring.set(sequence, sequence);
    if (sequence >= 5) ring.delete(sequence - 5);
  }
  expect([ring.first, ring.end, ring.size]).toEqual([99_995, 100_000, 5]);
});
