import { readdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BrokerError } from '@sluice/plugin';
import { isUnfinishedBackup } from './backup-marker.ts';
import type { Database } from './database.ts';
import { type Epoch, readEpoch } from './epoch.ts';
import {
  corruptError,
  formatError,
  LevelErrorCode,
  reasonOf,
  rolledBackError,
  unwritableError,
} from './errors.ts';
import { checkFiles, type FileCheck } from './files/file-check.ts';
import type { DamagedBlock } from './files/table-check.ts';
import { resolveOptions } from './options.ts';
import { DamagedRecord } from './records/byte-reader.ts';
import { commitKey, openCommitNumber } from './records/commit-number.ts';
import type { StoreIdentity } from './records/records.ts';
import { databasePath, openDatabase } from './store.ts';
import { differenceFrom, isEmpty, readStoredIdentity, requireFormat } from './store-identity.ts';
import { inUseError, missingError, unfinishedBackupError } from './tool-errors.ts';

/** What the tools for a store that no broker has open are told. */
export interface StoreToolOptions {
  /** Directory of the store: the `path` of `level()`. */
  readonly path: string;
  /** Called now and then: what is being read, and how many records of it so far. */
  readonly onProgress?: ((what: string, records: number) => void) | undefined;
}

/** A store that is looked at without starting it: nothing is counted, moved or repaired. */
export interface OfflineStore {
  readonly path: string;
  /** Undefined when LevelDB itself cannot open it. */
  readonly database: Database | undefined;
  /** Undefined when it is lost or damaged. */
  readonly identity: StoreIdentity | undefined;
  readonly side: Epoch | undefined;
  /** Of LevelDB's tables; not looked for where other files are damaged. */
  readonly damagedBlocks: readonly DamagedBlock[];
  /** What a broker that opened it would be told; undefined when it would start. */
  readonly refusal: BrokerError | undefined;
}

/** Rejects with SLUICE_LEVEL_MISSING, _LOCKED, _FORMAT, _BACKUP_UNFINISHED or _UNWRITABLE: with what no tool can help. */
export async function openOffline({ path: given }: StoreToolOptions): Promise<OfflineStore> {
  const options = resolveOptions({ path: given });
  const { path } = options;
  await refuseUnfinishedBackup(path);
  const read = await readEpoch(path).catch((error: unknown) => {
    throw unwritableError(path, error);
  });
  const side = read === 'damaged' ? undefined : read;
  const sideRefusal =
    read === 'damaged' ? corruptError(path, 'its epoch file is damaged') : undefined;
  const unopened = { path, database: undefined, identity: undefined, side };
  if (!(await hasFiles(databasePath(path)))) {
    if (read === undefined) throw missingError(path);
    // LevelDB must not get to see it: it would begin a new database there.
    const refusal = sideRefusal ?? rolledBackError(path, 'its database is missing');
    return { ...unopened, damagedBlocks: [], refusal };
  }
  const { damage, damagedBlocks } = await findLastingDamage(databasePath(path)).catch(
    (error: unknown) => {
      throw unwritableError(path, error);
    },
  );
  if (damage !== undefined) {
    // Opening would remove the files that a repair needs.
    return { ...unopened, damagedBlocks, refusal: corruptError(path, damage) };
  }
  let database: Database;
  try {
    database = await openDatabase(options, false);
  } catch (error) {
    return { ...unopened, damagedBlocks, refusal: curable(path, error) };
  }
  try {
    return {
      path,
      database,
      side,
      damagedBlocks,
      ...(await identify(path, database, side, sideRefusal)),
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Rejects with SLUICE_LEVEL_BACKUP_UNFINISHED. */
export async function refuseUnfinishedBackup(given: string): Promise<void> {
  const path = resolve(given);
  if (await isUnfinishedBackup(path)) throw unfinishedBackupError(path);
}

/** Opens a store and hands it to `use`, which gets it only when a broker could start with it. */
export async function withHealthyStore<Result>(
  options: StoreToolOptions,
  use: (database: Database, path: string) => Promise<Result>,
): Promise<Result> {
  const { path, database, refusal } = await openOffline(options);
  try {
    if (refusal !== undefined) throw refusal;
    return await use(database as Database, path);
  } finally {
    await database?.close();
  }
}

async function hasFiles(directory: string): Promise<boolean> {
  try {
    if (!(await stat(directory)).isDirectory()) return false;
    return (await readdir(directory)).length > 0;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw unwritableError(directory, error);
  }
}

/** Looked for twice, because the files of a store that is in use change between one look and the other. */
async function findLastingDamage(directory: string): Promise<FileCheck> {
  const check = await checkFiles(directory, Number.POSITIVE_INFINITY);
  if (check.damage === undefined) return check;
  const again = await checkFiles(directory, Number.POSITIVE_INFINITY);
  return again.damage === check.damage ? again : { damage: undefined, damagedBlocks: [] };
}

/** The error of opening LevelDB, when a repair may help against it. */
function curable(path: string, error: unknown): BrokerError {
  if (!(error instanceof BrokerError)) throw error;
  if (error.code === LevelErrorCode.locked) throw inUseError(path, error);
  if (error.code === LevelErrorCode.unwritable) throw error;
  return error;
}

async function identify(
  path: string,
  database: Database,
  side: Epoch | undefined,
  sideRefusal: BrokerError | undefined,
): Promise<Pick<OfflineStore, 'identity' | 'refusal'>> {
  let identity: Awaited<ReturnType<typeof readStoredIdentity>>;
  try {
    identity = await readStoredIdentity(database);
  } catch (error) {
    return { identity: undefined, refusal: unreadableError(path, error) };
  }
  if (identity instanceof DamagedRecord) {
    const refusal = corruptError(path, `its identity cannot be read, ${identity.message}`);
    return { identity: undefined, refusal };
  }
  if (identity === undefined && side === undefined && sideRefusal === undefined) {
    if (await isEmpty(database)) throw missingError(path);
    throw formatError(path, 'was not written by this package');
  }
  if (identity !== undefined) requireFormat(path, identity);
  const writes = openCommitNumber(await database.get(commitKey));
  const difference = side === undefined ? undefined : differenceFrom(side, path, identity, writes);
  return { identity, refusal: sideRefusal ?? difference };
}

/** The error for a database that LevelDB opens, but cannot read. Rethrows every other one. */
export function unreadableError(path: string, error: unknown): BrokerError {
  const isOfLevel = String((error as { readonly code?: unknown }).code).startsWith('LEVEL_');
  if (!isOfLevel || error instanceof BrokerError) throw error;
  return corruptError(path, `it cannot be read (${reasonOf(error)})`, error);
}
