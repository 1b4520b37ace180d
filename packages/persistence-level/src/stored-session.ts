import type { Database } from './database.ts';
import { isRot, unreadable } from './errors.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import { sessionKey } from './records/keys.ts';
import { readSession } from './records/records.ts';

/**
 * Whether the record of a client identifier on disk is that of a session, or none that anybody could read any more:
 * `onUnreadable` is told of that.
 */
export function isHeldBy(
  session: number,
  clientId: string,
  database: Database,
  onUnreadable: (key: Buffer, reason: string) => void,
): boolean {
  const key = sessionKey(clientId);
  try {
    const value = database.getSync(key);
    if (value === undefined) return false;
    return readSession(new ByteReader().open(key, value), clientId).session === session;
  } catch (error) {
    if (error instanceof DamagedRecord) return false;
    if (!isRot(error)) throw error;
    onUnreadable(key, unreadable(error));
    return true;
  }
}
