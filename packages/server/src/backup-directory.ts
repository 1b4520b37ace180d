import { join, resolve } from 'node:path';
import type { StoreOptions } from './config.ts';

/** Where a running server puts a backup when nobody says: a directory of its own, named after the time. */
export function backupDirectory({ path, backupPath }: StoreOptions, now: Date): string {
  // Colons are not allowed in names on Windows.
  const time = now.toISOString().replaceAll(/[:.]/g, '-');
  return backupPath === undefined ? `${resolve(path)}-backup-${time}` : join(backupPath, time);
}
