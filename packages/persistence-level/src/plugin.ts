import { BrokerError, type Plugin } from '@sluice/plugin';
import { LevelErrorCode } from './errors.ts';
import { LevelPersistence } from './level-persistence.ts';
import type { LevelOptions } from './options.ts';

/** Keeps sessions and retained messages in LevelDB. Throws SLUICE_LEVEL_OPTIONS. */
export function level(options: LevelOptions): Plugin {
  let reportError: (error: Error) => void = () => {};
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
      options.onCorrupt?.(report);
    },
  });
  return {
    name: 'persistence-level',
    setup(context) {
      reportError = (error) => context.reportError(error);
      context.provide('persistence', persistence);
    },
  };
}
