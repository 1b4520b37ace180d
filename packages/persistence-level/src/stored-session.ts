import type { Database } from './database.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import { sessionKey } from './records/keys.ts';
import { readSession } from './records/records.ts';

/** Number of the session that a client identifier has on disk. */
export function storedSession(database: Database, clientId: string): number | undefined {
  const key = sessionKey(clientId);
  const value = database.getSync(key);
  if (value === undefined) return undefined;
  try {
    return readSession(new ByteReader().open(key, value), clientId).session;
  } catch (error) {
    if (error instanceof DamagedRecord) return undefined;
    throw error;
  }
}
