// What a power cut leaves of a data directory. Assumed of the file system is what ext4 (data=ordered), XFS and
// APFS promise, and no more:
// - fsync and fdatasync of a file keep the bytes that were in it when they began, and the name under which it was
//   created or to which it was renamed before;
// - fsync of a directory keeps all that happened to directories before it began;
// - operations on directories (create, rename, remove) survive in their order: the last ones are undone, never
//   one without those after it;
// - bytes that were not synced survive, or not, or up to a point; the last block may hold zeros, and in files that
//   are read with a checksum for each record (LevelDB's log) anything.
// ext4 itself keeps more: any fsync there keeps all operations on directories before it.

import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../differential/random.ts';
import { type Journal, type Operation, readJournal } from './journal.ts';

const blockBytes = 4_096;

/** What one power cut took away. */
export interface Damage {
  /** Creations, renames and removals of files that were undone. */
  readonly undone: number;
  readonly bytes: number;
}

/** Takes from `data` what a power cut might have taken, and begins its journal anew. */
export function cutPower(data: string, journalDirectory: string, random: Random): Damage {
  const journal = readJournal(journalDirectory);
  const kept = join(journalDirectory, 'kept');
  const undone = random.below(journal.operations.length - journal.durable + 1);
  for (const operation of journal.operations.slice(journal.operations.length - undone).reverse()) {
    undo(operation, kept);
  }
  let bytes = 0;
  for (const path of filesBelow(data)) bytes += loseTail(path, journal, random);
  beginAnew(data, journalDirectory);
  return { undone, bytes };
}

/** The operation was written down before it happened: the last ones may not have. */
function undo(operation: Operation, kept: string): void {
  switch (operation.type) {
    case 'create':
    case 'mkdir':
      rmSync(operation.path, { recursive: true, force: true });
      break;
    case 'unlink':
      putBack(operation.kept, operation.path, kept);
      break;
    case 'rename':
      if (inodeOf(operation.to) !== operation.inode) return;
      renameSync(operation.to, operation.from);
      putBack(operation.kept, operation.to, kept);
      break;
  }
}

function putBack(name: string, path: string, kept: string): void {
  if (name !== '-' && !existsSync(path)) linkSync(join(kept, name), path);
}

/** Cuts a file back, no further than it was synced. Returns how many bytes it lost. */
function loseTail(path: string, journal: Journal, random: Random): number {
  const { size } = lstatSync(path);
  const synced = Math.min(journal.synced.get(inodeOf(path) ?? '') ?? 0, size);
  if (synced === size) return 0;
  const left = random.pick([synced, size, synced + random.below(size - synced + 1)]);
  truncateSync(path, left);
  const lastBlock = Math.max(synced, Math.floor((left - 1) / blockBytes) * blockBytes);
  const damaged = random.chance(40) ? left - lastBlock : 0;
  if (damaged > 0) {
    const isLog = path.endsWith('.log');
    const isGarbage = isLog && random.chance(50);
    const fill = () => (isGarbage ? random.below(256) : 0);
    overwrite(path, lastBlock, Uint8Array.from({ length: damaged }, fill));
  }
  return size - left + damaged;
}

function overwrite(path: string, position: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  try {
    writeSync(file, bytes, 0, bytes.length, position);
  } finally {
    closeSync(file);
  }
}

/** What is there after the power is back is on the disk. */
function beginAnew(data: string, journal: string): void {
  rmSync(journal, { recursive: true });
  mkdirSync(join(journal, 'kept'), { recursive: true });
  const synced = filesBelow(data).map(
    (path) => `S\t${inodeOf(path)}\t${lstatSync(path).size}\t0\n`,
  );
  writeFileSync(join(journal, 'journal'), synced.join(''));
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function inodeOf(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? undefined : String(found.ino);
}
