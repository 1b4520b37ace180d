import { LevelPersistence } from '@sluice/persistence-level';
import type { Operation } from '@sluice/plugin';
import { expect, it } from 'vitest';
import { Prefix, pageKey } from '../src/records/keys.ts';
import { enqueue, fillQueue, message, saveSession, subscribe } from './operations.ts';
import { keysOf, withDatabase } from './raw-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const strange = 'größe/温度/🌡/\u0000\u007f';

async function storeOf(operations: readonly Operation[]): Promise<string> {
  const path = await temporaryDirectory();
  const persistence = new LevelPersistence({ path, durability: 'write' });
  await persistence.open();
  await persistence.commit(operations);
  await persistence.close();
  return path;
}

async function reopen(path: string) {
  const reports: string[] = [];
  const persistence = new LevelPersistence({ path, onCorrupt: ({ key }) => reports.push(key) });
  const progress: [string, number][] = [];
  const snapshot = await persistence.open({
    onProgress: (what, records) => progress.push([what, records]),
  });
  const { sessions, subscriptions, received } = snapshot;
  const found = {
    sessions: [...sessions],
    subscriptions: [...subscriptions],
    received: [...received],
  };
  return { persistence, snapshot: found, reports, progress };
}

it('texts of any characters and numbers of any size come back', async () => {
  const far = 2 ** 53 - 2;
  const path = await storeOf([
    saveSession(far - 1, strange),
    subscribe(far - 1, strange),
    subscribe(far - 1, '+'),
    { type: 'receive', session: far - 1, packetId: 65_535 },
    { type: 'store', message: message(far - 1, { topic: strange }) },
    { ...enqueue(far - 1, far - 1, far - 1), sharedFilter: `$share/${strange}/#` } as Operation,
    { ...enqueue(far - 1, 2 ** 31, far - 1), subscriptionIdentifiers: [268_435_455] } as Operation,
  ]);
  const { persistence, snapshot, reports } = await reopen(path);
  expect(reports).toEqual([]);
  expect(snapshot.sessions).toMatchObject([
    { session: far - 1, clientId: strange, nextSequence: far, queued: 2 },
  ]);
  expect(snapshot.subscriptions.map(({ requested }) => requested).sort()).toEqual(['+', strange]);
  expect(snapshot.received).toEqual([{ session: far - 1, packetId: 65_535 }]);
  const queue = await persistence.readQueue(far - 1, -1, 10);
  expect(queue).toMatchObject([
    { sequence: 2 ** 31, subscriptionIdentifiers: [268_435_455] },
    { sequence: far - 1, sharedFilter: `$share/${strange}/#`, message: { topic: strange } },
  ]);
  await persistence.close();
});

it('keys and values beyond what is copied unit by unit come back', async () => {
  const names = ['long'.repeat(100), strange.repeat(20), 'x'.repeat(300) + strange, '\u0080'];
  const path = await storeOf(
    names.flatMap((name, i) => [saveSession(i + 1, name, name), subscribe(i + 1, name)]),
  );
  const { persistence, snapshot, reports } = await reopen(path);
  expect(reports).toEqual([]);
  const ids = (found: readonly { clientId: string; identity: string }[]) =>
    found.map(({ clientId, identity }) => [clientId, identity]).sort();
  expect(ids(snapshot.sessions)).toEqual(names.map((name) => [name, name]).sort());
  const filters = snapshot.subscriptions.map(({ session, requested }) => [session, requested]);
  expect(filters).toEqual(names.map((name, i) => [i + 1, name]));
  await persistence.close();
});

it('a damaged byte that is no text is put aside as it was, and its neighbours are counted', async () => {
  const path = await storeOf([saveSession(1), ...fillQueue(1, 96)]);
  const key = pageKey(Prefix.queue, 1, 1);
  let damaged = Buffer.alloc(0);
  await withDatabase(path, async (database) => {
    damaged = Buffer.from((await database.get(key)) ?? []);
    damaged[damaged.length - 1] = 0xff;
    await database.put(key, damaged);
    // One whose key is no text either.
    await database.put(Buffer.of(Prefix.queue, 0xc0, 0x80), Buffer.of(0xfe));
  });
  const { persistence, snapshot, reports } = await reopen(path);
  expect(snapshot.sessions).toMatchObject([{ queued: 64, nextSequence: 96 }]);
  expect(reports.sort()).toEqual(['71c080', 'session 1, sequences 32 to 63']);
  await persistence.close();
  expect(await keysOf(path, 'q')).toHaveLength(2);
  await withDatabase(path, async (database) => {
    const aside = Buffer.concat([Buffer.of(Prefix.quarantine), key]);
    expect(await database.get(aside)).toEqual(damaged);
  });
});

it('says how far it is', async () => {
  const path = await storeOf([saveSession(1), saveSession(2), subscribe(1, 'a')]);
  const { persistence, progress } = await reopen(path);
  // The kinds are read side by side.
  expect(progress.sort()).toEqual([
    ['session', 2],
    ['subscription', 1],
  ]);
  await persistence.close();
});
