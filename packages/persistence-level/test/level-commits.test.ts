import { type LevelOptions, LevelPersistence } from '@sluice/persistence-level';
import type { Durability } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import {
  failNextBatches,
  failuresLeft,
  installFailingBatch,
  recordWrites,
} from './failing-batch.ts';
import { dequeue, enqueue, fillQueue, message, saveSession, subscribe } from './operations.ts';
import { temporaryDirectory } from './temporary-directory.ts';

async function open(durability: Durability = 'write', path?: string) {
  const options = { path: path ?? (await temporaryDirectory()), durability };
  const persistence = new LevelPersistence(options);
  return { persistence, snapshot: await persistence.open(), path: options.path };
}

const sequences = async (persistence: LevelPersistence, after = -1) =>
  (await persistence.readQueue(1, after, 10_000)).map(({ sequence }) => sequence);

describe('options', () => {
  const invalid: [string, unknown][] = [
    ['no object', undefined],
    ['no path', {}],
    ['an empty path', { path: '' }],
    ['an unknown durability', { path: 'x', durability: 'sometimes' }],
    ['a cache that is too small', { path: 'x', cacheBytes: 1000 }],
    ['a buffer that is no number', { path: 'x', writeBufferBytes: '4mb' }],
    ['a buffer that is too large', { path: 'x', writeBufferBytes: 2 ** 31 }],
    ['a repair that is not a boolean', { path: 'x', repair: 1 }],
    ['a listener that is no function', { path: 'x', onCorrupt: true }],
    ['a name that is unknown', { path: 'x', durabilty: 'fsync' }],
  ];
  it.each(invalid)('are refused: %s', (_, options) => {
    expect(() => new LevelPersistence(options as LevelOptions)).toThrow(
      expect.objectContaining({ name: 'BrokerError', code: 'SLUICE_LEVEL_OPTIONS' }),
    );
  });
});

describe('a commit', () => {
  it('is refused before open and after close', async () => {
    const path = await temporaryDirectory();
    const persistence = new LevelPersistence({ path });
    const notOpen = { code: 'SLUICE_LEVEL_NOT_OPEN' };
    await expect(persistence.commit([saveSession(1)])).rejects.toMatchObject(notOpen);
    await expect(persistence.readQueue(1, -1, 1)).rejects.toMatchObject(notOpen);
    await persistence.open();
    await persistence.close();
    await persistence.close();
    await expect(persistence.commit([saveSession(1)])).rejects.toMatchObject(notOpen);
  });

  it('that fails says why, and the next one opens the database again', async () => {
    await installFailingBatch();
    const { persistence, path } = await open('fsync');
    await persistence.commit([saveSession(1), ...fillQueue(1, 3)]);
    failNextBatches();
    await expect(persistence.commit([dequeue(1, 0, 1)])).rejects.toMatchObject({
      code: 'SLUICE_LEVEL_WRITE_FAILED',
      message: expect.stringContaining('No space left on device'),
    });
    expect(await sequences(persistence)).toEqual([0, 1, 2]);
    await persistence.commit([dequeue(1, 0, 1), enqueue(1, 3, 2)]);
    expect(await sequences(persistence)).toEqual([1, 2, 3]);
    await persistence.close();
    const reopened = await open('fsync', path);
    expect(await sequences(reopened.persistence)).toEqual([1, 2, 3]);
    await reopened.persistence.close();
  });

  it('with an operation that cannot be stored changes nothing and does no harm', async () => {
    const { persistence } = await open();
    await persistence.commit([saveSession(1), ...fillQueue(1, 2)]);
    const broken = { type: 'store', message: { ...message(9), topic: undefined } } as never;
    await expect(persistence.commit([dequeue(1, 0, 1), broken])).rejects.toThrow(TypeError);
    await persistence.commit([enqueue(1, 2, 1)]);
    expect(await sequences(persistence)).toEqual([0, 1, 2]);
    await persistence.close();
  });
});

describe('a commit is synced', () => {
  const asked: [given: Durability, asked: Durability | undefined, sync: boolean][] = [
    ['fsync', undefined, true],
    ['fsync', 'fsync', true],
    ['fsync', 'write', false],
    ['fsync', 'none', false],
    ['write', undefined, false],
    ['write', 'fsync', false],
    ['none', 'fsync', false],
  ];
  it.each(asked)('with the option %s and %s asked for: %s', async (given, needed, sync) => {
    await installFailingBatch();
    const { persistence } = await open(given);
    const writes = recordWrites();
    await persistence.commit([saveSession(1)], needed);
    await sequences(persistence);
    expect(writes).toEqual([{ sync }]);
    await persistence.close();
    // What was not synced is, at the latest when the store is closed.
    expect(writes.at(-1)).toEqual({ sync: true });
  });
});

describe('durability none', () => {
  it('acknowledges before the write, in order, and reads what was acknowledged', async () => {
    const { persistence, path } = await open('none');
    expect(persistence.commit([saveSession(1), ...fillQueue(1, 3)])).toBeUndefined();
    await persistence.commit([dequeue(1, 0, 1)]);
    expect(await sequences(persistence)).toEqual([1, 2]);
    persistence.commit([dequeue(1, 1, 2)]);
    await persistence.close();
    const { persistence: next } = await open('none', path);
    expect(await sequences(next)).toEqual([2]);
    await next.close();
  });

  it('tells of a failure with the next commit, and writes both when that is tried again', async () => {
    await installFailingBatch();
    const { persistence, path } = await open('none');
    await persistence.commit([saveSession(1), ...fillQueue(1, 2)]);
    await sequences(persistence);
    failNextBatches({ count: 2 });
    expect(persistence.commit([dequeue(1, 0, 1)])).toBeUndefined();
    const next = [enqueue(1, 2, 2)];
    for (let i = 0; i < 2; i++) {
      await expect(persistence.commit(next)).rejects.toMatchObject({
        code: 'SLUICE_LEVEL_WRITE_FAILED',
      });
    }
    await persistence.commit(next);
    expect(await sequences(persistence)).toEqual([1, 2]);
    await persistence.close();
    const reopened = await open('none', path);
    expect(await sequences(reopened.persistence)).toEqual([1, 2]);
    await reopened.persistence.close();
  });

  it('reads what was acknowledged although its write failed, or not at all', async () => {
    await installFailingBatch();
    const { persistence } = await open('none');
    await persistence.commit([saveSession(1), ...fillQueue(1, 2)]);
    await sequences(persistence);
    failNextBatches({ count: 2 });
    await persistence.commit([dequeue(1, 0, 1)]);
    await expect(sequences(persistence)).rejects.toMatchObject({
      code: 'SLUICE_LEVEL_READ_FAILED',
    });
    expect(await Promise.all([sequences(persistence), sequences(persistence)])).toEqual([[1], [1]]);
    await persistence.close();
  });

  it('gives up an operation that cannot be stored, after telling of it', async () => {
    const { persistence } = await open('none');
    const broken = { type: 'store', message: { ...message(9), topic: undefined } } as never;
    await persistence.commit([saveSession(1), ...fillQueue(1, 1)]);
    await persistence.commit([broken]);
    const next = [dequeue(1, 0, 1)];
    await expect(persistence.commit(next)).rejects.toThrow(TypeError);
    await persistence.commit(next);
    expect(await sequences(persistence)).toEqual([]);
    await persistence.close();
  });

  it('is tried a last time at close', async () => {
    await installFailingBatch();
    const { persistence, path } = await open('none');
    failNextBatches();
    await persistence.commit([saveSession(1)]);
    await persistence.close();
    const { persistence: next, snapshot } = await open('none', path);
    expect([...snapshot.sessions]).toHaveLength(1);
    await next.close();
  });

  it('and fails there is not written into the store when that is opened again', async () => {
    await installFailingBatch();
    const { persistence } = await open('none');
    await persistence.commit([saveSession(1), ...fillQueue(1, 1)]);
    await sequences(persistence);
    failNextBatches({ only: 'commits', count: 2 });
    await persistence.commit([dequeue(1, 0, 1)]);
    await persistence.close();
    expect(failuresLeft()).toBe(0);
    await persistence.open();
    await persistence.commit([subscribe(1, 'a')]);
    expect(await sequences(persistence)).toEqual([0]);
    await persistence.close();
  });
});

describe('a queue', () => {
  it('that was worked off for long is read from its head', async () => {
    const { persistence } = await open();
    await persistence.commit([saveSession(1)]);
    const total = 5000;
    for (let first = 0; first < total; first += 500) {
      const all = Array.from({ length: 500 }, (_, i) => first + i);
      await persistence.commit(
        all.flatMap((i) => [
          { type: 'store', message: message(i + 1) } as const,
          enqueue(1, i, i + 1),
        ]),
      );
      // Out of order, and one stays behind in each round.
      const done = all.slice(1).reverse();
      await persistence.commit(done.map((i) => dequeue(1, i, i + 1)));
    }
    expect(await sequences(persistence)).toEqual([
      0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500,
    ]);
    await persistence.commit([dequeue(1, 0, 1)]);
    expect((await sequences(persistence))[0]).toBe(500);
    await persistence.close();
  });

  it('that ran empty takes new entries', async () => {
    const { persistence } = await open();
    await persistence.commit([saveSession(1), ...fillQueue(1, 2000)]);
    const all = Array.from({ length: 2000 }, (_, i) => i).reverse();
    await persistence.commit(all.map((i) => dequeue(1, i, i + 1)));
    expect(await sequences(persistence)).toEqual([]);
    await persistence.commit([{ type: 'store', message: message(2001) }, enqueue(1, 2000, 2001)]);
    expect(await sequences(persistence)).toEqual([2000]);
    await persistence.commit([dequeue(1, 2000, 2001)]);
    expect(await sequences(persistence)).toEqual([]);
    await persistence.commit(fillQueue(1, 2, 3000));
    expect(await sequences(persistence)).toEqual([0, 1]);
    await persistence.close();
  });
});

it('progress is told while a store is read', async () => {
  const { persistence, path } = await open();
  const subscriptions = Array.from({ length: 60_000 }, (_, i) => subscribe(1, `${i}`));
  await persistence.commit([saveSession(1), ...subscriptions, ...fillQueue(1, 64)]);
  await persistence.close();
  const told: [string, number][] = [];
  const next = new LevelPersistence({ path, durability: 'write' });
  await next.open({ onProgress: (what, records) => told.push([what, records]) });
  await next.close();
  expect(told).toContainEqual(['subscription', 50_000]);
  expect(told).toContainEqual(['subscription', 60_000]);
  expect(told).toContainEqual(['queue', 2]);
  expect(told).toContainEqual(['session', 1]);
});
