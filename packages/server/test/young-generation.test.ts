import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

// Objects that outlive a collection, for longer than V8 takes to grow as far as it may.
const load = `
  import { setImmediate as nextTurn } from 'node:timers/promises';
  import { getHeapSpaceStatistics } from 'node:v8';
  import { boundYoungGeneration } from './packages/server/src/young-generation.ts';
  boundYoungGeneration();
  const kept = [];
  for (let turn = 0; turn < 150; turn++) {
    for (let index = 0; index < 20_000; index++) kept[index] = { index, list: [index] };
    await nextTurn();
  }
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  console.log(young.space_size / 1024 / 1024);
`;

/** MiB of the young generation after a load. */
function youngAfterLoad(...flags: readonly string[]): number {
  const words = ['--import', 'tsx', '--input-type=module', '--eval', load];
  const { NODE_OPTIONS: _, ...environment } = process.env;
  return Number(
    execFileSync(process.execPath, [...flags, ...words], { cwd: root, env: environment }),
  );
}

test('the young generation ends its growth at 16 MiB', () => {
  expect(youngAfterLoad()).toBe(16);
});

test('a size that Node was started with counts', () => {
  expect(youngAfterLoad('--max-semi-space-size=16')).toBe(32);
});
