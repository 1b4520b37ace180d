import { Level } from 'level';
import { temporaryDirectory } from './temporary-directory.ts';

interface Batch {
  write(options?: unknown): Promise<void>;
}

let prototype: Batch | undefined;
let failures = 0;

/** Makes the next batches of any database reject, as LevelDB does when the disk fails. */
export async function installFailingBatch(): Promise<void> {
  if (prototype !== undefined) return;
  const database = new Level(await temporaryDirectory());
  await database.open();
  const batch = database.batch();
  prototype = Object.getPrototypeOf(Object.getPrototypeOf(batch)) as Batch;
  await batch.close();
  await database.close();
  const write = prototype.write;
  prototype.write = function (this: Batch & { close(): Promise<void> }, options) {
    if (failures === 0) return write.call(this, options);
    failures--;
    return Promise.reject(new Error('No space left on device'));
  };
}

export function failNextBatches(count = 1): void {
  failures = count;
}
