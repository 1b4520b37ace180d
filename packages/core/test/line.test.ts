import { expect, test } from 'vitest';
import { Line } from '../src/base/line.ts';

test('who comes first is first, however many there are', () => {
  const line = new Line<number>();
  const taken: (number | undefined)[] = [];
  let next = 0;
  // Two come for each that leaves, and then the others leave.
  for (; next < 20_000; next += 2) {
    line.add(next);
    line.add(next + 1);
    taken.push(line.take());
  }
  expect([line.first, line.length]).toEqual([10_000, 10_000]);
  while (line.length > 0) taken.push(line.take());
  expect(taken).toEqual(Array.from({ length: 20_000 }, (_, index) => index));
  expect([line.first, line.take(), line.length]).toEqual([undefined, undefined, 0]);
  line.add(1);
  expect([line.first, line.length]).toEqual([1, 1]);
});
