import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BoundedGrowth } from '../src/heap-growth.ts';

const majorOfNode = Number.parseInt(process.versions.node, 10);
const root = fileURLToPath(new URL('../../..', import.meta.url));

// Objects that outlive some collections: first they are kept in the young generation, then they are garbage in the old one.
// So few that full collections do not come often enough to let the heap grow.
const load = `
  import { setImmediate as nextTurn } from 'node:timers/promises';
  import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
  import { boundHeapGrowth } from './packages/server/src/heap-growth.ts';
  boundHeapGrowth();
  const kept = [];
  let place = 0;
  let peak = 0;
  for (let turn = 0; turn < 120; turn++) {
    for (let index = 0; index < 5_000; index++) kept[place++ % 100_000] = { index, list: [turn] };
    await nextTurn();
    peak = Math.max(peak, getHeapStatistics().total_heap_size);
  }
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  console.log(JSON.stringify({ young: young.space_size, peak }));
`;

/** MiB of the young generation after a load, and most of the whole heap during it. */
function afterLoad(...flags: readonly string[]): { young: number; peak: number } {
  const words = ['--import', 'tsx', '--input-type=module', '--eval', load];
  const { NODE_OPTIONS: _, ...environment } = process.env;
  const printed = execFileSync(process.execPath, [...flags, ...words], {
    cwd: root,
    env: environment,
    encoding: 'utf8',
  });
  const { young, peak } = JSON.parse(printed);
  return { young: young / 1024 / 1024, peak: peak / 1024 / 1024 };
}

// Other releases size the young generation in a way of their own, and what they come to differs from run to run.
test.runIf([20, 22, 24].includes(majorOfNode))(
  'a heap of little that lasts stays small, unless Node was started with a size',
  () => {
    const bounded = afterLoad();
    const chosen = afterLoad('--semi-space-growth-factor=2');
    expect(bounded.young).toBeLessThan(chosen.young);
    // Node 22 collects so much at such a size by itself that the whole hardly differs.
    if (majorOfNode !== 22) expect(bounded.peak).toBeLessThan(0.8 * chosen.peak);
  },
);

test('a heap is not collected again and again for memory that comes and goes outside of it', () => {
  const set: number[] = [];
  const growth = new BoundedGrowth((percent) => set.push(percent));
  for (let at = 0; at < 10_000; at += 10) growth.collected(at, false);
  for (let at = 10_000; at < 20_000; at += 300) growth.collected(at, true);
  expect(set).toEqual([50]);
  for (let at = 21_000; at < 21_500; at += 100) growth.collected(at, true);
  expect(set).toEqual([50, 0]);
  growth.collected(31_300, false);
  expect(set).toEqual([50, 0]);
  growth.collected(31_400, false);
  expect(set).toEqual([50, 0, 50]);
  for (let at = 31_500; at < 32_000; at += 100) growth.collected(at, true);
  expect(set).toEqual([50, 0, 50, 0]);
});
