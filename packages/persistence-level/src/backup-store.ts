import { type BackupOptions, type BackupReport, writeBackup } from './backup.ts';
import { withHealthyStore } from './offline-store.ts';

export interface BackupStoreOptions extends BackupOptions {
  /** Directory of the store. */
  readonly path: string;
  /** Directory of the backup: missing, or empty. */
  readonly to: string;
}

/**
 * Writes a backup of a store that no broker has open; a broker that has it writes one with `backup()`. Rejects with what a
 * broker that opens the store would be told, SLUICE_LEVEL_MISSING, _BACKUP_TARGET, _UNWRITABLE or _BACKUP_FAILED.
 */
export async function backupStore(options: BackupStoreOptions): Promise<BackupReport> {
  return await withHealthyStore({ path: options.path }, (database, path) =>
    writeBackup(
      path,
      options.to,
      async () => ({ database, snapshot: database.snapshot() }),
      options,
    ),
  );
}
