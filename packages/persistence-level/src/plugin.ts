import { BrokerError, type Plugin } from '@sluice/plugin';
import type { BackupOptions, BackupReport } from './backup.ts';
import { LevelErrorCode } from './errors.ts';
import { LevelPersistence } from './level-persistence.ts';
import type { LevelOptions } from './options.ts';
import type { StoreStats } from './store-stats.ts';

/** The plug-in, and what can be asked of its store while the broker runs. */
export interface LevelPlugin extends Plugin {
  /**
   * Copies one moment of the store into a directory that is missing or empty, while everything goes on. Rejects with
   * SLUICE_LEVEL_BACKUP_TARGET, _BACKUP_FAILED, _UNWRITABLE or _NOT_OPEN.
   */
  backup(path: string, options?: BackupOptions): Promise<BackupReport>;
  /** Counts what is stored, which reads all of it once. Rejects with SLUICE_LEVEL_READ_FAILED or _NOT_OPEN. */
  stats(): Promise<StoreStats>;
}

/** Keeps sessions and retained messages in LevelDB. Throws SLUICE_LEVEL_OPTIONS. */
export function level(options: LevelOptions): LevelPlugin {
  let reportError: (error: Error) => void = () => {};
  const failed = (thrown: unknown): void => {
    reportError(thrown instanceof Error ? thrown : new Error(String(thrown)));
  };
  const persistence = new LevelPersistence({
    ...options,
    onCorrupt(report) {
      const { kind, key, reason } = report;
      reportError(
        new BrokerError(
          LevelErrorCode.damagedRecord,
          `A record (${kind} ${key}) was put aside because ${reason}: it is not used, the rest of the store is.`,
        ),
      );
      try {
        // It may well be asynchronous: somebody is to be told.
        const told: unknown = options.onCorrupt?.(report);
        if (told instanceof Promise) told.catch(failed);
      } catch (thrown) {
        failed(thrown);
      }
    },
  });
  return {
    name: 'persistence-level',
    setup(context) {
      reportError = (error) => context.reportError(error);
      context.provide('persistence', persistence);
    },
    backup: (path, backupOptions) => persistence.backup(path, backupOptions),
    stats: () => persistence.stats(),
  };
}
