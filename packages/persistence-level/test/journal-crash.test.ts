import { cp } from 'node:fs/promises';
import { type DamageReport, LevelPersistence } from '@sluice/persistence-level';
import type { Operation, Snapshot } from '@sluice/plugin';
import fc from 'fast-check';
import { Level } from 'level';
import { describe, expect, it, vi } from 'vitest';
import { Random, RandomHistory } from '../../plugin/src/testing/persistence-history.ts';
import {
  expectQueuesLikeModel,
  expectSnapshotLikeModel,
} from '../../plugin/src/testing/persistence-model.ts';
import { Journal } from '../src/journal.ts';
import { identityKey, Prefix, pageKey } from '../src/records/keys.ts';
import { failNextBatches, failuresLeft, installFailingBatch } from './failing-batch.ts';
import { dequeue, enqueue, fillQueue, message, saveSession } from './operations.ts';
import { keysOf, withDatabase } from './raw-database.ts';
import { quickDirectory } from './temporary-directory.ts';

type Write = readonly [key: Buffer, value: Buffer | undefined];

/** Lets the journal be folded as soon as it has so many operations. */
function foldEvery(operations: number): void {
  vi.spyOn(Journal.prototype, 'isDue', 'get').mockImplementation(function (this: Journal) {
    return this.newest.operations >= operations;
  });
}

/** Collects what each batch of any database writes. */
function recordBatches(): Write[][] {
  const written: Write[][] = [];
  const begin = Level.prototype.batch as () => ReturnType<Level<Buffer, Buffer>['batch']>;
  const spy = vi.spyOn(Level.prototype, 'batch');
  spy.mockImplementation(function (this: unknown) {
    const batch = begin.call(this as never);
    const writes: Write[] = [];
    const { put, del, write } = batch;
    batch.put = ((key: Buffer, value: Buffer) => {
      writes.push([Buffer.from(key), Buffer.from(value)]);
      return Reflect.apply(put, batch, [key, value]);
    }) as never;
    batch.del = ((key: Buffer) => {
      writes.push([Buffer.from(key), undefined]);
      return Reflect.apply(del, batch, [key]);
    }) as never;
    batch.write = (async (options: object) => {
      await write.call(batch, options as never);
      written.push(writes);
    }) as never;
    return batch as never;
  });
  return written;
}

const marker = 'number of the last commit';

/** The commits of a random history; each leaves its number in the store. */
class MarkedHistory {
  readonly #history: RandomHistory;
  #commits = 0;

  constructor(seed: number) {
    this.#history = new RandomHistory(new Random(seed), true);
  }

  get model() {
    return this.#history.model;
  }

  draw(): Operation[] {
    const operations = this.#history.draw();
    const mark: Operation = {
      type: 'retain',
      message: message(++this.#commits, { topic: marker }),
    };
    this.model.commit([mark]);
    return [...operations, mark];
  }
}

/** Once only: a snapshot's parts may be read no second time. */
function readAll(snapshot: Snapshot): Snapshot {
  const { sessions, subscriptions, received, wills, retained } = snapshot;
  return {
    ...snapshot,
    sessions: [...sessions],
    subscriptions: [...subscriptions],
    received: [...received],
    wills: [...wills],
    retained: [...retained],
  };
}

async function opened(path: string, reports: DamageReport[] = []) {
  const persistence = new LevelPersistence({ path, onCorrupt: (report) => reports.push(report) });
  return { persistence, snapshot: readAll(await persistence.open()) };
}

/** A store as it lies on the disk while it is open. */
async function imageOf(path: string): Promise<string> {
  await cp(path, `${path}.image`, { recursive: true });
  return `${path}.image`;
}

describe('the journal and its pages', () => {
  it('hold exactly the commits that were written, wherever a crash comes', async () => {
    const cases = fc.record({
      seed: fc.nat(),
      operations: fc.integer({ min: 1, max: 40 }),
      cuts: fc.array(fc.nat(1000), { minLength: 5, maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ seed, operations, cuts }) => {
        foldEvery(operations);
        const path = await quickDirectory();
        const { persistence } = await opened(path);
        const batches = recordBatches();
        const history = new MarkedHistory(seed);
        for (let i = 0; i < 40; i++) await persistence.commit(history.draw());
        await persistence.close();
        vi.restoreAllMocks();
        const identity = await withDatabase(path, (database) => database.get(identityKey));
        for (const cut of cuts) {
          const prefix = batches.slice(0, Math.ceil((cut / 1000) * batches.length));
          await expectPrefix(seed, prefix, identity as Buffer);
        }
      }),
      { numRuns: 12 },
    );
  });

  async function expectPrefix(seed: number, batches: Write[][], identity: Buffer): Promise<void> {
    const path = await quickDirectory();
    await withDatabase(path, async (database) => {
      await database.put(identityKey, identity);
      for (const [key, value] of batches.flat()) {
        if (value === undefined) await database.del(key);
        else await database.put(key, value);
      }
    });
    const { persistence, snapshot } = await opened(path);
    const mark = [...snapshot.retained].find(({ topic }) => topic === marker);
    const history = new MarkedHistory(seed);
    for (let i = 0; i < (mark?.number ?? 0); i++) history.draw();
    expectSnapshotLikeModel(snapshot, history.model);
    await expectQueuesLikeModel(persistence, history.model, 3);
    await persistence.close();
  }

  it.each([
    ['before', false],
    ['after', true],
  ])('lose and repeat nothing when any write of a fold fails %s its effect', async (_, after) => {
    await installFailingBatch();
    foldEvery(5);
    let hasFailed = true;
    for (let skip = 0; hasFailed; skip += 3) {
      const path = await quickDirectory();
      const { persistence } = await opened(path);
      const history = new MarkedHistory(skip);
      failNextBatches({ skip, only: 'others', afterEffect: after });
      for (let i = 0; i < 25; i++) {
        const operations = history.draw();
        await persistence.commit(operations);
        if (i % 8 === 0) await expectQueuesLikeModel(persistence, history.model, 3);
      }
      hasFailed = failuresLeft() === 0;
      failNextBatches({ count: 0 });
      await expectQueuesLikeModel(persistence, history.model, 3);
      await persistence.close();
      const again = await opened(path);
      expectSnapshotLikeModel(again.snapshot, history.model);
      await expectQueuesLikeModel(again.persistence, history.model, 3);
      await again.persistence.close();
    }
    vi.restoreAllMocks();
  });
});

describe('a page that is begun anew', () => {
  it('keeps nothing of what a crash left of it', async () => {
    const path = await quickDirectory();
    const first = await opened(path);
    await first.persistence.commit([saveSession(1), ...fillQueue(1, 4)]);
    await first.persistence.close();
    const second = await opened(path);
    const all = Array.from({ length: 4 }, (_, i) => dequeue(1, i, i + 1));
    await second.persistence.commit(all);
    const image = await imageOf(path);
    await second.persistence.close();
    expect(await keysOf(image, 'q')).toHaveLength(1);
    const third = await opened(image);
    expect(third.snapshot.sessions[Symbol.iterator]().next().value?.nextSequence).toBe(0);
    const reads = vi.spyOn(Level.prototype, 'getMany');
    await third.persistence.commit([{ type: 'store', message: message(9) }, enqueue(1, 0, 9)]);
    await third.persistence.close();
    expect(reads).not.toHaveBeenCalled();
    const fourth = await opened(image);
    const left = await fourth.persistence.readQueue(1, -1, 9);
    expect(left.map((entry) => [entry.sequence, entry.message?.number])).toEqual([[0, 9]]);
    await fourth.persistence.close();
  });

  it('is read where one of its places was released', async () => {
    const path = await quickDirectory();
    const first = await opened(path);
    await first.persistence.commit([saveSession(1), ...fillQueue(1, 3)]);
    await first.persistence.close();
    const second = await opened(path);
    const released = { type: 'release', session: 1, sequence: 0, message: 1 } as const;
    await second.persistence.commit([released]);
    await second.persistence.close();
    const third = await opened(path);
    expect(await third.persistence.readQueue(1, -1, 9)).toHaveLength(3);
    await third.persistence.close();
  });
});

describe('what a commit writes', () => {
  const sessions = Array.from({ length: 1000 }, (_, i) => i + 1);

  it('is one body and one record of the journal, for a thousand sessions', async () => {
    const path = await quickDirectory();
    const { persistence } = await opened(path);
    await persistence.commit(sessions.map((session) => saveSession(session)));
    await persistence.commit([
      { type: 'store', message: message(1) },
      ...sessions.map((session) => enqueue(session, 0, 1)),
    ]);
    const image = await imageOf(path);
    await persistence.close();
    expect(await keysOf(image, 'm')).toHaveLength(1);
    expect(await keysOf(image, 'j')).toHaveLength(1);
    expect(await keysOf(image, 'q')).toEqual([]);
    const again = await opened(image);
    for (const session of [1, 500, 1000]) {
      expect(await again.persistence.readQueue(session, -1, 9)).toHaveLength(1);
    }
    await again.persistence.close();
    expect(await keysOf(path, 'j')).toEqual([]);
    expect(await keysOf(path, 'q')).toHaveLength(1000);
  });

  it('is no page when messages and identifiers come and go between two folds', async () => {
    const path = await quickDirectory();
    const { persistence } = await opened(path);
    const batches = recordBatches();
    await persistence.commit([saveSession(1), ...fillQueue(1, 50)]);
    await persistence.commit([{ type: 'receive', session: 1, packetId: 7 }]);
    const all = Array.from({ length: 50 }, (_, i) => dequeue(1, i, i + 1));
    await persistence.commit([...all, { type: 'complete', session: 1, packetId: 7 }]);
    await persistence.close();
    vi.restoreAllMocks();
    const written = batches
      .flat()
      .filter(([key]) => ['q', 'i'].includes(String.fromCharCode(key[0] ?? 0)));
    expect(written).toEqual([]);
    for (const prefix of ['j', 'q', 'i', 'm']) expect(await keysOf(path, prefix)).toEqual([]);
  });
});

describe('damage', () => {
  const flip = (value: Buffer | undefined): Buffer => {
    const damaged = Buffer.from(value ?? []);
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 4;
    return damaged;
  };

  async function crashed(...commits: readonly (readonly Operation[])[]): Promise<string> {
    const path = await quickDirectory();
    const { persistence } = await opened(path);
    for (const operations of commits) await persistence.commit(operations);
    const image = await imageOf(path);
    await persistence.close();
    return image;
  }

  it('in a record of the journal costs that commit, and no other', async () => {
    const publish = (i: number): Operation[] => [
      { type: 'store', message: message(i) },
      enqueue(1, i, i),
    ];
    const path = await crashed([saveSession(1)], publish(1), publish(2), publish(3));
    const [, second] = await keysOf(path, 'j');
    await withDatabase(path, async (database) => {
      await database.put(second as Buffer, flip(await database.get(second as Buffer)));
    });
    const reports: DamageReport[] = [];
    const { persistence } = await opened(path, reports);
    expect(reports).toEqual([
      { kind: 'journal', key: 'record 2', reason: 'its checksum does not match' },
    ]);
    const left = async () =>
      (await persistence.readQueue(1, -1, 9)).map(({ sequence }) => sequence);
    expect(await left()).toEqual([1, 3]);
    await persistence.commit(publish(4));
    expect(await left()).toEqual([1, 3, 4]);
    await persistence.close();
    expect(await keysOf(path, 'z')).toHaveLength(1);
    const again = await opened(path, reports);
    expect(reports).toHaveLength(1);
    expect(await again.persistence.readQueue(1, -1, 9)).toHaveLength(3);
    await again.persistence.close();
  });

  it('in a page that a fold meets is put aside, and what changed since is kept', async () => {
    const path = await quickDirectory();
    const first = await opened(path);
    await first.persistence.commit([saveSession(1), ...fillQueue(1, 3)]);
    await first.persistence.close();
    const reports: DamageReport[] = [];
    const { persistence } = await opened(path, reports);
    const spy = vi.spyOn(Level.prototype, 'batch');
    await persistence.commit([{ type: 'store', message: message(9) }, enqueue(1, 3, 9)]);
    // It was sound when the store was opened.
    const database = spy.mock.contexts[0] as unknown as Level<Buffer, Buffer>;
    const key = pageKey(Prefix.queue, 1, 0);
    await database.put(key, flip(await database.get(key)));
    spy.mockRestore();
    await persistence.close();
    expect(reports).toEqual([
      {
        kind: 'queue',
        key: 'session 1, sequences 0 to 31',
        reason: 'its checksum does not match',
      },
    ]);
    expect(await keysOf(path, 'z')).toHaveLength(1);
    const again = await opened(path, reports);
    const left = await again.persistence.readQueue(1, -1, 9);
    expect(left.map(({ sequence }) => sequence)).toEqual([3]);
    expect(reports).toHaveLength(1);
    await again.persistence.close();
  });
});
