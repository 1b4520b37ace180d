import { expect, test } from 'vitest';
import { simulate } from './simulate.ts';
import { playSeeds } from './swarm.ts';

/** States that a run has to reach: what is never reached is not tested. */
const interesting: readonly string[] = [
  'crash',
  'restart',
  'clock jump',
  'disk stalled',
  'crash while a commit is on its way',
  'crash between PUBREC and PUBREL',
  'failed commit took effect',
  'failed commit left nothing',
  'retry of a commit that had taken effect',
  'queue read failed',
  'window read from disk',
  'takeover of an open connection',
  'connection lost with messages in flight',
  'connection lost between PUBREC and PUBREL',
  'session resumed',
  'CONNECT refused',
  'PUBLISH sent again',
  'PUBREL sent again',
  'Receive Maximum reached',
  'queue full: drop-newest',
  'queue full: drop-oldest',
  'queue full: keep-newest-per-topic',
  'queue full: disconnect',
  'every member of a share group is full',
  'maxInflightMessages reached',
  'topic alias used by the broker',
  'retained message delivered',
  'shared message delivered',
  'message for the application',
  'acknowledged before it is durable',
  'will due',
  'will taken back',
  'hook: late',
  'hook: never',
  'hook: reject',
  'hook: throw',
  'rogue: garbage',
  'rogue: reused packet ids',
  'rogue: stolen client id',
];

const { SEEDS = '10000' } = process.env;
const seeds = Number(SEEDS);

test('the same seed is the same history', async () => {
  for (const seed of [1, 2, 3, 77]) {
    const [first, second] = [await simulate(seed), await simulate(seed)];
    expect(second.hash).toBe(first.hash);
    expect(second.virtualMs).toBe(first.virtualMs);
  }
  expect((await simulate(4)).hash).not.toBe((await simulate(5)).hash);
});

test(`${seeds} histories break no rule`, { timeout: 600_000 }, async () => {
  const { failures, reached, histories, boots } = await playSeeds(1, seeds, 2);
  console.log(`${histories} histories, ${boots} boots`);
  const report = failures.map(
    ({ seed, violation }) => `${violation}\n  npm run simulate -- --seed ${seed} --shrink`,
  );
  expect(report).toEqual([]);
  const states = new Map(reached);
  expect(interesting.filter((state) => !states.has(state))).toEqual([]);
});
