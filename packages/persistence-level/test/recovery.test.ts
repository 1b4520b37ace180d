import { cp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LevelPersistence } from '@sluice/persistence-level';
import type { Operation } from '@sluice/plugin';
import fc from 'fast-check';
import { Level } from 'level';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { identityKey } from '../src/records/keys.ts';
import {
  failNextBatches,
  failuresLeft,
  installFailingBatch,
  recordWrites,
} from './failing-batch.ts';
import { dequeue, endSession, enqueue, fillQueue, message, saveSession } from './operations.ts';
import { databasePath, keysOf, withDatabase } from './raw-database.ts';
import { quickDirectory } from './temporary-directory.ts';

async function openStore() {
  await installFailingBatch();
  const path = join(await quickDirectory(), 'broker');
  const persistence = new LevelPersistence({ path });
  await persistence.open();
  return { path, persistence };
}

async function startedAgain(path: string) {
  const persistence = new LevelPersistence({ path });
  const { sessions } = await persistence.open();
  const queue = (await persistence.readQueue(1, -1, 1000)).map(({ sequence }) => sequence);
  await persistence.close();
  return { clients: Array.from(sessions, ({ clientId }) => clientId), queue };
}

const sequences = async (persistence: LevelPersistence, session = 1) =>
  (await persistence.readQueue(session, -1, 1000)).map(({ sequence }) => sequence);

const publish = (sequence: number): Operation[] => [
  { type: 'store', message: message(sequence + 1) },
  enqueue(1, sequence, sequence + 1),
];

const writeFailed = { code: 'SLUICE_LEVEL_WRITE_FAILED' };
const rolledBack = { code: 'SLUICE_LEVEL_ROLLED_BACK' };

/** Takes the database away, so that it can be neither written nor opened. */
const hide = (path: string) => rename(databasePath(path), `${path}.hidden`);
/** Lets no database be opened, until what this returns is called. */
async function withoutCurrent(path: string): Promise<() => Promise<void>> {
  const current = join(databasePath(path), 'CURRENT');
  await rename(current, `${path}.current`);
  return () => rename(`${path}.current`, current);
}

const unhide = (path: string) => rename(`${path}.hidden`, databasePath(path));

describe('while a fault lasts', () => {
  it('commits fail one after another, queues are read from what is open, and nothing stays behind', async () => {
    const { path, persistence } = await openStore();
    await persistence.commit([saveSession(1), ...fillQueue(1, 2)]);
    const operations = publish(2);
    failNextBatches();
    await expect(persistence.commit(operations)).rejects.toMatchObject(writeFailed);
    await hide(path);
    for (let i = 0; i < 3; i++) {
      await expect(persistence.commit(operations)).rejects.toMatchObject(writeFailed);
      expect(await sequences(persistence)).toEqual([0, 1]);
    }
    await unhide(path);
    await persistence.commit(operations);
    expect(await sequences(persistence)).toEqual([0, 1, 2]);
    expect(await readdir(path)).toEqual(['epoch', 'store']);
    await persistence.close();
    expect((await startedAgain(path)).queue).toEqual([0, 1, 2]);
  });

  it('a database that could not be opened again is opened by the next read or commit', async () => {
    const { path, persistence } = await openStore();
    await persistence.commit([saveSession(1), ...fillQueue(1, 2)]);
    const operations = publish(2);
    failNextBatches();
    await expect(persistence.commit(operations)).rejects.toMatchObject(writeFailed);
    const restore = await withoutCurrent(path);
    await expect(persistence.commit(operations)).rejects.toMatchObject(rolledBack);
    const readFailed = { code: 'SLUICE_LEVEL_READ_FAILED' };
    await expect(sequences(persistence)).rejects.toMatchObject(readFailed);
    await expect(sequences(persistence)).rejects.toMatchObject(readFailed);
    await restore();
    expect(await Promise.all([sequences(persistence), sequences(persistence)])).toEqual([
      [0, 1],
      [0, 1],
    ]);
    await persistence.commit(operations);
    expect(await sequences(persistence)).toEqual([0, 1, 2]);
    await persistence.close();
  });

  it.each([
    ['sweep', 2],
    ['fold', 3],
  ])('nothing is written behind a write of the %s that failed', async (_, before) => {
    const { path, persistence } = await openStore();
    await persistence.commit([saveSession(1), saveSession(2), ...fillQueue(2, 3_000, 100_000)]);
    const writes = recordWrites();
    failNextBatches({ only: 'others', skip: before - 2 });
    // Enough for the journal to be folded while the other queue is swept.
    await persistence.commit([endSession(2), ...fillQueue(1, 20_000)]);
    await persistence.idle();
    expect([failuresLeft(), writes.length]).toEqual([0, before]);
    await persistence.commit(publish(20_000));
    await persistence.idle();
    await persistence.close();
    expect(await keysOf(path, 'm')).toHaveLength(20_001);
  });

  it('what a process that was killed left behind of its look for room does not keep that', async () => {
    const { path, persistence } = await openStore();
    await persistence.commit([saveSession(1)]);
    await persistence.close();
    await writeFile(join(path, 'probe'), 'x'.repeat(1024));
    expect((await startedAgain(path)).clients).toEqual(['client-1']);
    expect(await readdir(path)).toEqual(['epoch', 'store']);
  });

  it('it can be closed, which lets the lock go', async () => {
    const { path, persistence } = await openStore();
    await persistence.commit([saveSession(1)]);
    failNextBatches();
    await expect(persistence.commit(publish(0))).rejects.toMatchObject(writeFailed);
    const restore = await withoutCurrent(path);
    await expect(persistence.commit(publish(0))).rejects.toMatchObject(rolledBack);
    const retried = persistence.commit(publish(0));
    const closed = persistence.close();
    await expect(retried).rejects.toMatchObject(rolledBack);
    await closed;
    await expect(sequences(persistence)).rejects.toMatchObject({ code: 'SLUICE_LEVEL_NOT_OPEN' });
    await restore();
    expect((await startedAgain(path)).clients).toEqual(['client-1']);
  });

  it('another broker that took the store in the meantime keeps it', async () => {
    const { path, persistence } = await openStore();
    await persistence.commit([saveSession(1), ...fillQueue(1, 1)]);
    const operations = publish(1);
    failNextBatches();
    await expect(persistence.commit(operations)).rejects.toMatchObject(writeFailed);
    const restore = await withoutCurrent(path);
    await expect(persistence.commit(operations)).rejects.toMatchObject(rolledBack);
    await restore();
    const other = new LevelPersistence({ path });
    await other.open();
    await expect(persistence.commit(operations)).rejects.toMatchObject({
      ...writeFailed,
      cause: { code: 'SLUICE_LEVEL_LOCKED' },
    });
    await other.commit([saveSession(2)]);
    await other.close();
    await expect(persistence.commit(operations)).rejects.toMatchObject(rolledBack);
    await expect(persistence.commit(operations)).rejects.toMatchObject(rolledBack);
    await persistence.close();
    expect(await startedAgain(path)).toEqual({ clients: ['client-1', 'client-2'], queue: [0] });
  });
});

describe('a store that is another one now is refused until the right one is back', () => {
  const replace = async (change: (path: string) => Promise<void>) => {
    const { path, persistence } = await openStore();
    await persistence.commit([saveSession(1)]);
    await cp(databasePath(path), `${path}.copy`, { recursive: true });
    await persistence.commit([saveSession(2)]);
    const operations = [saveSession(3)];
    failNextBatches();
    await expect(persistence.commit(operations)).rejects.toMatchObject(writeFailed);
    const restore = await withoutCurrent(path);
    await expect(persistence.commit(operations)).rejects.toMatchObject(rolledBack);
    await restore();
    await cp(databasePath(path), `${path}.hidden`, { recursive: true });
    await change(path);
    for (let i = 0; i < 2; i++) {
      await expect(persistence.commit(operations)).rejects.toMatchObject(rolledBack);
    }
    await rm(databasePath(path), { recursive: true });
    await unhide(path);
    await persistence.commit(operations);
    await persistence.close();
    expect((await startedAgain(path)).clients).toEqual(['client-1', 'client-2', 'client-3']);
  };

  it('with fewer writes', async () => {
    await replace(async (path) => {
      await rm(databasePath(path), { recursive: true });
      await rename(`${path}.copy`, databasePath(path));
    });
  });

  it('with a damaged number of writes, or none', async () => {
    const key = Buffer.from('\0commit');
    await replace((path) => withDatabase(path, (database) => database.put(key, key)));
    await replace((path) => withDatabase(path, (database) => database.del(key)));
  });

  it('with another identity', async () => {
    await replace((path) => withDatabase(path, (database) => database.del(identityKey)));
  });
});

describe('a commit that failed and is tried again', () => {
  it('has taken effect: what follows from it is done, and its references are counted once', async () => {
    const { path, persistence } = await openStore();
    await persistence.commit([saveSession(1), saveSession(2), ...fillQueue(1, 3)]);
    await persistence.commit([enqueue(2, 0, 1), enqueue(2, 1, 2)]);
    const ending = [endSession(1)];
    failNextBatches({ afterEffect: true });
    await expect(persistence.commit(ending)).rejects.toMatchObject(writeFailed);
    expect(await sequences(persistence, 2)).toEqual([0, 1]);
    await persistence.commit(ending);
    expect(await sequences(persistence)).toEqual([]);
    await persistence.idle();
    await persistence.commit([dequeue(2, 0, 1)]);
    expect(await sequences(persistence, 2)).toEqual([1]);
    await persistence.close();
    for (const prefix of ['g', 'z']) expect(await keysOf(path, prefix)).toEqual([]);
    expect(await keysOf(path, 'm')).toHaveLength(1);
  });

  it('is followed by reads that were waiting meanwhile', async () => {
    const { persistence } = await openStore();
    await persistence.commit([saveSession(1), ...fillQueue(1, 500)]);
    const operations = [dequeue(1, 0, 1)];
    for (let i = 0; i < 5; i++) {
      failNextBatches();
      await expect(persistence.commit(operations)).rejects.toMatchObject(writeFailed);
      // Some are under way when the database is closed, some begin while it is.
      const reads = Array.from({ length: 20 }, () => sequences(persistence));
      const retried = persistence.commit(operations);
      reads.push(sequences(persistence));
      const ticks = setImmediateTimes(10, () => reads.push(sequences(persistence)));
      await retried;
      await ticks;
      for (const read of await Promise.all(reads)) expect(read.length).toBeGreaterThan(498);
    }
    expect(await sequences(persistence)).toHaveLength(499);
    await persistence.close();
  });
});

async function setImmediateTimes(times: number, action: () => void): Promise<void> {
  for (let i = 0; i < times; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    action();
  }
}

describe('a failed write of the sweep', () => {
  it.each([false, true])(
    'is settled with the next commit, took effect: %s',
    async (afterEffect) => {
      const { path, persistence } = await openStore();
      await persistence.commit([saveSession(1), saveSession(2), ...fillQueue(1, 1500)]);
      await persistence.commit([enqueue(2, 0, 1), enqueue(2, 1, 1200)]);
      failNextBatches({ skip: 1, afterEffect });
      await persistence.commit([endSession(1)]);
      await persistence.idle();
      expect(
        (await persistence.readQueue(2, -1, 10)).map(({ message: body }) => body?.number),
      ).toEqual([1, 1200]);
      await persistence.commit([dequeue(2, 0, 1)]);
      await persistence.idle();
      const [last] = await persistence.readQueue(2, -1, 10);
      expect(last?.message?.number).toBe(1200);
      await persistence.close();
      expect(await keysOf(path, 'm')).toHaveLength(1);
      for (const prefix of ['g', 'z']) expect(await keysOf(path, prefix)).toEqual([]);
    },
  );
});

it('any write may fail, before or after its effect: what was acknowledged is there, once', async () => {
  const step = fc.constantFrom('publish', 'publish', 'share', 'dequeue', 'end');
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 25 }),
      fc.nat(30),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      async (steps, skip, count, afterEffect) => {
        const { path, persistence } = await openStore();
        const queues = new Map<number, Map<number, number>>([
          [1, new Map()],
          [2, new Map()],
        ]);
        let sessions = 2;
        let numbers = 0;
        await commitUntilDone(persistence, [saveSession(1, 'a'), saveSession(2, 'b')]);
        failNextBatches({ skip, count, afterEffect });
        for (const kind of steps) {
          const [first = 0] = queues.keys();
          const operations: Operation[] = [];
          if (kind === 'end') {
            const client = first % 2 === 1 ? 'a' : 'b';
            sessions += 2;
            const next = sessions - ((sessions - first) % 2);
            operations.push(endSession(first, client), saveSession(next, client));
            queues.delete(first);
            queues.set(next, new Map());
          } else if (kind === 'dequeue') {
            const [entry] = queues.get(first) ?? [];
            if (entry === undefined) continue;
            operations.push(dequeue(first, ...entry));
            queues.get(first)?.delete(entry[0]);
          } else {
            const number = ++numbers;
            operations.push({ type: 'store', message: message(number) });
            for (const [session, queue] of queues) {
              if (kind === 'publish' && session !== first) continue;
              operations.push(enqueue(session, number, number));
              queue.set(number, number);
            }
          }
          await commitUntilDone(persistence, operations);
          await expectQueues(persistence, queues);
        }
        failNextBatches({ count: 0 });
        await persistence.idle();
        await expectQueues(persistence, queues);
        await persistence.close();
        const next = new LevelPersistence({ path });
        await next.open();
        await expectQueues(next, queues);
        await next.idle();
        await next.close();
        const wanted = new Set([...queues.values()].flatMap((queue) => [...queue.values()]));
        expect(await keysOf(path, 'm')).toHaveLength(wanted.size);
        expect(await keysOf(path, 'z')).toEqual([]);
      },
    ),
    { numRuns: 25 },
  );
});

async function commitUntilDone(
  persistence: LevelPersistence,
  operations: readonly Operation[],
): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await persistence.commit(operations);
    } catch (error) {
      expect(error).toMatchObject(writeFailed);
      expect(tries).toBeLessThan(4);
    }
  }
}

async function expectQueues(
  persistence: LevelPersistence,
  queues: ReadonlyMap<number, ReadonlyMap<number, number>>,
): Promise<void> {
  for (const [session, queue] of queues) {
    const entries = await persistence.readQueue(session, -1, 1000);
    expect(entries.map(({ message: body }) => body?.number)).toEqual([...queue.values()]);
  }
}

it('a start that the system does not let read says so, and nothing of damage', async () => {
  const { path, persistence } = await openStore();
  await persistence.commit([saveSession(1)]);
  await persistence.close();
  const text = 'IO error: 000005.ldb: Too many open files';
  const refused = Object.assign(new Error(text), { code: 'LEVEL_IO_ERROR' });
  const iterator = { nextv: () => Promise.reject(refused), close: () => Promise.resolve() };
  const opening = vi.spyOn(Level.prototype, 'iterator').mockReturnValue(iterator as never);
  onTestFinished(() => opening.mockRestore());
  await expect(new LevelPersistence({ path }).open()).rejects.toMatchObject({
    code: 'SLUICE_LEVEL_READ_FAILED',
    message: expect.stringContaining('Too many open files'),
  });
  opening.mockRestore();
  expect((await startedAgain(path)).clients).toEqual(['client-1']);
});
