import { describe, expect, test } from 'vitest';
import { LevelGauge } from '../src/overload/overload-level.ts';

/** The levels that a gauge goes through, one look every 250 ms. */
function trace(shares: readonly number[]): string[] {
  const gauge = new LevelGauge();
  return shares.map((share, index) => {
    gauge.update(share, index * 250);
    return gauge.level;
  });
}

const times = <Value>(count: number, value: Value) => Array.from({ length: count }, () => value);

describe('the level of the memory', () => {
  test.each([
    [0.69, 'none'],
    [0.7, 'slowing'],
    [0.85, 'dropping'],
    [0.95, 'refusing'],
    [7, 'refusing'],
  ])('of %d is %s at once', (share, level) => {
    expect(trace([share])).toEqual([level]);
  });

  test('goes down one at a time, each after a second of calm', () => {
    expect(trace([0.96, ...times(13, 0.1)])).toEqual([
      ...times(5, 'refusing'),
      ...times(5, 'dropping'),
      ...times(4, 'slowing'),
    ]);
    expect(trace([0.96, ...times(15, 0.1)]).at(-1)).toBe('none');
  });

  test('stays where the memory is a little below its beginning', () => {
    expect(new Set(trace([0.86, ...times(100, 0.76)]))).toEqual(new Set(['dropping']));
    expect(trace([0.86, ...times(5, 0.74)]).at(-1)).toBe('slowing');
  });

  test('does not swing with a memory that does', () => {
    const swinging = Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? 0.71 : 0.4));
    expect(new Set(trace(swinging))).toEqual(new Set(['slowing']));
    // However it moves, there are no two changes downwards within a second.
    const slowly = Array.from({ length: 400 }, (_, index) => 0.75 + 0.25 * Math.sin(index / 3));
    const levels = trace(slowly);
    const order = ['none', 'slowing', 'dropping', 'refusing'];
    const falls = levels.flatMap((level, index) => {
      const before = levels[index - 1] ?? level;
      return order.indexOf(level) < order.indexOf(before) ? [index] : [];
    });
    for (const [index, at] of falls.entries()) {
      expect(at - (falls[index - 1] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(4);
    }
  });
});
