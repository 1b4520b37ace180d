import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { BrokerError } from '@sluice/plugin';
import { markUnfinished } from './backup-marker.ts';
import type { Database } from './database.ts';
import { type DatabaseSnapshot, type Entry, pagesOf } from './entry-pages.ts';
import { type Epoch, syncDirectory, writeEpoch } from './epoch.ts';
import { LevelErrorCode, unwritableError } from './errors.ts';
import { resolveOptions } from './options.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import { ByteWriter } from './records/byte-writer.ts';
import { commitKey, openCommitNumber } from './records/commit-number.ts';
import { identityKey, Prefix } from './records/keys.ts';
import { readIdentity, type StoreIdentity, writeIdentity } from './records/records.ts';
import { databasePath, openDatabase } from './store.ts';
import { backupFailedError, backupTargetError } from './tool-errors.ts';

/** How far a backup is. */
export interface BackupProgress {
  readonly records: number;
  /** Keys and values, before LevelDB compresses them. */
  readonly bytes: number;
}

export interface BackupOptions {
  /** Called after each of many small steps. What it throws ends the backup. */
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}

export interface BackupReport extends BackupProgress {
  /** The directory of the backup, absolute. */
  readonly path: string;
  /** Records that fail their checksum. They are in the backup as they are, and are put aside when it is opened. */
  readonly damaged: number;
}

/** One moment of a store. */
export interface BackupSource {
  readonly database: Database;
  readonly snapshot: DatabaseSnapshot;
}

/**
 * Copies one moment of the store at `path` into a directory that is missing or empty: a store of its own, which can be
 * opened, or put in the place of the original. Rejects with SLUICE_LEVEL_BACKUP_TARGET, _UNWRITABLE or _BACKUP_FAILED.
 */
export async function writeBackup(
  path: string,
  to: string,
  takeSource: () => Promise<BackupSource>,
  { onProgress }: BackupOptions,
  signal?: AbortSignal,
): Promise<BackupReport> {
  const target = resolveTarget(path, to);
  const isNew = await claim(target);
  try {
    const source = await takeSource();
    try {
      const copy = new Copy(target, source, onProgress, signal);
      const epoch = await copy.run();
      await syncFiles(databasePath(target));
      // From here on it is a store.
      await writeEpoch(target, epoch);
      return { path: target, ...copy.progress, damaged: copy.damaged };
    } finally {
      await source.snapshot.close();
    }
  } catch (error) {
    await discard(target, isNew);
    if (error instanceof BrokerError && error.code === LevelErrorCode.notOpen) throw error;
    throw backupFailedError(target, error);
  }
}

function resolveTarget(path: string, to: string): string {
  if (typeof to !== 'string' || to === '') {
    throw new BrokerError(LevelErrorCode.options, 'A backup needs the path of a directory.');
  }
  const target = resolve(to);
  const inside = relative(path, target);
  const isOutside = inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  if (!isOutside) throw backupTargetError(target, 'lies within the store itself');
  return target;
}

/** Makes the directory, or takes an empty one, and marks it. Returns whether it was made. */
async function claim(target: string): Promise<boolean> {
  try {
    const isNew = (await mkdir(target, { recursive: true })) !== undefined;
    if ((await readdir(target)).length > 0) throw backupTargetError(target, 'is not empty');
    await markUnfinished(target);
    await syncDirectory(target);
    await syncDirectory(dirname(target));
    return isNew;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Another backup was quicker, or it is a file.
    if (code === 'EEXIST') throw backupTargetError(target, 'exists already');
    throw error instanceof BrokerError ? error : unwritableError(target, error);
  }
}

/** Removes what there is of a backup, the mark last; what cannot be removed stays marked. */
async function discard(target: string, isNew: boolean): Promise<void> {
  try {
    await rm(databasePath(target), { recursive: true, force: true });
    for (const name of ['epoch.new', 'epoch']) await rm(join(target, name), { force: true });
    if (isNew) await rmdir(target);
  } catch {
    // It is refused when somebody opens it.
  }
}

/** LevelDB syncs neither a log that it has turned over nor anything when it is closed. */
async function syncFiles(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    // Windows syncs only what is open for writing.
    const file = await open(join(directory, name), 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await syncDirectory(directory);
}

/** Fills the database of a backup. One read or write is under way at a time, and one page in memory. */
class Copy {
  readonly #target: string;
  readonly #source: BackupSource;
  readonly #onProgress: BackupOptions['onProgress'];
  readonly #signal: AbortSignal | undefined;
  readonly #reader = new ByteReader();
  #records = 0;
  #bytes = 0;
  damaged = 0;

  constructor(
    target: string,
    source: BackupSource,
    onProgress: BackupOptions['onProgress'],
    signal: AbortSignal | undefined,
  ) {
    this.#target = target;
    this.#source = source;
    this.#onProgress = onProgress;
    this.#signal = signal;
  }

  get progress(): BackupProgress {
    return { records: this.#records, bytes: this.#bytes };
  }

  /** Settles with what the epoch file is to say. The identity is the last thing to be written. */
  async run(): Promise<Epoch> {
    const { database, snapshot } = this.#source;
    const writes = openCommitNumber(await database.get(commitKey, { snapshot }));
    const identity = await this.#newIdentity();
    const copy = await openDatabase(resolveOptions({ path: this.#target }), true);
    try {
      for await (const page of pagesOf(database, {}, snapshot)) {
        this.#signal?.throwIfAborted();
        await this.#write(copy, page);
        this.#onProgress?.(this.progress);
      }
      const writer = new ByteWriter().start();
      writeIdentity(writer, identity);
      await copy.put(identityKey, writer.seal(identityKey));
    } finally {
      await copy.close();
    }
    return { ...identity, writes: writes ?? 0 };
  }

  /** A name of its own: its database put beside the epoch file of the original, or of another backup, is refused. */
  async #newIdentity(): Promise<StoreIdentity> {
    const { database, snapshot } = this.#source;
    const value = await database.get(identityKey, { snapshot });
    if (value === undefined) throw new DamagedRecord('the store has no identity');
    return {
      ...readIdentity(this.#reader.open(identityKey, value)),
      storeId: randomUUID(),
    };
  }

  async #write(copy: Database, page: readonly Entry[]): Promise<void> {
    const batch = copy.batch();
    for (const [key, value] of page) {
      if (key.equals(identityKey)) continue;
      batch.put(key, value);
      this.#records++;
      this.#bytes += key.length + value.length;
      if (!this.#isWhole(key, value)) this.damaged++;
    }
    await batch.write({ sync: false });
  }

  #isWhole(key: Buffer, value: Buffer): boolean {
    // Damage that was put aside before is no news.
    if (key[0] === Prefix.quarantine) return true;
    try {
      this.#reader.open(key, value);
      return true;
    } catch (error) {
      if (error instanceof DamagedRecord) return false;
      throw error;
    }
  }
}
