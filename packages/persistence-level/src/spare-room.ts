import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { databasePath } from './store.ts';

const chunkBytes = 256 * 1024;
/** Room for the small files that LevelDB makes when it opens, and for a commit. */
const smallFilesBytes = 1024 * 1024;
const probeName = 'probe';

/** Removes what is left of a look for room that was cut short: it may have taken all there was. */
export async function removeProbe(path: string): Promise<void> {
  await rm(join(path, probeName), { force: true }).catch(() => {});
}

/** Rejects unless the disk takes as much as LevelDB writes when it opens: its log once more, as a table. */
export async function tryDisk(path: string): Promise<void> {
  const probe = join(path, probeName);
  const wanted = (await logBytes(databasePath(path))) + smallFilesBytes;
  try {
    const file = await open(probe, 'w');
    try {
      const chunk = Buffer.alloc(chunkBytes);
      for (let written = 0; written < wanted; ) {
        const { bytesWritten } = await file.write(chunk);
        written += bytesWritten;
      }
    } finally {
      await file.close();
    }
  } finally {
    await rm(probe, { force: true });
  }
}

async function logBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory)) {
    if (name.endsWith('.log')) bytes += (await stat(join(directory, name))).size;
  }
  return bytes;
}
