import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkStore, LevelPersistence, repairStore } from '@sluice/persistence-level';
import type { Snapshot } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { identityKey, numberKey, numbersKey, Prefix, sessionKey } from '../src/records/keys.ts';
import { closedStore, fullContents, fullCounts, withStore } from './full-store.ts';
import { fillQueue, saveSession } from './operations.ts';
import {
  cutTables,
  damageRecords,
  databasePath,
  filesOf,
  keysOf,
  spoil,
  tablesOf,
  withDatabase,
} from './raw-database.ts';

const nothing = {
  tablesReplaced: [],
  putAside: 0,
  referencesDropped: 0,
  orphansRemoved: 0,
  messagesRemoved: 0,
};

/** Repairs, and expects that nothing is wrong then, and that a broker starts. */
async function repaired(path: string): Promise<object> {
  const { before, after, path: at, ...report } = await repairStore({ path });
  expect(at).toBe(path);
  expect(before.healthy).toBe(false);
  expect(after).toMatchObject({ healthy: true, problems: [], refusal: undefined });
  expect(await checkStore({ path })).toEqual(after);
  expect(await repairStore({ path })).toMatchObject({ wasNeeded: false });
  await withStore(path, () => Promise.resolve());
  expect(await checkStore({ path })).toMatchObject({ healthy: true });
  return report;
}

async function contents(path: string): Promise<Record<string, number>> {
  const { records } = await checkStore({ path });
  const { other, ended, ...rest } = records;
  return rest;
}

async function openOnce(path: string): Promise<Snapshot> {
  const store = new LevelPersistence({ path, durability: 'write' });
  const snapshot = await store.open();
  await store.close();
  return snapshot;
}

it('a healthy store is left alone, to the last byte', async () => {
  const path = await closedStore();
  const all = () => withDatabase(path, (database) => database.iterator().all());
  const before = [await all(), await readFile(join(path, 'epoch'), 'utf8')];
  const report = await repairStore({ path });
  expect(report).toMatchObject({ wasNeeded: false, salvaged: false, ...nothing });
  expect(report.after).toEqual(report.before);
  expect([await all(), await readFile(join(path, 'epoch'), 'utf8')]).toEqual(before);
});

describe('what is damaged is put aside, and nothing else is lost', () => {
  const { queue, message, session, subscription, received, ...others } = fullCounts;
  const cases: [prefix: string, report: object, left: object][] = [
    ['b', { putAside: 1 }, { queue, message, session, received, ...others }],
    ['i', { putAside: 1 }, { queue, message, session, subscription, ...others }],
    ['r', { putAside: 1 }, { ...fullCounts, retained: undefined }],
    ['w', { putAside: 1 }, { ...fullCounts, will: undefined }],
    ['q', { putAside: 2, messagesRemoved: 3 }, { session, subscription, received, ...others }],
    ['m', { putAside: 3, referencesDropped: 4 }, { session, subscription, received, ...others }],
    ['s', { putAside: 2, orphansRemoved: 6, messagesRemoved: 3 }, others],
  ];
  it.each(cases)('under %s', async (prefix, report, left) => {
    const path = await closedStore();
    await damageRecords(path, prefix);
    const quarantined = (await keysOf(path, prefix)).length;
    expect(await repaired(path)).toEqual({
      wasNeeded: true,
      salvaged: false,
      ...nothing,
      ...report,
    });
    const expected = Object.entries({ ...left, quarantined });
    expect(await contents(path)).toEqual(
      Object.fromEntries(expected.filter(([, count]) => count !== undefined)),
    );
  });

  it('in one queue: the others keep the message', async () => {
    const path = await closedStore();
    await withDatabase(path, (database) => database.del(sessionKey('client-1')));
    expect(await repaired(path)).toMatchObject({ orphansRemoved: 5, messagesRemoved: 2 });
    await withStore(path, async (store) => {
      expect(await store.readQueue(2, -1, 9)).toMatchObject([{ message: { number: 2 } }]);
    });
  });

  it('in one message: the rest of the queue stays in order', async () => {
    const path = await closedStore();
    await withDatabase(path, (database) => database.del(numberKey(Prefix.message, 2)));
    expect(await repaired(path)).toMatchObject({ referencesDropped: 2 });
    await withStore(path, async (store) => {
      expect(await store.readQueue(1, -1, 9)).toMatchObject([{ sequence: 0 }, { sequence: 2 }]);
    });
  });

  it('in thousands of records, too', async () => {
    const path = await closedStore([saveSession(1), ...fillQueue(1, 1100)]);
    await damageRecords(path, 'm');
    expect(await repaired(path)).toMatchObject({ putAside: 1100, referencesDropped: 1100 });
  });

  it('with a key that is none', async () => {
    const path = await closedStore();
    await withDatabase(path, (database) => database.put(Buffer.from('?'), Buffer.from('!')));
    expect(await repaired(path)).toMatchObject({ ...nothing, putAside: 1 });
    expect(await keysOf(path, 'z')).toEqual([Buffer.from('z?')]);
  });
});

it.each(['lost', 'damaged'])(
  'next numbers that are %s go on far above those in use',
  async (how) => {
    const path = await closedStore();
    await withDatabase(path, (database) =>
      how === 'lost' ? database.del(numbersKey) : database.put(numbersKey, Buffer.from('12345678')),
    );
    await repaired(path);
    const { nextMessageNumber, nextSessionNumber } = await openOnce(path);
    expect(nextMessageNumber).toBeGreaterThan(2 ** 40);
    expect(nextSessionNumber).toBeGreaterThan(2 ** 40);
  },
);

describe('a store that is refused is accepted as it is', () => {
  it('with a damaged epoch file', async () => {
    const path = await closedStore();
    await writeFile(join(path, 'epoch'), 'nonsense');
    expect(await repaired(path)).toEqual({ wasNeeded: true, salvaged: false, ...nothing });
    expect(await contents(path)).toEqual(fullCounts);
  });

  it('with a damaged or lost identity', async () => {
    const path = await closedStore();
    await withDatabase(path, (database) => database.put(identityKey, Buffer.from('12345678')));
    await repaired(path);
    await withDatabase(path, (database) => database.del(identityKey));
    await repaired(path);
    expect(await contents(path)).toEqual(fullCounts);
  });

  it('when it is an older copy, and the newer one is refused from then on', async () => {
    const path = await closedStore();
    const [old, newer] = [join(path, '..', 'old'), join(path, '..', 'newer')];
    await cp(databasePath(path), old, { recursive: true });
    await withStore(path, (store) => Promise.resolve(store.commit([saveSession(3)])));
    await cp(databasePath(path), newer, { recursive: true });
    await rm(databasePath(path), { recursive: true });
    await cp(old, databasePath(path), { recursive: true });
    await repaired(path);
    expect(await contents(path)).toEqual(fullCounts);
    await rm(databasePath(path), { recursive: true });
    await cp(newer, databasePath(path), { recursive: true });
    expect((await checkStore({ path })).refusal?.code).toBe('SLUICE_LEVEL_ROLLED_BACK');
  });

  it('with files of LevelDB lost: it salvages them', async () => {
    const path = await closedStore();
    await rm(join(databasePath(path), 'CURRENT'));
    expect(await repaired(path)).toEqual({ wasNeeded: true, salvaged: true, ...nothing });
    expect(await contents(path)).toEqual(fullCounts);
  });

  it('with a table that cannot be read: it keeps what can be', async () => {
    const path = await closedStore([...fullContents, ...fillQueue(2, 500, 100)]);
    await cutTables(path);
    expect(await repaired(path)).toMatchObject({ salvaged: true });
  });

  it('with a log that is damaged at its end: it keeps what lies before', async () => {
    const path = await closedStore();
    await withStore(path, async (store) => store.commit([saveSession(3)]));
    const [log = ''] = await filesOf(path, '.log');
    await spoil(log, 0.9);
    expect(await repaired(path)).toEqual({ wasNeeded: true, salvaged: false, ...nothing });
    const { session: _, ...rest } = await contents(path);
    const { session, ...expected } = fullCounts;
    expect(rest).toEqual(expected);
  });

  it('with a log that is damaged before its end: it salvages it', async () => {
    const path = await closedStore();
    await withStore(path, async (store) => {
      for (let i = 3; i < 40; i++) await store.commit([saveSession(i)]);
    });
    const [log = ''] = await filesOf(path, '.log');
    await spoil(log, 0.5);
    expect(await repaired(path)).toMatchObject({ salvaged: true });
    expect(await contents(path)).toMatchObject({ queue: fullCounts.queue });
  });

  it.each([0.02, 0.2, 0.4, 0.6, 0.8])('with bytes overwritten at %f of a table', async (at) => {
    const path = await closedStore([...fullContents, ...fillQueue(2, 2000, 100)]);
    const [table = ''] = await tablesOf(path);
    await spoil(table, at);
    await repaired(path);
    // A block of some 100 records is what may go.
    const { message = 0 } = await contents(path);
    expect(message).toBeGreaterThan(1500);
  });

  it('with no database at all: nothing is left to keep', async () => {
    const path = await closedStore();
    await rm(databasePath(path), { recursive: true });
    expect(await repaired(path)).toMatchObject({ salvaged: true });
    expect(await contents(path)).toEqual({});
  });
});

describe('a repair cannot run', () => {
  it('where there is no store', async () => {
    const path = join(await closedStore(), 'nowhere');
    await expect(repairStore({ path })).rejects.toMatchObject({ code: 'SLUICE_LEVEL_MISSING' });
  });

  it('while a broker has the store', async () => {
    const path = await closedStore();
    await withStore(path, async () => {
      await expect(repairStore({ path })).rejects.toMatchObject({ code: 'SLUICE_LEVEL_LOCKED' });
    });
  });
});
