import { join } from 'node:path';
import { LevelPersistence, storeStats } from '@sluice/persistence-level';
import { expect, it } from 'vitest';
import { closedStore, fullCounts, withStore } from './full-store.ts';
import { endSession, fillQueue, saveSession } from './operations.ts';
import { damageRecords } from './raw-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

it('counts records and bytes by kind, and the largest queues', async () => {
  const path = await closedStore();
  const {
    records,
    diskBytes,
    totalDiskBytes,
    largestQueues,
    path: at,
  } = await storeStats({ path });
  expect(at).toBe(path);
  expect(records).toMatchObject({ ...fullCounts, ended: 0, quarantined: 0 });
  const sum = Object.values(diskBytes).reduce((one, other) => one + other, 0);
  expect(totalDiskBytes).toBeGreaterThanOrEqual(sum);
  expect(largestQueues).toEqual([
    { clientId: 'client-1', messages: 3 },
    { clientId: 'client-2', messages: 1 },
  ]);
});

it('says where the bytes are', async () => {
  const path = await closedStore([saveSession(1), ...fillQueue(1, 20_000)]);
  const { diskBytes } = await storeStats({ path });
  expect(diskBytes.message).toBeGreaterThan(100_000);
  expect(diskBytes.queue).toBeGreaterThan(50_000);
  expect(diskBytes.retained).toBeLessThan(50_000);
});

it('names ten queues at most, and none of sessions that have ended', async () => {
  const sizes = [5, 1, 9, 2, 12, 3, 8, 4, 11, 6, 10, 7];
  const path = join(await temporaryDirectory(), 'data');
  const store = new LevelPersistence({ path, durability: 'write' });
  await store.open();
  for (const [i, size] of sizes.entries()) {
    await store.commit([saveSession(i + 1), ...fillQueue(i + 1, size, i * 100 + 1)]);
  }
  await store.commit([saveSession(50), ...fillQueue(50, 3000, 5000)]);
  await store.commit([endSession(50)]);
  const { largestQueues, records } = await store.stats();
  expect(records.session).toBe(12);
  expect(records.ended).toBe(1);
  expect(largestQueues.map(({ messages }) => messages)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
  expect(largestQueues[0]?.clientId).toBe('client-5');
  await store.close();
  await expect(store.stats()).rejects.toMatchObject({ code: 'SLUICE_LEVEL_NOT_OPEN' });
});

it('is not stopped by damaged records', async () => {
  const path = await closedStore();
  await damageRecords(path, 's');
  const { records, largestQueues } = await storeStats({ path });
  expect(records).toMatchObject(fullCounts);
  expect(largestQueues).toEqual([]);
});

it('cannot run while a broker has the store: it has stats() itself', async () => {
  const path = await closedStore();
  await withStore(path, async (store) => {
    await expect(storeStats({ path })).rejects.toMatchObject({ code: 'SLUICE_LEVEL_LOCKED' });
    expect((await store.stats()).records).toMatchObject(fullCounts);
  });
});
