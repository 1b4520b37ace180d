import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TokenBucket } from '../src/token-bucket.ts';

const rate = { capacity: 3, msPerToken: 100, maxDebtMs: Infinity };

it('gives its capacity at once, then one token at a time', () => {
  const bucket = new TokenBucket(rate);
  for (let taken = 0; taken < 3; taken++) {
    expect(bucket.waitMs(1, 1_000)).toBe(0);
    bucket.take(1, 1_000);
  }
  expect(bucket.waitMs(1, 1_000)).toBe(100);
  expect(bucket.waitMs(1, 1_099)).toBe(1);
  expect(bucket.waitMs(1, 1_100)).toBe(0);
  expect(bucket.isFull(1_299)).toBe(false);
  expect(bucket.isFull(1_300)).toBe(true);
});

it('lets more than it holds through when it is full, and is in debt then', () => {
  const bucket = new TokenBucket(rate);
  expect(bucket.waitMs(10, 0)).toBe(0);
  bucket.take(10, 0);
  expect(bucket.waitMs(1, 0)).toBe(800);
  expect(bucket.waitMs(10, 0)).toBe(1_000);
});

it('owes no more than it may', () => {
  const bucket = new TokenBucket({ ...rate, maxDebtMs: 250 });
  bucket.take(1_000_000, 0);
  expect(bucket.waitMs(3, 0)).toBe(550);
});

it('never lets more through than capacity and rate allow', () => {
  const attempts = fc.array(
    fc.record({ after: fc.nat(500), tokens: fc.integer({ min: 1, max: 3 }) }),
  );
  fc.assert(
    fc.property(attempts, (steps) => {
      const bucket = new TokenBucket(rate);
      let now = 0;
      let taken = 0;
      for (const { after, tokens } of steps) {
        now += after;
        if (bucket.waitMs(tokens, now) > 0) continue;
        bucket.take(tokens, now);
        taken += tokens;
        expect(taken).toBeLessThanOrEqual(3 + now / 100);
      }
    }),
  );
});
