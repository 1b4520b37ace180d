import { describe, expect, it } from 'vitest';
import { changeLine, compare, confirmed } from '../../src/check/compare.ts';

const ratios = (entries: Record<string, number>) => new Map(Object.entries(entries));

describe('compare', () => {
  it('names what is more than 15 % above, and what is as far below', () => {
    const before = ratios({ a: 0.1, b: 0.1, c: 0.1, d: 0.1, e: 0.1 });
    const now = ratios({ a: 0.114, b: 0.116, c: 0.088, d: 0.086, e: 0.1 });
    const { worse, better } = compare(before, now);
    expect(worse.map(({ key }) => key)).toEqual(['b']);
    expect(better.map(({ key }) => key)).toEqual(['d']);
    expect(worse[0]?.change).toBeCloseTo(0.16);
  });

  it('looks at what was measured only, and tells what the baseline does not know', () => {
    expect(compare(ratios({ a: 1, unasked: 1 }), ratios({ a: 1, fresh: 9 }))).toEqual({
      worse: [],
      better: [],
      unknown: ['fresh'],
    });
  });
});

describe('confirmed', () => {
  it('keeps what was worse twice, at the better of both figures', () => {
    const before = ratios({ a: 1, b: 1, c: 1 });
    const suspects = compare(before, ratios({ a: 1.5, b: 1.2, c: 2 })).worse;
    const again = compare(before, ratios({ a: 1.3, b: 1.4, c: 1.1 }));
    expect(confirmed(suspects, again).map(({ key, now }) => [key, now])).toEqual([
      ['a', 1.3],
      ['b', 1.2],
    ]);
  });
});

describe('changeLine', () => {
  it.each([
    [0.01, 0.0125, 'k: 1/100 became 1/80, 25 % worse'],
    [0.5, 0.4, 'k: 0.50 became 0.40, 20 % better'],
    // As fractions they would look the same.
    [0.0985, 0.0995, 'k: 0.0985 became 0.0995, 1 % worse'],
  ])('of %d and %d', (before, now, line) => {
    expect(changeLine({ key: 'k', before, now, change: now / before - 1 })).toBe(line);
  });
});
