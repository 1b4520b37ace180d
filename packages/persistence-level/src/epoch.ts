// A side file beside the database repeats the store's identity and how often it was started. LevelDB opens
// with most of its records gone, and without an error, when its MANIFEST or CURRENT is lost or an old copy is put
// back; then the count in the database is behind the one in the file. After `close` it also says how many writes there
// were, because LevelDB misses nothing when its log ends early: without that, a file that was copied in part and a crash
// look alike.

import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

export interface Epoch {
  readonly storeId: string;
  readonly epoch: number;
  /** The number of a write that is in the database, the last one after `close`; 0 when it is not known. */
  readonly writes?: number;
}

const magic = 'sluice-epoch';

function sideFile(directory: string): string {
  return join(directory, 'epoch');
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** Undefined when there is no side file; 'damaged' when it cannot be understood. */
export async function readEpoch(directory: string): Promise<Epoch | 'damaged' | undefined> {
  let content: string;
  try {
    content = await readFile(sideFile(directory), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const fields = content.trimEnd().split(' ');
  const sum = fields.pop();
  const [name, storeId, epoch, writes = 0] = fields;
  if (storeId === undefined || name !== magic || sum !== checksum(fields.join(' ')))
    return 'damaged';
  return { storeId, epoch: Number(epoch), writes: Number(writes) };
}

/** Replaces the side file; a crash leaves the old or the new one. */
export async function writeEpoch(
  directory: string,
  { storeId, epoch, writes = 0 }: Epoch,
): Promise<void> {
  const content = `${magic} ${storeId} ${epoch} ${writes}`;
  const target = sideFile(directory);
  const temporary = `${target}.new`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(`${content} ${checksum(content)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, target);
  await syncDirectory(directory);
}

/** Makes the names in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows can neither open nor sync a directory: there a rename is as durable as it gets.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
