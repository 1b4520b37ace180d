import { type DamageReport, LevelPersistence, level } from '@sluice/persistence-level';
import {
  BrokerError,
  type Persistence,
  type PluginContext,
  type Services,
  type Snapshot,
} from '@sluice/plugin';
import { Level } from 'level';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  dequeue,
  endSession,
  enqueue,
  fillQueue,
  message,
  saveSession,
  saveWill,
  subscribe,
} from './operations.ts';
import { damageRecords, keysOf, withDatabase } from './raw-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

interface Opened {
  readonly persistence: LevelPersistence;
  readonly snapshot: Snapshot;
  readonly reports: DamageReport[];
}

async function open(path: string): Promise<Opened> {
  const reports: DamageReport[] = [];
  const persistence = new LevelPersistence({
    path,
    durability: 'write',
    onCorrupt: (report) => reports.push(report),
  });
  return { persistence, snapshot: await persistence.open(), reports };
}

/** A closed store with a record of each kind. */
async function fullStore(): Promise<string> {
  const path = await temporaryDirectory();
  const { persistence } = await open(path);
  await persistence.commit([
    saveSession(1, 'c'),
    ...fillQueue(1, 3),
    subscribe(1, 'a/#'),
    { type: 'receive', session: 1, packetId: 7 },
    { type: 'retain', message: message(9, { topic: 'kept' }) },
    saveWill(1),
  ]);
  await persistence.close();
  return path;
}

function contents(snapshot: Snapshot): Record<string, number> {
  const sessions = [...snapshot.sessions];
  return {
    sessions: sessions.length,
    queued: sessions[0]?.queued ?? 0,
    subscriptions: [...snapshot.subscriptions].length,
    received: [...snapshot.received].length,
    retained: [...snapshot.retained].length,
    wills: [...snapshot.wills].length,
  };
}

const whole = { sessions: 1, queued: 3, subscriptions: 1, received: 1, retained: 1, wills: 1 };
const withoutSession = { ...whole, sessions: 0, queued: 0, subscriptions: 0, received: 0 };

describe('a damaged record is put aside and reported once', () => {
  const cases: [string, string, object, string[]][] = [
    ['s', 'session', withoutSession, ['c']],
    ['b', 'subscription', { ...whole, subscriptions: 0 }, ['session 1, filter a/#']],
    ['i', 'received', { ...whole, received: 0 }, ['session 1, packet ids 0 to 31']],
    ['r', 'retained', { ...whole, retained: 0 }, ['kept']],
    ['w', 'will', { ...whole, wills: 0 }, ['1']],
    ['q', 'queue', { ...whole, queued: 0 }, ['session 1, sequences 0 to 31']],
  ];
  it.each(cases)('under %s: %s', async (prefix, kind, expected, keys) => {
    const path = await fullStore();
    await damageRecords(path, prefix);
    const first = await open(path);
    expect(contents(first.snapshot)).toEqual(expected);
    expect(first.reports.map((report) => report.kind)).toEqual(keys.map(() => kind));
    expect(first.reports.map(({ key }) => key)).toEqual(keys);
    expect(first.reports[0]?.reason).toBe('its checksum does not match');
    await first.persistence.close();
    expect(await keysOf(path, 'z')).toHaveLength(keys.length);
    const second = await open(path);
    expect(second.reports).toEqual([]);
    await second.persistence.close();
  });

  it('in a message: neither delivered nor in the way of those behind it', async () => {
    const path = await fullStore();
    await damageRecords(path, 'm');
    const { persistence, reports, snapshot } = await open(path);
    expect(contents(snapshot)).toEqual(whole);
    await persistence.commit([{ type: 'store', message: message(10) }, enqueue(1, 3, 10)]);
    const window = await persistence.readQueue(1, -1, 1);
    expect(window.map(({ sequence }) => sequence)).toEqual([3]);
    expect(window[0]?.message?.number).toBe(10);
    expect(reports.filter(({ kind }) => kind === 'message').map(({ key }) => key)).toEqual([
      '1',
      '2',
      '3',
    ]);
    await persistence.readQueue(1, -1, 10);
    expect(reports).toHaveLength(6);
    await persistence.close();
    const reopened = await open(path);
    expect([...reopened.snapshot.sessions][0]).toMatchObject({ queued: 1, nextSequence: 4 });
    await reopened.persistence.close();
  });

  it('found under the key of another session', async () => {
    const path = await fullStore();
    await withDatabase(path, async (database) => {
      for (const [key, value] of await database.iterator().all()) {
        if (key[0] !== 'q'.charCodeAt(0)) continue;
        await database.del(key);
        key[8] = 2;
        await database.put(key, value);
      }
      const [key, value] = (await database.iterator({ gte: Buffer.from('s') }).all())[0] ?? [];
      expect(key?.toString()).toBe('sc');
      await database.put(Buffer.from('sother'), value ?? Buffer.alloc(0));
    });
    const { persistence, reports } = await open(path);
    expect(reports.map(({ kind }) => kind).sort()).toEqual(['queue', 'session']);
    await persistence.close();
  });

  it('of a session, whose other records then stay to be looked at', async () => {
    const path = await fullStore();
    await damageRecords(path, 's');
    const { persistence } = await open(path);
    await persistence.commit([saveSession(2)]);
    await persistence.close();
    expect(await keysOf(path, 'q')).toHaveLength(1);
  });

  it('with the next numbers in it: they go on far above those in use', async () => {
    const path = await fullStore();
    await damageRecords(path, '\0');
    await expect(open(path)).rejects.toMatchObject({ code: 'SLUICE_LEVEL_CORRUPT' });
    const persistence = new LevelPersistence({ path, repair: true });
    const snapshot = await persistence.open();
    expect(snapshot.nextMessageNumber).toBeGreaterThan(2 ** 40);
    expect(snapshot.nextSessionNumber).toBeGreaterThan(2 ** 40);
    expect(contents(snapshot)).toEqual(whole);
    await persistence.close();
  });
});

it('a record that was replaced before it could be put aside stays', async () => {
  const path = await fullStore();
  await damageRecords(path, 'm');
  const { persistence } = await open(path);
  const reading = persistence.readQueue(1, -1, 1);
  await persistence.commit([{ type: 'store', message: message(3) }, enqueue(1, 3, 3)]);
  await reading;
  await persistence.commit([dequeue(1, 0, 1)]);
  const window = await persistence.readQueue(1, 2, 1);
  expect(window[0]?.message?.number).toBe(3);
  await persistence.close();
});

it('the plug-in reports damage as an error of the broker and to onCorrupt', async () => {
  const path = await fullStore();
  await damageRecords(path, 'r');
  const errors: Error[] = [];
  const reports: DamageReport[] = [];
  const provided: Partial<Services> = {};
  const context: Pick<PluginContext, 'provide' | 'reportError'> = {
    provide: (name, service) => {
      provided[name] = service;
    },
    reportError: (error) => errors.push(error),
  };
  const plugin = level({ path, onCorrupt: (report) => reports.push(report) });
  await plugin.setup(context as PluginContext);
  await provided.persistence?.open();
  await provided.persistence?.close();
  expect(errors).toHaveLength(1);
  expect(errors[0]).toBeInstanceOf(BrokerError);
  expect(errors[0]).toMatchObject({ code: 'SLUICE_LEVEL_DAMAGED_RECORD' });
  expect(reports).toEqual([
    { kind: 'retained', key: 'kept', reason: 'its checksum does not match' },
  ]);
});

it('what onCorrupt throws is an error of the broker, and the store goes on', async () => {
  const path = await fullStore();
  for (const prefix of ['r', 'm']) await damageRecords(path, prefix);
  const errors: Error[] = [];
  const provided: Partial<Services> = {};
  const context: Pick<PluginContext, 'provide' | 'reportError'> = {
    provide: (name, service) => {
      provided[name] = service;
    },
    reportError: (error) => errors.push(error),
  };
  const fail = (kind: string): never => {
    throw new Error(`nobody to tell of ${kind}`);
  };
  const plugin = level({
    path,
    onCorrupt: ({ kind }) => (kind === 'retained' ? fail(kind) : Promise.resolve(kind).then(fail)),
  });
  await plugin.setup(context as PluginContext);
  const persistence = provided.persistence as Persistence;
  await persistence.open();
  expect(await persistence.readQueue(1, -1, 10)).toEqual([]);
  await persistence.close();
  const told = errors.filter((error) => !(error instanceof BrokerError)).map(String);
  expect(told.slice(0, 2)).toEqual([
    'Error: nobody to tell of retained',
    'Error: nobody to tell of message',
  ]);
  expect(errors.filter((error) => error instanceof BrokerError)).toHaveLength(told.length);
});

it('a session that ends and is swept while its queue is read has lost nothing', async () => {
  const { persistence, reports } = await open(await temporaryDirectory());
  await persistence.commit([saveSession(1), ...fillQueue(1, 3)]);
  const { getMany } = Level.prototype;
  const reading = vi.spyOn(Level.prototype, 'getMany');
  onTestFinished(() => reading.mockRestore());
  reading.mockImplementationOnce(async function (this: Level, ...given) {
    await persistence.commit([endSession(1)]);
    await persistence.idle();
    return await getMany.apply(this, given);
  });
  expect(await persistence.readQueue(1, -1, 10)).toEqual([]);
  expect(reports).toEqual([]);
  await persistence.close();
});
