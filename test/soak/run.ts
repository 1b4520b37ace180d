// npm run soak -- --minutes 60 [--seed 1] [--store memory|leveldb]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LevelPersistence } from '@sluice/persistence-level';
import { MemoryPersistence } from '@sluice/persistence-memory';
import { Soak, slopePerHour } from './soak.ts';

const sampleEveryMs = 10_000;
const reportEveryMs = 60_000;
const maxSlope = 1;
const maxMinutes = 24 * 60;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    store: { type: 'string', default: 'leveldb' },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes > 0 && minutes <= maxMinutes)) {
  throw new Error(`--minutes is a number above 0 and up to ${maxMinutes}`);
}
if (!Number.isInteger(seed)) throw new Error('--seed is a whole number');
if (!['memory', 'leveldb'].includes(values.store)) throw new Error('--store is memory or leveldb');

const lastsMs = minutes * 60_000;
// What is allocated once, such as caches and compiled code, comes first.
const warmUpMs = lastsMs / 5;
const path = mkdtempSync(join(tmpdir(), 'sluice-soak-'));
process.once('exit', () => rmSync(path, { recursive: true, force: true }));

const persistence =
  values.store === 'memory'
    ? new MemoryPersistence()
    : new LevelPersistence({ path, durability: 'write' });
const soak = await Soak.start(seed, { persistence: () => persistence });
const startedAt = performance.now();
let [steps, sampledAt, reportedAt, unclean] = [0, startedAt, startedAt, 0];
let left = soak.tables;
while (performance.now() - startedAt < lastsMs) {
  await soak.step();
  steps++;
  const now = performance.now();
  if (now - sampledAt < sampleEveryMs) continue;
  sampledAt = now;
  const busy = soak.tables;
  // What is measured is what stays when nobody is left: all else goes up and down by itself.
  left = await soak.rest();
  if (Object.values(left).some((count) => count !== 0)) unclean++;
  const { heapMiB, residentMiB } = await soak.sample();
  if (now - reportedAt < reportEveryMs) continue;
  reportedAt = now;
  console.log(
    `${Math.round((now - startedAt) / 60_000)} min: ${busy.sessions} sessions, ${busy.retainedMessages} retained; ` +
      `when all are gone: heap ${heapMiB.toFixed(2)} MiB, resident ${residentMiB.toFixed(0)} MiB`,
  );
}
const slope = slopePerHour(soak.samples, warmUpMs);
left = await soak.rest();
await soak.close();
console.log(`seed ${seed}, ${values.store}, ${(steps / 3_600).toFixed(1)} hours of virtual time`);
for (const [action, times] of soak.churn.done)
  console.log(`${String(times).padStart(10)}  ${action}`);
for (const [message, times] of soak.errors) {
  console.log(`${String(times).padStart(10)}  reported: ${message.slice(0, 100)}`);
}
console.log('left in each table:', left);
console.log(`heap after the warm-up: ${slope.toFixed(2)} MiB an hour, may be ${maxSlope}`);
console.log(`${unclean} of ${soak.samples.length} times something was left`);
process.exitCode = unclean === 0 && slope < maxSlope ? 0 : 1;
