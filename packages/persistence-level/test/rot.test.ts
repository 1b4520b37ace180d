import { join } from 'node:path';
import { type DamageReport, LevelPersistence } from '@sluice/persistence-level';
import type { Operation } from '@sluice/plugin';
import { expect, it } from 'vitest';
import { dequeue, endSession, enqueue, fillQueue, message, saveSession } from './operations.ts';
import { spoil, tablesOf, withDatabase } from './raw-database.ts';
import { quickDirectory } from './temporary-directory.ts';

const queued = 20_000;
const sequences = Array.from({ length: queued }, (_, sequence) => sequence);
/** All but the first two of each page. */
const most = sequences.filter((sequence) => sequence % 32 > 1);
const store: Operation = { type: 'store', message: message(1) };

/** A store with two queues, blocks of whose table rot while it is open. */
async function rotten() {
  const path = join(await quickDirectory(), 'broker');
  const reports: DamageReport[] = [];
  const options = { path, onCorrupt: (report: DamageReport) => reports.push(report) };
  const before = new LevelPersistence(options);
  await before.open();
  const enqueued = [2, 3].flatMap((session) => sequences.map((i) => enqueue(session, i, 1)));
  await before.commit([saveSession(2), saveSession(3), store, ...enqueued]);
  await before.close();
  const [table = ''] = await tablesOf(path);
  const persistence = new LevelPersistence(options);
  await persistence.open();
  await persistence.idle();
  // At the end of the first queue.
  await spoil(table, 0.88, 300);
  return { path, persistence, reports };
}

const keysLeft = (path: string, prefix: string) =>
  withDatabase(path, (database) =>
    database.keys({ gte: Buffer.from(prefix), lt: Buffer.from(`${prefix}\xff`, 'latin1') }).all(),
  );

it('a block that rots while the journal is to be folded is reported once, and the rest is folded', async () => {
  const { path, persistence, reports } = await rotten();
  await persistence.commit(most.map((sequence) => dequeue(2, sequence, 1)));
  await persistence.idle();
  const reported = reports.length;
  expect(reports).toContainEqual({
    kind: 'queue',
    key: expect.stringMatching(/^session 2, sequences \d+ to \d+$/),
    reason: expect.stringContaining('cannot be read'),
  });
  expect(new Set(reports.map(({ key }) => key)).size).toBe(reported);
  const [first] = await persistence.readQueue(2, -1, 1);
  expect([first?.sequence, first?.message?.number]).toEqual([0, 1]);
  await persistence.commit(most.map((sequence) => dequeue(3, sequence, 1)));
  await persistence.close();
  expect(reports).toHaveLength(reported);
  expect(await keysLeft(path, 'j')).toHaveLength(0);
});

it('a block that rots of a session that ends is reported, and others are swept', async () => {
  const { path, persistence, reports } = await rotten();
  await persistence.commit([endSession(2)]);
  await persistence.commit([endSession(3)]);
  await persistence.idle();
  expect(reports).toHaveLength(1);
  expect(reports[0]?.reason).toContain('cannot be read');
  await persistence.close();
  expect(await keysLeft(path, 'g')).toHaveLength(1);
});

it('a block that rots under the records of sessions keeps none of them from ending, nor others from going on', async () => {
  const path = join(await quickDirectory(), 'broker');
  const reports: DamageReport[] = [];
  const options = { path, onCorrupt: (report: DamageReport) => reports.push(report) };
  const before = new LevelPersistence(options);
  await before.open();
  const sessions = Array.from({ length: 2_000 }, (_, session) => session + 1);
  await before.commit(sessions.map((session) => saveSession(session)));
  await before.close();
  const [table = ''] = await tablesOf(path);
  const persistence = new LevelPersistence(options);
  await persistence.open();
  await spoil(table, 0.5, 3_000);
  for (const session of sessions) await persistence.commit([endSession(session)]);
  await persistence.commit([saveSession(2_001)]);
  await persistence.idle();
  expect(reports).toContainEqual({
    kind: 'session',
    key: expect.stringMatching(/^client-/),
    reason: expect.stringContaining('cannot be read'),
  });
  expect(reports.filter(({ kind }) => kind !== 'session').length).toBeLessThan(2);
  await persistence.close();
});

it('a block that rots under messages loses those, once, and the rest of the queue is read', async () => {
  const path = join(await quickDirectory(), 'broker');
  const reports: DamageReport[] = [];
  const onCorrupt = (report: DamageReport) => reports.push(report);
  const before = new LevelPersistence({ path });
  await before.open();
  await before.commit([saveSession(1), ...fillQueue(1, queued)]);
  await before.close();
  const [table = ''] = await tablesOf(path);
  const persistence = new LevelPersistence({ path, onCorrupt, cacheBytes: 65_536 });
  await persistence.open();
  await persistence.idle();
  await spoil(table, 0.7, 300);
  const read = await persistence.readQueue(1, -1, queued);
  await persistence.idle();
  const lost = queued - read.length;
  expect(lost).toBeGreaterThan(0);
  expect(reports).toHaveLength(lost);
  expect(await persistence.readQueue(1, -1, queued)).toHaveLength(read.length);
  expect(reports).toHaveLength(lost);
  await persistence.close();
});

it.each([100, queued])(
  'a block that rots under a queue loses the pages in it, once, and the rest is read, %i at a time',
  async (limit) => {
    const { persistence, reports } = await rotten();
    const readAll = async () => {
      let read = 0;
      for (let after = -1; ; ) {
        const window = await persistence.readQueue(2, after, limit);
        read += window.length;
        if (window.length < limit) return read;
        after = window.at(-1)?.sequence ?? after;
      }
    };
    const lost = queued - (await readAll());
    expect(reports.length).toBeGreaterThan(0);
    expect(lost).toBe(32 * reports.length);
    expect(await readAll()).toBe(queued - lost);
    expect(lost).toBe(32 * reports.length);
    await persistence.close();
  },
);
