import { BrokerError } from '@sluice/plugin';
import { LevelErrorCode, reasonOf } from './errors.ts';

// What backups, and the tools for a store that no broker has open, throw beside the errors of opening it.

export function inUseError(path: string, cause: unknown): BrokerError {
  return new BrokerError(
    LevelErrorCode.locked,
    `The store at ${path} is in use, most likely by a running broker: stop it first; a backup it can write itself, with backup() or at the signal SIGUSR2.`,
    { cause },
  );
}

export function missingError(path: string): BrokerError {
  return new BrokerError(
    LevelErrorCode.missing,
    `There is no store at ${path}: it is the directory that holds "store" and "epoch".`,
  );
}

export function unfinishedBackupError(path: string): BrokerError {
  return new BrokerError(
    LevelErrorCode.backupUnfinished,
    `The directory ${path} holds a backup that was never finished: delete it, and use another one.`,
  );
}

export function backupTargetError(path: string, what: string): BrokerError {
  return new BrokerError(
    LevelErrorCode.backupTarget,
    `A backup cannot be written to ${path}: it ${what}; name a directory that does not exist yet.`,
  );
}

export function backupFailedError(path: string, cause: unknown): BrokerError {
  return new BrokerError(
    LevelErrorCode.backupFailed,
    `The backup to ${path} was not finished (${reasonOf(cause)}): it cannot be used.`,
    { cause },
  );
}
