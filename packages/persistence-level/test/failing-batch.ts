import { Level } from 'level';
import { onTestFinished } from 'vitest';
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
  /** Leaves writes alone that are not synced, which those of the sweep never are. */
  readonly onlySynced?: boolean;
}

let prototype: Batch | undefined;
let skip = 0;
let count = 0;
let afterEffect = false;
let onlySynced = false;
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
  const write = prototype.write;
  prototype.write = async function (this: Batch, options) {
    written.push(options);
    const counts = count > 0 && (!onlySynced || options?.sync === true);
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
  onlySynced = failures.onlySynced ?? false;
}

/** Collects the options of all writes until the running test ends. */
export function recordWrites(): (WriteOptions | undefined)[] {
  written = [];
  onTestFinished(() => {
    written = [];
  });
  return written;
}
