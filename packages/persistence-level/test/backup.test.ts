import { cpSync, existsSync } from 'node:fs';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createBroker } from '@sluice/core';
import { backupStore, checkStore, LevelPersistence, level } from '@sluice/persistence-level';
import type { Operation, Snapshot } from '@sluice/plugin';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random, RandomHistory } from '../../plugin/src/testing/persistence-history.ts';
import {
  expectQueuesLikeModel,
  expectSnapshotLikeModel,
  PersistenceModel,
} from '../../plugin/src/testing/persistence-model.ts';
import { writeBackup } from '../src/backup.ts';
import { failNextBatches, installFailingBatch } from './failing-batch.ts';
import { closedStore, fullContents, fullCounts, withStore } from './full-store.ts';
import { endSession, enqueue, fillQueue, message, saveSession } from './operations.ts';
import { damageRecords, databasePath, keysOf, withDatabase } from './raw-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

let directory: string;
let path: string;
let target: string;
let store: LevelPersistence;

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory, 'data');
  target = join(directory, 'backups', 'today');
  store = new LevelPersistence({ path, durability: 'write' });
  await store.open();
  await store.commit(fullContents);
});

afterEach(() => store.close());

async function refusalOf(at: string): Promise<unknown> {
  return await new LevelPersistence({ path: at }).open().then(
    () => 'none',
    ({ code }) => code,
  );
}

async function clientIds(at: string): Promise<string[]> {
  const opened = new LevelPersistence({ path: at });
  const { sessions } = await opened.open();
  await opened.close();
  return Array.from(sessions, ({ clientId }) => clientId).sort();
}

describe('a backup', () => {
  it('is a store of its own, with all that was committed before', async () => {
    expect(await store.backup(target)).toEqual({
      path: target,
      records: expect.any(Number),
      bytes: expect.any(Number),
      damaged: 0,
    });
    await store.commit([saveSession(3)]);
    expect(await checkStore({ path: target })).toMatchObject({
      healthy: true,
      records: fullCounts,
    });
    expect(await clientIds(target)).toEqual(['client-1', 'client-2']);
    expect((await readdir(target)).sort()).toEqual(['epoch', 'store']);
  });

  it('holds what was acknowledged, also where that comes before the write', async () => {
    const ahead = new LevelPersistence({ path: join(directory, 'ahead'), durability: 'none' });
    await ahead.open();
    void ahead.commit([saveSession(5)]);
    await ahead.backup(target);
    await ahead.close();
    expect(await clientIds(target)).toEqual(['client-5']);
  });

  it.each([1, 2, 3])('is a prefix of the commits that go on meanwhile, seed %i', async (seed) => {
    const history = new RandomHistory(new Random(seed));
    const commits: Operation[][] = [];
    const source = new LevelPersistence({ path: join(directory, 'busy'), durability: 'write' });
    await source.open();
    const commitNext = async () => {
      const payload = Buffer.from(String(commits.length));
      const mark = message(1, { topic: 'commits before', payload });
      const operations: Operation[] = [...history.draw(), { type: 'retain', message: mark }];
      commits.push(operations);
      await source.commit(operations);
    };
    while (commits.length < 400) await commitNext();
    const before = commits.length;
    let isDone = false;
    const backup = source.backup(target).finally(() => {
      isDone = true;
    });
    while (!isDone) await commitNext();
    await backup;
    const after = commits.length;
    await source.close();

    const copy = new LevelPersistence({ path: target, durability: 'write' });
    const snapshot = await copy.open();
    const mark = [...snapshot.retained].find(({ topic }) => topic === 'commits before');
    const last = Number(Buffer.from(mark?.payload ?? []));
    expect(last).toBeGreaterThanOrEqual(before - 1);
    expect(last).toBeLessThan(after - 1);
    const model = new PersistenceModel();
    for (const operations of commits.slice(0, last + 1)) model.commit(operations);
    expectSnapshotLikeModel(snapshot, model);
    await expectQueuesLikeModel(copy, model, 7);
    await copy.idle();
    await copy.close();
    expect(await checkStore({ path: target })).toMatchObject({ healthy: true, problems: [] });
  });

  it('of a session that is being removed is swept where it is opened', async () => {
    await store.commit([saveSession(4), ...fillQueue(4, 5000, 100)]);
    await store.commit([endSession(4)]);
    await store.close();
    await backupStore({ path, to: target });
    expect((await keysOf(target, 'q')).length).toBeGreaterThan(2);
    await withStore(target, () => Promise.resolve());
    expect(await keysOf(target, 'q')).toHaveLength(2);
    expect(await keysOf(target, 'm')).toHaveLength(3);
  });

  it('takes damaged records as they are, and tells how many', async () => {
    await store.close();
    await damageRecords(path, 'q');
    expect(await backupStore({ path, to: target })).toMatchObject({ damaged: 2 });
    const { problems } = await checkStore({ path: target });
    expect(problems).toContainEqual(expect.objectContaining({ problem: 'damaged', count: 2 }));
  });

  it('tells its progress in small steps', async () => {
    await store.commit(fillQueue(1, 1000, 10));
    const steps: number[] = [];
    const report = await store.backup(target, {
      onProgress: ({ records }) => steps.push(records),
    });
    expect(steps.length).toBeGreaterThan(4);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps.at(-1)).toBe(report.records);
  });

  it('can be written by two at once, into two directories', async () => {
    const other = join(directory, 'other');
    const [first, second] = await Promise.all([store.backup(target), store.backup(other)]);
    expect(first.records).toBe(second.records);
    expect(await clientIds(target)).toEqual(await clientIds(other));
  });

  it('comes from the plug-in while a broker runs', async () => {
    const plugin = level({ path: join(directory, 'broker') });
    await expect(plugin.backup(target)).rejects.toMatchObject({ code: 'SLUICE_LEVEL_NOT_OPEN' });
    await expect(plugin.stats()).rejects.toMatchObject({ code: 'SLUICE_LEVEL_NOT_OPEN' });
    const broker = await createBroker({ plugins: [plugin] });
    await broker.publish({ topic: 'kept', payload: 'x', retain: true });
    await plugin.backup(target);
    expect((await plugin.stats()).records.retained).toBe(1);
    await broker.close();
    expect(await checkStore({ path: target })).toMatchObject({ records: { retained: 1 } });
  });
});

describe('a backup that is not finished', () => {
  it('is refused, at whatever step the process was killed', async () => {
    await store.commit(fillQueue(1, 1000, 10));
    const killed: string[] = [];
    await store.backup(target, {
      onProgress() {
        const copy = join(directory, `killed-${killed.length}`);
        cpSync(target, copy, { recursive: true });
        killed.push(copy);
      },
    });
    expect(killed.length).toBeGreaterThan(4);
    for (const copy of killed) {
      expect(await refusalOf(copy)).toBe('SLUICE_LEVEL_BACKUP_UNFINISHED');
      const repairing = new LevelPersistence({ path: copy, repair: true });
      const unfinished = { code: 'SLUICE_LEVEL_BACKUP_UNFINISHED' };
      await expect(repairing.open()).rejects.toMatchObject(unfinished);
      await expect(checkStore({ path: copy })).rejects.toMatchObject(unfinished);
      // Neither does its database pass for a store when the mark is gone.
      await rm(join(copy, 'epoch'));
      expect(await refusalOf(copy)).toBe('SLUICE_LEVEL_FORMAT');
    }
    expect(await refusalOf(target)).toBe('none');
  });

  it('is removed when it fails, and the store goes on', async () => {
    const failing = store.backup(target, {
      onProgress() {
        throw new Error('enough');
      },
    });
    await expect(failing).rejects.toMatchObject({
      code: 'SLUICE_LEVEL_BACKUP_FAILED',
      message: expect.stringContaining('enough'),
    });
    expect(existsSync(target)).toBe(false);
    await store.commit([saveSession(3)]);
    await store.backup(target);
    expect(await clientIds(target)).toEqual(['client-1', 'client-2', 'client-3']);
  });

  it('leaves a directory that was there, empty', async () => {
    await mkdir(target, { recursive: true });
    await installFailingBatch();
    failNextBatches();
    await expect(store.backup(target)).rejects.toMatchObject({
      code: 'SLUICE_LEVEL_BACKUP_FAILED',
      message: expect.stringContaining('No space left'),
    });
    expect(await readdir(target)).toEqual([]);
  });

  it('ends with the store: close does not wait for it', async () => {
    await store.commit(fillQueue(1, 2000, 10));
    let steps = 0;
    let closed: Promise<void> | undefined;
    const backup = store.backup(target, {
      onProgress() {
        steps++;
        if (steps === 2) closed = store.close();
      },
    });
    await expect(backup).rejects.toMatchObject({
      code: 'SLUICE_LEVEL_BACKUP_FAILED',
      message: expect.stringContaining('the store was closed'),
    });
    await closed;
    expect(steps).toBe(2);
    expect(existsSync(target)).toBe(false);
    expect(await clientIds(path)).toEqual(['client-1', 'client-2']);
  });

  it('ends when the database is closed under it, as it is after a failed write', async () => {
    await store.commit(fillQueue(1, 2000, 10));
    await store.close();
    await withDatabase(path, async (database) => {
      let steps = 0;
      let closed: Promise<void> | undefined;
      const takeSource = async () => ({ database, snapshot: database.snapshot() });
      const backup = writeBackup(path, target, takeSource, {
        onProgress() {
          steps++;
          closed ??= database.close();
        },
      });
      await expect(backup).rejects.toMatchObject({ code: 'SLUICE_LEVEL_BACKUP_FAILED' });
      await closed;
      expect(steps).toBe(1);
    });
    expect(existsSync(target)).toBe(false);
  });
});

describe('the directory of a backup', () => {
  const refused = { code: 'SLUICE_LEVEL_BACKUP_TARGET' };

  it('has to be empty', async () => {
    await mkdir(target, { recursive: true });
    await writeFile(join(target, 'mine'), '');
    await expect(store.backup(target)).rejects.toMatchObject(refused);
    expect(await readdir(target)).toEqual(['mine']);
  });

  it('is not a file', async () => {
    target = join(directory, 'file');
    await writeFile(target, '');
    await expect(store.backup(target)).rejects.toMatchObject(refused);
  });

  it('is not used twice, neither later nor at the same time', async () => {
    const both = await Promise.allSettled([store.backup(target), store.backup(target)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both).toContainEqual({
      status: 'rejected',
      reason: expect.objectContaining(refused),
    });
    await expect(store.backup(target)).rejects.toMatchObject(refused);
    expect(await clientIds(target)).toEqual(['client-1', 'client-2']);
  });

  it.each(['', 'inner', join('store', 'inner')])('is not the store itself, at %j', async (name) => {
    await expect(store.backup(join(path, name))).rejects.toMatchObject(refused);
    await expect(store.commit([saveSession(3)])).resolves.toBeUndefined();
  });

  it('can be written', async () => {
    await writeFile(join(directory, 'file'), '');
    await expect(store.backup(join(directory, 'file', 'deeper'))).rejects.toMatchObject({
      code: 'SLUICE_LEVEL_UNWRITABLE',
    });
    await expect(store.backup(undefined as never)).rejects.toMatchObject({
      code: 'SLUICE_LEVEL_OPTIONS',
    });
  });
});

describe('restoring', () => {
  /** Goes on after the backup: one more start, one more session, one message less. */
  async function goOn(): Promise<void> {
    await store.close();
    await withStore(path, async (later) => {
      await later.commit([saveSession(3), { type: 'store', message: message(20) }]);
      await later.commit([enqueue(3, 0, 20)]);
    });
  }

  it('by the whole directory goes back to that moment', async () => {
    await store.backup(target);
    await goOn();
    await rm(path, { recursive: true });
    await cp(target, path, { recursive: true });
    expect(await clientIds(path)).toEqual(['client-1', 'client-2']);
    expect(await clientIds(path)).toEqual(['client-1', 'client-2']);
  });

  it('with the database alone is refused, be it after another start or not', async () => {
    await store.backup(target);
    await store.close();
    const swapped = join(directory, 'swapped');
    await cp(path, swapped, { recursive: true });
    await rm(databasePath(swapped), { recursive: true });
    await cp(databasePath(target), databasePath(swapped), { recursive: true });
    expect(await refusalOf(swapped)).toBe('SLUICE_LEVEL_ROLLED_BACK');
    await goOn();
    await rm(databasePath(path), { recursive: true });
    await cp(databasePath(target), databasePath(path), { recursive: true });
    expect(await refusalOf(path)).toBe('SLUICE_LEVEL_ROLLED_BACK');
  });

  it('with the epoch file alone is refused as well', async () => {
    await store.backup(target);
    await store.close();
    await cp(join(target, 'epoch'), join(path, 'epoch'));
    expect(await refusalOf(path)).toBe('SLUICE_LEVEL_ROLLED_BACK');
  });

  it('under a plug-in that goes on brings back the sessions that ended since', async () => {
    await store.backup(target);
    await store.commit([endSession(1)]);
    await store.close();
    await rm(path, { recursive: true });
    await cp(target, path, { recursive: true });
    await store.open();
    await store.commit([{ type: 'store', message: message(20) }, enqueue(1, 3, 20)]);
    const queue = await store.readQueue(1, -1, 10);
    expect(queue.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3]);
  });

  it('gives out the numbers of that moment again', async () => {
    await store.backup(target);
    const open = async (at: string): Promise<Snapshot> => {
      const opened = new LevelPersistence({ path: at });
      const snapshot = await opened.open();
      await opened.close();
      return snapshot;
    };
    const { nextMessageNumber, nextSessionNumber } = await open(target);
    expect({ nextMessageNumber, nextSessionNumber }).toEqual({
      nextMessageNumber: 10,
      nextSessionNumber: 3,
    });
  });
});

describe('a backup without a broker', () => {
  it('is the same', async () => {
    await store.close();
    await backupStore({ path, to: target });
    expect(await clientIds(target)).toEqual(['client-1', 'client-2']);
  });

  it('is refused while a broker has the store', async () => {
    await expect(backupStore({ path, to: target })).rejects.toMatchObject({
      code: 'SLUICE_LEVEL_LOCKED',
    });
    expect(existsSync(target)).toBe(false);
  });

  it('is refused where a broker would not start', async () => {
    const broken = await closedStore();
    await writeFile(join(broken, 'epoch'), 'broken');
    await expect(backupStore({ path: broken, to: target })).rejects.toMatchObject({
      code: 'SLUICE_LEVEL_CORRUPT',
    });
    expect(existsSync(target)).toBe(false);
  });
});
