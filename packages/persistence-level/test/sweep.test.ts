import { LevelPersistence } from '@sluice/persistence-level';
import type { Operation } from '@sluice/plugin';
import fc from 'fast-check';
import { Level } from 'level';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CommitBatch } from '../src/commit-batch.ts';
import { EndedSessions } from '../src/ended-sessions.ts';
import { Gate } from '../src/gate.ts';
import { Journal } from '../src/journal.ts';
import { JournalFold } from '../src/journal-fold.ts';
import { Loader } from '../src/load.ts';
import { NumberedStore } from '../src/numbered-store.ts';
import { Quarantine } from '../src/quarantine.ts';
import { ByteWriter } from '../src/records/byte-writer.ts';
import { JournalRecordWriter } from '../src/records/journal-record.ts';
import { numberKey, Prefix } from '../src/records/keys.ts';
import { References } from '../src/references.ts';
import type { StoreMemory } from '../src/store-memory.ts';
import { Sweeper } from '../src/sweep.ts';
import { failNextBatches, installFailingBatch } from './failing-batch.ts';
import {
  dequeue,
  endSession,
  enqueue,
  fillQueue,
  message,
  saveSession,
  subscribe,
} from './operations.ts';
import { databasePath, keysOf, withDatabase } from './raw-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** The parts of a store without the façade, so that counts can be looked at and steps awaited. */
async function openParts() {
  const path = await temporaryDirectory();
  const database = new Level<Buffer, Buffer>(databasePath(path), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  await database.open();
  const store = await NumberedStore.of(database, path);
  onTestFinished(() => database.close());
  const gate = new Gate();
  const references = new References();
  const journal = new Journal();
  const memory: StoreMemory = {
    references,
    ended: new EndedSessions(),
    journal,
    next: { message: 1, session: 1 },
  };
  const sweeper = new Sweeper(store, gate, references, journal, new Quarantine(() => {}));
  const commit = (operations: readonly Operation[]) =>
    gate.run(async () => {
      const batch = new CommitBatch(database, memory, new ByteWriter(), new JournalRecordWriter());
      batch.add(operations);
      await batch.write(store, false);
      sweeper.sweepSessions(batch.ended);
    });
  const rebuilt = async () =>
    (await new Loader(database, new Quarantine(() => {}), undefined).load()).references;
  const keys = async (prefix: string) =>
    (await database.keys().all()).filter((key) => key[0] === prefix.charCodeAt(0));
  const fold = new JournalFold(store, gate, journal, new Quarantine(() => {}), false);
  return { database, store, gate, references, sweeper, fold, commit, rebuilt, keys };
}

const sorted = (references: References) => [...references.entries()].sort(([a], [b]) => a - b);

describe('the sweep', () => {
  it('removes all of an ended session, over several steps, and the mark last', async () => {
    const { commit, sweeper, fold, keys, references } = await openParts();
    await commit([saveSession(1), saveSession(2), subscribe(1, 'a'), ...fillQueue(1, 2500)]);
    await commit([{ type: 'receive', session: 1, packetId: 1 }, enqueue(2, 0, 7)]);
    await fold.finish();
    const more = Array.from({ length: 100 }, (_, i) => i + 5000);
    await commit(
      more.flatMap((i) => [{ type: 'store', message: message(i) }, enqueue(1, i, i)] as const),
    );
    await commit([dequeue(1, 2000, 2001)]);
    await commit([endSession(1)]);
    expect(await keys('g')).toHaveLength(1);
    await sweeper.idle();
    await fold.finish();
    for (const prefix of ['b', 'g', 'i', 'j']) expect(await keys(prefix)).toEqual([]);
    expect(await keys('q')).toHaveLength(1);
    expect(await keys('m')).toHaveLength(1);
    expect(sorted(references)).toEqual([[7, 1]]);
  });

  it('lets commits in between two steps', async () => {
    const { commit, sweeper, keys } = await openParts();
    await commit([saveSession(1), ...fillQueue(1, 3000)]);
    await commit([endSession(1)]);
    await commit([saveSession(2), ...fillQueue(2, 1, 5000)]);
    expect(sweeper.size).toBe(1);
    expect((await keys('m')).length).toBeGreaterThan(1);
    await sweeper.idle();
    expect(await keys('m')).toHaveLength(1);
  });

  it('gives references back again when its write fails, and stops', async () => {
    await installFailingBatch();
    const { commit, sweeper, rebuilt, references } = await openParts();
    await commit([saveSession(1), ...fillQueue(1, 10)]);
    const ending = commit([endSession(1)]);
    await ending;
    failNextBatches();
    await sweeper.idle();
    expect(references.size).toBe(10);
    expect(sorted(references)).toEqual(sorted(await rebuilt()));
  });

  it('removes messages that nothing refers to, and no others', async () => {
    const { commit, sweeper, keys, database } = await openParts();
    await commit([saveSession(1), ...fillQueue(1, 3)]);
    const stray = numberKey(Prefix.message, 200);
    await database.put(stray, Buffer.from('whatever'));
    sweeper.sweepMessages(150);
    await sweeper.idle();
    expect(await keys('m')).toHaveLength(4);
    sweeper.sweepMessages(201);
    await sweeper.idle();
    expect(await keys('m')).toHaveLength(3);
  });
});

it('counts kept are the counts that a start finds, and so are the bodies', async () => {
  const step = fc.record({
    kind: fc.constantFrom('publish', 'publish', 'dequeue', 'release', 'end', 'move', 'fold'),
    session: fc.nat(3),
    place: fc.nat(5),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { commit, sweeper, fold, references, rebuilt, keys } = await openParts();
      const sessions = [1, 2, 3, 4];
      const queues = new Map<number, [sequence: number, message: number][]>();
      let numbers = 0;
      let sequence = 0;
      await commit(sessions.map((session) => saveSession(session)));
      for (const { kind, session: slot, place } of steps) {
        const session = sessions[slot] ?? 1;
        const queue = queues.get(session) ?? [];
        queues.set(session, queue);
        if (kind === 'publish') {
          const number = ++numbers;
          const receivers = sessions.slice(0, 1 + slot);
          sequence++;
          for (const each of receivers) queues.get(each)?.push([sequence, number]);
          const known = receivers.filter((each) => queues.has(each));
          await commit([
            { type: 'store', message: message(number) },
            ...known.map((each) => enqueue(each, sequence, number)),
          ]);
        } else if (kind === 'fold') {
          // Not waited for: commits and sweeps come in between.
          void fold.finish();
        } else if (kind === 'end') {
          const next = Math.max(...sessions) + 1;
          await commit([endSession(session, `client-${slot}`), saveSession(next)]);
          queues.delete(session);
          sessions[slot] = next;
        } else {
          const entry = queue[place % Math.max(1, queue.length)];
          if (entry === undefined) continue;
          const [at, number] = entry;
          if (kind === 'release') {
            await commit([{ type: 'release', session, sequence: at, message: number }]);
            entry[1] = 0;
          } else {
            queue.splice(queue.indexOf(entry), 1);
            const done = dequeue(session, at, number);
            if (kind === 'dequeue' || number === 0) await commit([done]);
            else {
              sequence++;
              queue.push([sequence, number]);
              await commit([done, enqueue(session, sequence, number)]);
            }
          }
        }
      }
      await sweeper.idle();
      // Records of the journal may still speak of sessions that are swept.
      await fold.finish();
      const found = await rebuilt();
      expect(sorted(references)).toEqual(sorted(found));
      expect(await keys('m')).toHaveLength(found.size);
    }),
    { numRuns: 15 },
  );
});

describe('a start', () => {
  const open = async (path: string) => {
    const persistence = new LevelPersistence({ path, durability: 'write' });
    const snapshot = await persistence.open();
    return { persistence, snapshot };
  };
  it('goes on with a sweep that was cut short', async () => {
    const path = await temporaryDirectory();
    const { persistence } = await open(path);
    await persistence.commit([saveSession(1), ...fillQueue(1, 5000)]);
    await persistence.commit([endSession(1), saveSession(2, 'client-1')]);
    await persistence.close();
    expect((await keysOf(path, 'q')).length).toBeGreaterThan(0);
    expect(await keysOf(path, 'g')).toHaveLength(1);
    const { persistence: next, snapshot } = await open(path);
    expect([...snapshot.sessions]).toMatchObject([{ session: 2, queued: 0, nextSequence: 0 }]);
    expect(await next.readQueue(1, -1, 10)).toEqual([]);
    await next.idle();
    await next.close();
    for (const prefix of ['g', 'q', 'm']) expect(await keysOf(path, prefix)).toEqual([]);
  });

  it('sweeps records whose session is unknown', async () => {
    const path = await temporaryDirectory();
    const { persistence } = await open(path);
    await persistence.commit([saveSession(1), subscribe(1, 'a'), ...fillQueue(1, 5)]);
    await persistence.close();
    await withDatabase(path, (database) => database.del(Buffer.from('sclient-1')));
    const { persistence: next } = await open(path);
    await next.idle();
    await next.close();
    for (const prefix of ['b', 'q', 'm']) expect(await keysOf(path, prefix)).toEqual([]);
  });
});
