import type { BrokerError } from '@sluice/plugin';
import type { Database } from './database.ts';
import type { Epoch } from './epoch.ts';
import { formatError, rolledBackError } from './errors.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import { identityKey } from './records/keys.ts';
import { readIdentity, type StoreIdentity } from './records/records.ts';

/** Raised when the layout of keys or values changes so that older code would misread it. */
export const storeFormat = 2;

/** What a database says that it is; undefined when it says nothing. */
export async function readStoredIdentity(
  database: Database,
): Promise<StoreIdentity | DamagedRecord | undefined> {
  const value = await database.get(identityKey);
  if (value === undefined) return undefined;
  try {
    return readIdentity(new ByteReader().open(identityKey, value));
  } catch (error) {
    if (error instanceof DamagedRecord) return error;
    throw error;
  }
}

export async function isEmpty(database: Database): Promise<boolean> {
  return (await database.keys({ limit: 1 }).all()).length === 0;
}

/** Throws SLUICE_LEVEL_FORMAT for a store of another version, which no repair helps against. */
export function requireFormat(path: string, { format }: StoreIdentity): void {
  if (format === storeFormat) return;
  const age = format > storeFormat ? 'newer' : 'older';
  throw formatError(path, `has format ${format}, ${age} than this version's ${storeFormat}`);
}

/** Why a database is not the one that its epoch file speaks of; undefined when it is. */
export function differenceFrom(
  side: Epoch,
  path: string,
  identity: StoreIdentity | undefined,
  writes: number | undefined,
): BrokerError | undefined {
  if (identity === undefined) return rolledBackError(path, 'it lost its identity');
  if (identity.storeId !== side.storeId) return rolledBackError(path, 'it has another identity');
  if (identity.epoch < side.epoch) {
    return rolledBackError(path, `start ${side.epoch} is on record, it knows ${identity.epoch}`);
  }
  if (writes === undefined || writes >= (side.writes ?? 0)) return undefined;
  return rolledBackError(path, `write ${side.writes} is on record, it knows ${writes}`);
}
