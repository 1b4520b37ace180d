import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkStore, LevelPersistence, repairStore } from '@sluice/persistence-level';
import { describe, expect, it } from 'vitest';
import { Random, RandomHistory } from '../../plugin/src/testing/persistence-history.ts';
import { ByteWriter } from '../src/records/byte-writer.ts';
import { identityKey, numberKey, numbersKey, Prefix, sessionKey } from '../src/records/keys.ts';
import { writeIdentity, writeNumbers, writeSession } from '../src/records/records.ts';
import { failNextBatches, installFailingBatch } from './failing-batch.ts';
import { closedStore, fullContents, fullCounts, withStore } from './full-store.ts';
import { dequeue, endSession, enqueue, fillQueue, saveSession, saveWill } from './operations.ts';
import {
  cutTables,
  damageRecords,
  databasePath,
  filesOf,
  spoil,
  withDatabase,
} from './raw-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** The problems of a store, by how many records have them. */
async function problemsOf(path: string): Promise<Record<string, number>> {
  const { problems, healthy, refusal } = await checkStore({ path });
  expect(healthy).toBe(problems.length === 0 && refusal === undefined);
  return Object.fromEntries(problems.map(({ problem, count }) => [problem, count]));
}

async function removeKeys(path: string, prefix: string): Promise<void> {
  await withDatabase(path, async (database) => {
    for (const key of await database.keys().all()) {
      if (key[0] === prefix.charCodeAt(0)) await database.del(key);
    }
  });
}

describe('a healthy store', () => {
  it('is counted by kind', async () => {
    const path = await closedStore();
    const report = await checkStore({ path });
    expect(report).toMatchObject({ path, healthy: true, refusal: undefined, problems: [] });
    expect(report.records).toMatchObject(fullCounts);
  });

  it.each([1, 2, 3, 4, 5])('is what any history leaves behind, seed %i', async (seed) => {
    const history = new RandomHistory(new Random(seed));
    const path = join(await temporaryDirectory(), 'data');
    await withStore(path, async (store) => {
      for (let i = 0; i < 300; i++) await store.commit(history.draw());
    });
    const { sessions, retained, wills } = history.model;
    const { healthy, problems, records } = await checkStore({ path });
    expect({ healthy, problems }).toEqual({ healthy: true, problems: [] });
    const queued = [...sessions.values()].reduce((sum, { queue }) => sum + queue.size, 0);
    expect(records).toMatchObject({
      session: sessions.size,
      ...(queued > 0 && { queue: queued }),
      ...(retained.size > 0 && { retained: retained.size }),
      ...(wills.size > 0 && { will: wills.size }),
    });
  });

  it('may have been stopped right after the start that followed a crash', async () => {
    const path = join(await temporaryDirectory(), 'data');
    await withStore(path, async (store) => {
      await store.commit([saveSession(1), ...fillQueue(1, 5_000)]);
      await store.commit([endSession(1)]);
      await store.idle();
      await cp(path, `${path}.image`, { recursive: true });
    });
    const store = new LevelPersistence({ path: `${path}.image`, durability: 'write' });
    await store.open();
    await store.close();
    expect(await problemsOf(`${path}.image`)).toEqual({});
  });

  it('may have messages that only the journal of a swept session still names', async () => {
    await installFailingBatch();
    const path = join(await temporaryDirectory(), 'data');
    const image = `${path}.image`;
    await withStore(path, async (store) => {
      await store.commit([saveSession(1), saveSession(2), ...fillQueue(1, 1), enqueue(2, 0, 1)]);
      await store.commit([endSession(1)]);
      await store.idle();
      await cp(path, image, { recursive: true });
    });
    await withStore(image, async (store) => {
      failNextBatches({ only: 'others', count: 100 });
      await store.commit([dequeue(2, 0, 1)]);
      await cp(image, `${image}.image`, { recursive: true });
      failNextBatches({ count: 0 });
    });
    expect(await problemsOf(`${image}.image`)).toEqual({});
  });

  it('may have sessions that ended and are not swept yet', async () => {
    const path = await closedStore([saveSession(1), ...fillQueue(1, 5000)]);
    const store = new LevelPersistence({ path, durability: 'write' });
    await store.open();
    await store.commit([endSession(1)]);
    await store.close();
    const { healthy, records } = await checkStore({ path });
    expect(healthy).toBe(true);
    expect(records.ended).toBe(1);
  });

  it('may be in the middle of a sweep', async () => {
    await installFailingBatch();
    const [path, backup] = [await temporaryDirectory(), join(await temporaryDirectory(), 'backup')];
    await withStore(path, async (store) => {
      await store.commit([saveSession(1), saveSession(2), ...fillQueue(1, 3000)]);
      failNextBatches({ only: 'others', skip: 1 });
      await store.commit([endSession(1)]);
      await store.idle();
      await store.backup(backup);
    });
    const { records, problems } = await checkStore({ path: backup });
    expect(records).toMatchObject({ ended: 1, journal: 1 });
    expect(problems).toEqual([]);
  });

  it('may have the will of a session that ends with its connection', async () => {
    expect(await problemsOf(await closedStore([saveWill(8)]))).toEqual({});
  });

  it('may be empty, and may have put records aside before', async () => {
    const path = await closedStore([saveSession(1)]);
    await damageRecords(path, 's');
    await withStore(path, () => Promise.resolve());
    expect((await checkStore({ path })).records).toMatchObject({ quarantined: 1 });
    expect(await problemsOf(path)).toEqual({});
  });

  it('is not changed by the check', async () => {
    const path = await closedStore();
    await damageRecords(path, 'r');
    const contents = () => withDatabase(path, (database) => database.iterator().all());
    const before = [await contents(), await readFile(join(path, 'epoch'), 'utf8')];
    await checkStore({ path });
    expect([await contents(), await readFile(join(path, 'epoch'), 'utf8')]).toEqual(before);
  });

  it('tells its progress', async () => {
    const path = await closedStore([saveSession(1), ...fillQueue(1, 12_000)]);
    const told: [string, number][] = [];
    await checkStore({ path, onProgress: (...progress) => told.push(progress) });
    expect(told.at(0)).toEqual(['session', 1]);
    expect(told).toContainEqual(['queue', 12_000]);
    expect(told).toContainEqual(['message', 12_000]);
  });
});

describe('a check finds', () => {
  const damage: [prefix: string, kind: string, keys: string[], alsoFound: object][] = [
    ['s', 'session', ['client-1', 'client-2'], { orphaned: 6, unreferenced: 3 }],
    ['b', 'subscription', ['session 1, filter a/#'], {}],
    ['i', 'received', ['session 1, packet ids 0 to 31'], {}],
    ['r', 'retained', ['kept'], {}],
    ['w', 'will', ['1'], {}],
    ['m', 'message', ['1', '2', '3'], { missingMessage: 4 }],
    [
      'q',
      'queue',
      ['session 1, sequences 0 to 31', 'session 2, sequences 0 to 31'],
      { unreferenced: 3 },
    ],
  ];
  it.each(damage)('flipped bits under %s: %s', async (prefix, kind, keys, alsoFound) => {
    const path = await closedStore();
    await damageRecords(path, prefix);
    expect(await problemsOf(path)).toEqual({ damaged: keys.length, ...alsoFound });
    const { problems } = await checkStore({ path });
    const reason = 'its checksum does not match';
    expect(problems.find(({ problem }) => problem === 'damaged')?.examples).toEqual(
      keys.map((key) => ({ kind, key, reason })),
    );
  });

  it('entries of queues whose message is gone, once for each queue', async () => {
    const path = await closedStore();
    await withDatabase(path, (database) => database.del(numberKey(Prefix.message, 2)));
    expect(await problemsOf(path)).toEqual({ missingMessage: 2 });
    const { problems } = await checkStore({ path });
    expect(problems[0]?.examples).toEqual([
      {
        kind: 'queue',
        key: 'session 1, sequence 1',
        reason: 'its message 2 is missing or damaged',
      },
      {
        kind: 'queue',
        key: 'session 2, sequence 0',
        reason: 'its message 2 is missing or damaged',
      },
    ]);
  });

  it('messages that are in no queue', async () => {
    const path = await closedStore();
    await removeKeys(path, 'q');
    expect(await problemsOf(path)).toEqual({ unreferenced: 3 });
  });

  it('what belongs to a session that is not there', async () => {
    const path = await closedStore();
    await withDatabase(path, (database) => database.del(sessionKey('client-1')));
    // Message 2 is in the queue of the other session, too.
    expect(await problemsOf(path)).toEqual({ orphaned: 5, unreferenced: 2 });
  });

  it('two sessions with one number', async () => {
    const path = await closedStore();
    const key = sessionKey('client-3');
    const writer = new ByteWriter().start();
    const record = {
      session: 1,
      identity: '',
      expiryInterval: 1,
      disconnectedAt: undefined,
      sentBefore: 0,
    };
    writeSession(writer, { ...record, clientId: 'client-3' });
    await withDatabase(path, (database) => database.put(key, writer.seal(key)));
    expect(await problemsOf(path)).toEqual({ sharedNumber: 1 });
  });

  it.each([
    ['message', { message: 9, session: 3 }],
    ['session', { message: 10, session: 2 }],
  ])('a next %s number that is in use', async (_, next) => {
    const path = await closedStore();
    const writer = new ByteWriter().start();
    writeNumbers(writer, next);
    await withDatabase(path, (database) => database.put(numbersKey, writer.seal(numbersKey)));
    expect(await problemsOf(path)).toEqual({ numbersBehind: 1 });
  });

  it('next numbers that are missing, or damaged', async () => {
    const path = await closedStore();
    await withDatabase(path, (database) => database.put(numbersKey, Buffer.from('123456789')));
    expect(await problemsOf(path)).toEqual({ numbersBehind: 1 });
    await withDatabase(path, (database) => database.del(numbersKey));
    expect(await problemsOf(path)).toEqual({ numbersBehind: 1 });
  });

  it('records that are none of ours, also with keys that are cut short', async () => {
    const path = await closedStore();
    await withDatabase(path, async (database) => {
      for (const key of ['a', 'zz', 'q', 'g1', '\xff\xff', '\0x']) {
        await database.put(Buffer.from(key, 'latin1'), Buffer.from('value'));
      }
    });
    expect(await problemsOf(path)).toEqual({ damaged: 5 });
    const { problems } = await checkStore({ path });
    expect(problems[0]?.examples.map(({ key }) => key).sort()).toEqual(
      ['61', '71', '6731', 'ffff', '0078'].sort(),
    );
  });

  it('any number of problems, with examples of the first hundred', async () => {
    const path = await closedStore([saveSession(1), ...fillQueue(1, 150)]);
    await damageRecords(path, 'm');
    const { problems } = await checkStore({ path });
    expect(problems.map(({ count, examples }) => [count, examples.length])).toEqual([
      [150, 100],
      [150, 100],
    ]);
  });
});

describe('what keeps a broker from starting is part of the report', () => {
  const refusalOf = async (path: string) => (await checkStore({ path })).refusal?.code;

  async function expectSameAsOpen(path: string, code: string): Promise<void> {
    expect(await refusalOf(path)).toBe(code);
    await expect(new LevelPersistence({ path }).open()).rejects.toMatchObject({ code });
  }

  it('an epoch file that is damaged', async () => {
    const path = await closedStore();
    await writeFile(join(path, 'epoch'), 'nonsense');
    await expectSameAsOpen(path, 'SLUICE_LEVEL_CORRUPT');
    expect((await checkStore({ path })).records).toMatchObject(fullCounts);
  });

  it('a database that is gone, without making a new one', async () => {
    const path = await closedStore();
    await rm(databasePath(path), { recursive: true });
    expect(await refusalOf(path)).toBe('SLUICE_LEVEL_ROLLED_BACK');
    await expect(readFile(databasePath(path))).rejects.toMatchObject({ code: 'ENOENT' });
    await mkdir(databasePath(path));
    expect(await refusalOf(path)).toBe('SLUICE_LEVEL_ROLLED_BACK');
  });

  it('an older copy, or another store', async () => {
    const path = await closedStore();
    const old = join(path, '..', 'old');
    await cp(databasePath(path), old, { recursive: true });
    await withStore(path, () => Promise.resolve());
    await rm(databasePath(path), { recursive: true });
    await cp(old, databasePath(path), { recursive: true });
    await expectSameAsOpen(path, 'SLUICE_LEVEL_ROLLED_BACK');
    await rm(databasePath(path), { recursive: true });
    await cp(databasePath(await closedStore()), databasePath(path), { recursive: true });
    await expectSameAsOpen(path, 'SLUICE_LEVEL_ROLLED_BACK');
  });

  it('an identity that is lost or damaged', async () => {
    const path = await closedStore();
    await withDatabase(path, (database) => database.put(identityKey, Buffer.from('123456789')));
    await expectSameAsOpen(path, 'SLUICE_LEVEL_CORRUPT');
    await withDatabase(path, (database) => database.del(identityKey));
    await expectSameAsOpen(path, 'SLUICE_LEVEL_ROLLED_BACK');
  });

  it('files of LevelDB that are lost', async () => {
    const path = await closedStore();
    await rm(join(databasePath(path), 'CURRENT'));
    await expectSameAsOpen(path, 'SLUICE_LEVEL_ROLLED_BACK');
  });

  it('a log that is damaged; it is not opened, as that would remove it', async () => {
    const path = await closedStore();
    const [log = ''] = await filesOf(path, '.log');
    await spoil(log, 0.4);
    const before = await readFile(log);
    await expectSameAsOpen(path, 'SLUICE_LEVEL_CORRUPT');
    expect(await checkStore({ path })).toMatchObject({ complete: false, records: {} });
    expect(await readFile(log)).toEqual(before);
  });

  it('a table that LevelDB cannot read', async () => {
    const path = await closedStore();
    await cutTables(path);
    expect(await refusalOf(path)).toBe('SLUICE_LEVEL_CORRUPT');
  });
});

describe('a check cannot run', () => {
  const check = async (path: string) =>
    await checkStore({ path }).then(
      () => 'none',
      ({ code }) => code,
    );

  it('where there is no store', async () => {
    const directory = await temporaryDirectory();
    expect(await check(directory)).toBe('SLUICE_LEVEL_MISSING');
    expect(await check(join(directory, 'nowhere'))).toBe('SLUICE_LEVEL_MISSING');
    await mkdir(databasePath(directory));
    expect(await check(directory)).toBe('SLUICE_LEVEL_MISSING');
    await rm(databasePath(directory), { recursive: true });
    await withDatabase(directory, () => Promise.resolve());
    expect(await check(directory)).toBe('SLUICE_LEVEL_MISSING');
  });

  it('where a file cannot be read', async () => {
    const path = await closedStore();
    const [log = ''] = await filesOf(path, '.log');
    await rm(log);
    // As a file that this user may not read, which a test that runs as root cannot have.
    await mkdir(log);
    expect(await check(path)).toBe('SLUICE_LEVEL_UNWRITABLE');
    await expect(repairStore({ path })).rejects.toMatchObject({ code: 'SLUICE_LEVEL_UNWRITABLE' });
  });

  it('while a broker has the store', async () => {
    const path = await closedStore(fullContents);
    await withStore(path, async () => {
      await expect(checkStore({ path })).rejects.toMatchObject({
        code: 'SLUICE_LEVEL_LOCKED',
        message: expect.stringContaining('stop it first'),
      });
    });
  });

  it('on a newer format, or the database of another program', async () => {
    const path = await closedStore();
    const writer = new ByteWriter().start();
    writeIdentity(writer, { format: 99, storeId: 'x', epoch: 9 });
    await withDatabase(path, (database) => database.put(identityKey, writer.seal(identityKey)));
    expect(await check(path)).toBe('SLUICE_LEVEL_FORMAT');
    const foreign = await temporaryDirectory();
    await withDatabase(foreign, (database) => database.put(Buffer.from('a'), Buffer.from('b')));
    expect(await check(foreign)).toBe('SLUICE_LEVEL_FORMAT');
  });

  it('without a path', async () => {
    await expect(checkStore({ path: '' })).rejects.toMatchObject({ code: 'SLUICE_LEVEL_OPTIONS' });
  });
});
