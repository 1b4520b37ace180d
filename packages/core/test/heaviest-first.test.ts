import { expect, test } from 'vitest';
import { HeaviestFirst } from '../src/overload/heaviest-first.ts';

function inOrder(weights: readonly number[]): number[] {
  const heaviest = new HeaviestFirst();
  for (const bytes of weights) heaviest.add({ bytes });
  return [...heaviest].map(({ bytes }) => bytes);
}

test('a few are in order', () => {
  const weights = [3, 1, 1_000, 5_000_000_000, 1, 4, 7];
  expect(inOrder(weights)).toEqual(weights.toSorted((one, other) => other - one));
  expect(inOrder([])).toEqual([]);
});

test('many are in order to within a factor of two, and none is lost', () => {
  const weights = Array.from({ length: 10_000 }, (_, index) => 1 + ((index * 7_919) % 10_000));
  const sorted = inOrder(weights);
  expect(sorted.toSorted((one, other) => one - other)).toEqual(
    weights.toSorted((one, other) => one - other),
  );
  let least = Infinity;
  let worst = 0;
  for (const bytes of sorted) {
    worst = Math.max(worst, bytes / least);
    least = Math.min(least, bytes);
  }
  expect(worst).toBeLessThan(2);
});

test('it tells how much it is together', () => {
  const heaviest = new HeaviestFirst();
  for (const bytes of [1, 20, 300]) heaviest.add({ bytes });
  expect(heaviest.bytes).toBe(321);
});
