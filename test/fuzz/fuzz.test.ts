import { expect, test } from 'vitest';
import { runFuzz, summaryOf } from './campaign.ts';

const { INPUTS = '1000000', PACKETS = '200000', CONVERSATIONS = '3000' } = process.env;

// Each has a process of its own; two at a time leave nothing idle where there are two processors.
test.concurrent.for([
  ['decoder', INPUTS, 600],
  ['differential', PACKETS, 350],
  ['conversation', CONVERSATIONS, 2_300],
] as const)(
  '%s: %s inputs break no rule',
  { timeout: 600_000 },
  async ([target, inputs, leastPoints], { expect: expectHere }) => {
    const run = await runFuzz('--target', target, '--inputs', inputs);
    const { inputs: done, points } = summaryOf(run, target);
    console.log(run.output.trim().split('\n').at(-1));
    expectHere(run.code, run.output).toBe(0);
    expectHere(done).toBe(Number(inputs));
    // What is never reached is not tested.
    expectHere(points).toBeGreaterThanOrEqual(leastPoints);
  },
);

test('every planted fault is found', { timeout: 300_000 }, async () => {
  const { code, output } = await runFuzz('--faults');
  expect(code, output).toBe(0);
  expect(output.trim().split('\n').length).toBeGreaterThanOrEqual(9);
});

test('the same seed takes the same ways', async () => {
  const runs = await Promise.all(
    ['3', '3', '4'].map((seed) =>
      runFuzz('--target', 'decoder', '--inputs', '6000', '--seed', seed),
    ),
  );
  const [first, second, other] = runs.map((run) => summaryOf(run, 'decoder').reached);
  expect(second).toBe(first);
  expect(other).not.toBe(first);
});

test('one input is replayed by one command', async () => {
  const { code, output } = await runFuzz('--target', 'decoder', '--replay', 's4 300400017478');
  expect(output).toContain('no rule is broken');
  expect(code).toBe(0);
});
