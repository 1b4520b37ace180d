// The epoch file of a backup is there from its beginning, but says that the backup is unfinished; the real one
// takes its place in the end, by one rename. So there is no moment at which half a backup looks like a store.

import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const unfinished = 'sluice-backup unfinished\n';

/** Claims an empty directory for a backup. Rejects with EEXIST when another backup did so first. */
export async function markUnfinished(directory: string): Promise<void> {
  const file = await open(join(directory, 'epoch'), 'wx');
  try {
    await file.writeFile(unfinished);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Whether a directory holds a backup that is being written, or that never came to its end. */
export async function isUnfinishedBackup(directory: string): Promise<boolean> {
  try {
    return (await readFile(join(directory, 'epoch'), 'utf8')) === unfinished;
  } catch {
    // Whatever is wrong with the file is told by those who need what is in it.
    return false;
  }
}
