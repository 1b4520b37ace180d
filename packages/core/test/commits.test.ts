import type { Durability, Operation, Persistence } from '@sluice/plugin';
import { describe, expect, test, vi } from 'vitest';
import { Deadlines } from '../src/base/deadlines.ts';
import { Turn } from '../src/base/turn.ts';
import { Commits } from '../src/commits/commits.ts';
import type { RecoveredEvent } from '../src/commits/outage.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

/** A persistence whose commits settle when the test says so; at once where `isSynchronous`. */
class Disk implements Pick<Persistence, 'commit' | 'takesEnqueueMany'> {
  takesEnqueueMany = false;
  readonly commits: (readonly Operation[])[] = [];
  readonly durabilities: (Durability | undefined)[] = [];
  isSynchronous = false;
  failure: Error | undefined;
  #settle: (() => void) | undefined;

  commit(operations: readonly Operation[], durability?: Durability): void | Promise<void> {
    // Not again before the last one settled.
    expect(this.#settle).toBeUndefined();
    this.commits.push(operations);
    this.durabilities.push(durability);
    if (this.isSynchronous) {
      if (this.failure !== undefined) throw this.failure;
      return;
    }
    return new Promise((resolve, reject) => {
      this.#settle = () => {
        this.#settle = undefined;
        if (this.failure === undefined) resolve();
        else reject(this.failure);
      };
    });
  }

  async settle(): Promise<void> {
    this.#settle?.();
    await Promise.resolve();
    await Promise.resolve();
  }
}

function operation(packetId: number): Operation {
  return { type: 'receive', session: 1, packetId };
}

function someCommits(maxPendingBytes = 1_000) {
  const environment = new VirtualEnvironment();
  const disk = new Disk();
  const failures: Error[] = [];
  const recoveries: RecoveredEvent[] = [];
  const commits = new Commits({
    persistence: disk,
    turn: new Turn(environment),
    environment,
    deadlines: new Deadlines(environment, (error) => failures.push(error)),
    maxPendingBytes,
    events: {
      failed: (failure) => failures.push(failure),
      recovered: (event) => recoveries.push(event),
    },
  });
  const told: string[] = [];
  const wait = (name: string): void =>
    commits.wait({
      onCommitted: (failure) => told.push(failure === undefined ? name : `${name} failed`),
    });
  const written = (): number[][] =>
    disk.commits.map((operations) =>
      operations.map((one) => (one as { packetId: number }).packetId),
    );
  return { environment, disk, commits, failures, recoveries, told, wait, written };
}

test('a batch that is durable keeps neither its operations nor who waited for them', async () => {
  const { environment, commits, disk, told, wait } = someCommits();
  const batch = commits.add(operation(1));
  wait('one');
  environment.runDeferred();
  await disk.settle();
  expect(told).toEqual(['one']);
  expect(batch.operations).toEqual([]);
  expect(batch.waiters).toEqual([]);
});

test('what is added in one turn is one commit, in order', () => {
  const { environment, commits, written } = someCommits();
  for (const packetId of [3, 1, 2]) commits.add(operation(packetId));
  expect(written()).toEqual([]);
  environment.runDeferred();
  expect(written()).toEqual([[3, 1, 2]]);
});

test('what is added during a commit collects for the next one', async () => {
  const { environment, disk, commits, written, told, wait } = someCommits();
  commits.add(operation(1));
  wait('one');
  environment.runDeferred();
  commits.add(operation(2));
  wait('two');
  environment.runDeferred();
  commits.add(operation(3));
  wait('three');
  expect(written()).toEqual([[1]]);
  expect(commits.settled).toBe(false);
  await disk.settle();
  expect([written(), told]).toEqual([[[1], [2, 3]], ['one']]);
  await disk.settle();
  expect(told).toEqual(['one', 'two', 'three']);
  expect(commits.settled).toBe(true);
});

test('who waits without anything new is told with what is under way', async () => {
  const { environment, disk, commits, told, wait } = someCommits();
  wait('nothing');
  expect(told).toEqual(['nothing']);
  commits.add(operation(1));
  environment.runDeferred();
  wait('under way');
  expect(told).toEqual(['nothing']);
  await disk.settle();
  expect(told).toEqual(['nothing', 'under way']);
});

test('a synchronous persistence settles within the turn, also what is added on being told', () => {
  const { environment, disk, commits, written, told } = someCommits();
  disk.isSynchronous = true;
  commits.add(operation(1));
  commits.wait({
    onCommitted: () => {
      told.push('one');
      commits.add(operation(2));
      commits.wait({ onCommitted: () => told.push('two') });
    },
  });
  environment.runTurn();
  expect([written(), told]).toEqual([
    [[1], [2]],
    ['one', 'two'],
  ]);
});

test('what is cancelled is not written, and its waiters are told all the same', () => {
  const { environment, commits, written, told, wait } = someCommits();
  const batch = commits.add(operation(1));
  commits.add(operation(2));
  batch.operations[0] = undefined;
  wait('half');
  environment.runDeferred();
  expect(written()).toEqual([[2]]);
  expect(batch.sealed).toBe(true);

  const other = someCommits();
  const empty = other.commits.add(operation(1));
  empty.operations[0] = undefined;
  other.wait('empty');
  other.environment.runDeferred();
  expect([other.written(), other.told]).toEqual([[], ['empty']]);
  expect(told).toEqual([]);
});

describe.each([true, false])('a commit that fails; synchronous: %s', (isSynchronous) => {
  test('is tried again with the same list, and everything behind it waits', async () => {
    const { environment, disk, commits, failures, recoveries, told, wait, written } = someCommits();
    disk.isSynchronous = isSynchronous;
    disk.failure = new Error('the disk is full');
    commits.add(operation(1));
    wait('one');
    environment.runDeferred();
    await disk.settle();
    commits.add(operation(2));
    wait('two');
    for (const delayMs of [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      const before = disk.commits.length;
      environment.advance(delayMs - 1);
      expect(disk.commits.length).toBe(before);
      environment.advance(1);
      expect(disk.commits.length).toBe(before + 1);
      await disk.settle();
    }
    expect(new Set(disk.commits)).toEqual(new Set([disk.commits[0]]));
    expect(told).toEqual([]);
    expect(failures).toMatchObject([{ code: 'SLUICE_PERSISTENCE_FAILED', cause: disk.failure }]);
    expect(commits.failure).toBe(failures[0]);

    disk.failure = undefined;
    environment.advance(5_000);
    await disk.settle();
    await disk.settle();
    expect(told).toEqual(['one', 'two']);
    expect(written().at(-1)).toEqual([2]);
    expect(commits.failure).toBeUndefined();
    expect(commits.settled).toBe(true);
    expect(recoveries).toEqual([{ failedForMs: 21_300, attempts: 9 }]);

    // The next one begins anew.
    disk.failure = new Error('again');
    commits.add(operation(3));
    environment.runDeferred();
    await disk.settle();
    disk.failure = undefined;
    environment.advance(100);
    await disk.settle();
    expect(recoveries.at(-1)).toEqual({ failedForMs: 100, attempts: 1 });
  });

  test('is tried once more by flush; who waits is told when it is abandoned', async () => {
    const { environment, disk, commits, told, wait } = someCommits();
    disk.isSynchronous = isSynchronous;
    disk.failure = new Error('the disk is full');
    commits.add(operation(1));
    wait('one');
    environment.runDeferred();
    await disk.settle();
    commits.add(operation(2));
    wait('two');
    const flushing = commits.flush();
    await disk.settle();
    await flushing;
    expect(disk.commits).toHaveLength(2);
    commits.abandon(new Error('closed'));
    expect(told).toEqual(['one failed', 'two failed']);
    wait('three');
    expect(told.at(-1)).toBe('three failed');
    environment.advance(10_000);
    expect(disk.commits).toHaveLength(2);
  });
});

test('a commit has to outlive what its strongest operation has to', () => {
  const { environment, disk, commits } = someCommits();
  disk.isSynchronous = true;
  const each: Durability[][] = [['none'], ['none', 'write', 'none'], ['write', 'fsync', 'none']];
  for (const durabilities of each) {
    for (const durability of durabilities) commits.add(operation(1), 0, durability);
    environment.runDeferred();
  }
  commits.add(operation(1));
  environment.runDeferred();
  expect(disk.durabilities).toEqual(['none', 'write', 'fsync', 'fsync']);
});

test('who waits for the batch is told with what is added later in the turn, or at its end', async () => {
  const { environment, disk, commits, told } = someCommits();
  commits.waitForBatch({ onCommitted: () => told.push('first') });
  commits.add(operation(1));
  environment.runDeferred();
  expect(told).toEqual([]);
  await disk.settle();
  expect(told).toEqual(['first']);
  commits.waitForBatch({ onCommitted: () => told.push('alone') });
  expect(told).toEqual(['first']);
  environment.runDeferred();
  expect(told).toEqual(['first', 'alone']);
});

test('congestion is by bytes, and relieved when they are written', async () => {
  const { environment, disk, commits } = someCommits(1_000);
  const relieved = vi.fn();
  commits.add(operation(1), 900);
  expect(commits.congested).toBe(false);
  commits.add(operation(2), 100);
  expect(commits.congested).toBe(true);
  commits.whenRelieved(relieved);
  environment.runDeferred();
  expect(relieved).not.toHaveBeenCalled();
  await disk.settle();
  expect(relieved).toHaveBeenCalledTimes(1);
  expect(commits.congested).toBe(false);
});

test('flush waits for everything, also for what comes meanwhile', async () => {
  const { environment, disk, commits, written } = someCommits();
  commits.add(operation(1));
  let flushed = false;
  const flushing = commits.flush().then(() => {
    flushed = true;
  });
  environment.runDeferred();
  commits.add(operation(2));
  await disk.settle();
  expect(flushed).toBe(false);
  await disk.settle();
  await flushing;
  expect(written()).toEqual([[1], [2]]);
});

describe('one message for many sessions', () => {
  const many = {
    type: 'enqueueMany',
    sessions: [5, 6],
    sequences: [0, 9],
    message: 1,
    qos: 2,
    retain: true,
    subscriptionIdentifiers: [3],
  } as const;

  test('stays one operation where the persistence knows it', () => {
    const { environment, commits, disk } = someCommits();
    disk.takesEnqueueMany = true;
    commits.add(many);
    environment.runDeferred();
    expect(disk.commits).toEqual([[many]]);
  });

  test('is one operation for each where it does not, in the same place', () => {
    const { environment, commits, disk } = someCommits();
    commits.add(operation(1));
    commits.add(many);
    commits.add(operation(2));
    environment.runDeferred();
    const one = { type: 'enqueue', message: 1, qos: 2, retain: true, subscriptionIdentifiers: [3] };
    expect(disk.commits).toEqual([
      [
        operation(1),
        { ...one, session: 5, sequence: 0 },
        { ...one, session: 6, sequence: 9 },
        operation(2),
      ],
    ]);
  });
});
