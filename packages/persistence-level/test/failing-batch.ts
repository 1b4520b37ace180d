import { Level } from 'level';
import { onTestFinished } from 'vitest';
import { CommitBatch } from '../src/commit-batch.ts';
import { temporaryDirectory } from './temporary-directory.ts';

interface WriteOptions {
  readonly sync?: boolean;
}

interface Batch {
  write(options?: WriteOptions): Promise<void>;
}

export interface Failures {
  /** Writes that work before the first one fails. */
  readonly skip?: number;
  /** 1 by default. */
  readonly count?: number;
  /** Whether the write is done nevertheless. */
  readonly afterEffect?: boolean;
  /** 'commits' leaves the sweep and the fold of the journal alone, 'others' the commits. All by default. */
  readonly only?: 'commits' | 'others';
}

let prototype: Batch | undefined;
let skip = 0;
let count = 0;
let afterEffect = false;
let only: Failures['only'];
let isCommit = false;
/** The options of each write, as LevelDB got them. */
let written: (WriteOptions | undefined)[] = [];

/** Makes batches of any database do as `failNextBatches` says. */
export async function installFailingBatch(): Promise<void> {
  skip = 0;
  count = 0;
  if (prototype !== undefined) return;
  const database = new Level(await temporaryDirectory());
  await database.open();
  const batch = database.batch();
  prototype = Object.getPrototypeOf(Object.getPrototypeOf(batch)) as Batch;
  await batch.close();
  await database.close();
  const commit = CommitBatch.prototype.write;
  CommitBatch.prototype.write = function (...options) {
    isCommit = true;
    // The batch is handed to LevelDB before this returns.
    const written = commit.apply(this, options);
    isCommit = false;
    return written;
  };
  const write = prototype.write;
  prototype.write = async function (this: Batch, options) {
    written.push(options);
    const counts = count > 0 && (only === undefined || (only === 'commits') === isCommit);
    const fails = counts && skip === 0;
    if (fails) count--;
    else if (counts) skip--;
    if (!fails || afterEffect) await write.call(this, options);
    if (fails) throw new Error('No space left on device');
  };
}

/** Makes the next batches reject, as LevelDB does when the disk fails. */
export function failNextBatches(failures: Failures = {}): void {
  skip = failures.skip ?? 0;
  count = failures.count ?? 1;
  afterEffect = failures.afterEffect ?? false;
  only = failures.only;
}

/** How many of the failures that were asked for are still to come. */
export function failuresLeft(): number {
  return count;
}

/** Collects the options of all writes until the running test ends. */
export function recordWrites(): (WriteOptions | undefined)[] {
  written = [];
  onTestFinished(() => {
    written = [];
  });
  return written;
}
