import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BrokerError } from '@sluice/plugin';
import { Level } from 'level';
import type { Database } from './database.ts';
import { type Epoch, readEpoch, writeEpoch } from './epoch.ts';
import {
  corruptError,
  formatError,
  lockedError,
  rolledBackError,
  unreadableStoreError,
  unwritableError,
} from './errors.ts';
import { checkFiles } from './files/file-check.ts';
import { replaceDamagedTables } from './files/table-salvage.ts';
import { isUnfinishedDatabase } from './files/unfinished-store.ts';
import { claimStore } from './open-stores.ts';
import type { ResolvedOptions } from './options.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import { ByteWriter } from './records/byte-writer.ts';
import { commitKey, openCommitNumber } from './records/commit-number.ts';
import { identityKey } from './records/keys.ts';
import { readIdentity, type StoreIdentity, writeIdentity } from './records/records.ts';
import {
  differenceFrom,
  isEmpty,
  readStoredIdentity,
  requireFormat,
  storeFormat,
} from './store-identity.ts';

// LevelDB maps each table of 2 MiB that it has open, and keeps its index in memory. With its thousand, the process grows
// by a gigabyte while a queue of that size is drained. With these, only bodies that lie scattered over a store of some
// hundred megabytes take longer to read: up to 40 microseconds each, in place of 13.
const maxOpenFiles = 128;

/** Creates or opens the database below `path`, or refuses one that is not what it was. */
export async function openStore(options: ResolvedOptions): Promise<Database> {
  const { path } = options;
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unwritableError(path, error);
  }
  const release = await claimStore(path);
  try {
    return await openClaimedStore(options, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function openClaimedStore(options: ResolvedOptions, release: () => void): Promise<Database> {
  const { path } = options;
  const side = await readEpoch(path).catch((error: unknown) => {
    throw unwritableError(path, error);
  });
  if (side === 'damaged' && !options.repair) throw corruptError(path, 'its epoch file is damaged');
  const known = side === 'damaged' ? undefined : side;
  if (side === undefined && (await isUnfinishedDatabase(databasePath(path)))) {
    // It may be another process that is just beginning.
    await refuseInUse(path);
    await rm(databasePath(path), { recursive: true });
  }
  if (options.repair) await repairDatabase(path);
  else await refuseDamagedFiles(path, options.verifyBytes);
  const createIfMissing = known === undefined || options.repair;
  const database = await openLevel(options, createIfMissing, release);
  try {
    await beginEpoch(database, options, known);
  } catch (error) {
    await database.close();
    if (error instanceof BrokerError) throw error;
    throw unreadableStoreError(path, error);
  }
  return database;
}

/** Opens LevelDB itself. */
export async function openDatabase(
  options: ResolvedOptions,
  createIfMissing: boolean,
): Promise<Database> {
  // Before it is made: it begins to open by itself.
  const release = await claimStore(options.path);
  return openLevel(options, createIfMissing, release);
}

/**
 * Rejects with SLUICE_LEVEL_LOCKED when another process has the database open. To be asked before files are changed under
 * LevelDB, whose own repair takes no lock: an open that must fail, since the database exists, takes it first and changes
 * nothing. The store must be claimed.
 */
export async function refuseInUse(path: string): Promise<void> {
  const probe = new Level(databasePath(path), { createIfMissing: false, errorIfExists: true });
  try {
    await probe.open();
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
    if (cause?.code === 'LEVEL_LOCKED') throw lockedError(path, error);
  }
  await probe.close();
}

async function openLevel(
  options: ResolvedOptions,
  createIfMissing: boolean,
  release: () => void,
): Promise<Database> {
  const { path } = options;
  const database: Database = new Level<Buffer, Buffer>(databasePath(path), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    cacheSize: options.cacheBytes,
    writeBufferSize: options.writeBufferBytes,
    maxOpenFiles,
    createIfMissing,
  });
  await openClaimed(database, path, release);
  return database;
}

/**
 * Opens the same database once more: as it is the same object, no handle of our own can be left that holds the
 * lock or writes beside it.
 */
export async function reopenDatabase(database: Database, path: string): Promise<void> {
  // Data in tables was checked when it was opened first, as far as `verifyBytes` goes, or has been written since.
  await refuseDamagedFiles(path, 0);
  await openClaimed(database, path, await claimStore(path), { createIfMissing: false });
}

/** Opens a database of a store that was claimed, until it is closed. */
async function openClaimed(
  database: Database,
  path: string,
  release: () => void,
  options: { readonly createIfMissing?: boolean } = {},
): Promise<void> {
  try {
    await database.open(options);
  } catch (error) {
    release();
    throw openError(path, error);
  }
  database.once('closed', release);
}

async function refuseDamagedFiles(path: string, verifyBytes: number): Promise<void> {
  const { damage } = await checkFiles(databasePath(path), verifyBytes).catch((error: unknown) => {
    throw unwritableError(path, error);
  });
  if (damage !== undefined) throw corruptError(path, damage);
}

/** Where LevelDB's own files are. */
export function databasePath(path: string): string {
  return join(path, 'store');
}

function openError(path: string, error: unknown): Error {
  const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
  const message = cause?.message ?? '';
  if (cause?.code === 'LEVEL_LOCKED') return lockedError(path, error);
  if (message.includes('create_if_missing')) {
    return rolledBackError(path, 'its database is missing');
  }
  // LevelDB says "IO error" of a table or a MANIFEST that is not there: for a store that existed, that is damage.
  const missingFile = message.includes('No such file') || message.includes('missing files');
  if (cause?.code === 'LEVEL_CORRUPTION' || missingFile) {
    return corruptError(path, message, error);
  }
  return unwritableError(path, error);
}

async function repairDatabase(path: string): Promise<void> {
  // The types of `level` cover what browsers have too, and so leave out this static method of Node's.
  const { repair } = Level as unknown as { repair(location: string): Promise<void> };
  try {
    await mkdir(databasePath(path), { recursive: true });
    await refuseInUse(path);
    await replaceDamagedTables(path);
    await repair(databasePath(path));
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    throw openError(path, new Error('Repair failed', { cause: error }));
  }
}

/** Counts this start, in the database first: the side file must never be ahead without a reason. */
async function beginEpoch(
  database: Database,
  options: ResolvedOptions,
  side: Epoch | undefined,
): Promise<void> {
  const { path, repair } = options;
  const read = await readStoredIdentity(database);
  if (read instanceof DamagedRecord && !repair) {
    throw corruptError(path, `its identity cannot be read, ${read.message}`, read);
  }
  const found = read instanceof DamagedRecord ? undefined : read;
  const writes = openCommitNumber(await database.get(commitKey));
  if (found === undefined && side === undefined && !repair && !(await isEmpty(database))) {
    throw formatError(path, 'was not written by this package');
  }
  if (found !== undefined) requireFormat(path, found);
  const difference =
    side === undefined || repair ? undefined : differenceFrom(side, path, found, writes);
  if (difference !== undefined) throw difference;
  const identity: StoreIdentity = {
    format: storeFormat,
    storeId: found?.storeId ?? side?.storeId ?? randomUUID(),
    epoch: Math.max(found?.epoch ?? 0, side?.epoch ?? 0) + 1,
  };
  const writer = new ByteWriter().start();
  writeIdentity(writer, identity);
  try {
    await database.put(identityKey, writer.seal(identityKey), { sync: true });
    await writeEpoch(path, { ...identity, writes: writes ?? 0 });
  } catch (error) {
    throw unwritableError(path, error);
  }
}

/** At the end, with all of it synced and closed: from now on a shorter log is no crash. */
export async function endEpoch(path: string, identity: Buffer, writes: number): Promise<void> {
  const { storeId, epoch } = readIdentity(new ByteReader().open(identityKey, identity));
  await writeEpoch(path, { storeId, epoch, writes });
}
