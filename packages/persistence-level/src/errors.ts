import { BrokerError } from '@sluice/plugin';

/** Codes of what this package throws and reports; each has its heading in the README. */
export const LevelErrorCode = {
  options: 'SLUICE_LEVEL_OPTIONS',
  locked: 'SLUICE_LEVEL_LOCKED',
  unwritable: 'SLUICE_LEVEL_UNWRITABLE',
  corrupt: 'SLUICE_LEVEL_CORRUPT',
  format: 'SLUICE_LEVEL_FORMAT',
  rolledBack: 'SLUICE_LEVEL_ROLLED_BACK',
  writeFailed: 'SLUICE_LEVEL_WRITE_FAILED',
  readFailed: 'SLUICE_LEVEL_READ_FAILED',
  notOpen: 'SLUICE_LEVEL_NOT_OPEN',
  damagedRecord: 'SLUICE_LEVEL_DAMAGED_RECORD',
  missing: 'SLUICE_LEVEL_MISSING',
  backupTarget: 'SLUICE_LEVEL_BACKUP_TARGET',
  backupFailed: 'SLUICE_LEVEL_BACKUP_FAILED',
  backupUnfinished: 'SLUICE_LEVEL_BACKUP_UNFINISHED',
} as const;

export type LevelErrorCode = (typeof LevelErrorCode)[keyof typeof LevelErrorCode];

const repairHint = 'Restore a backup, or open it once with `repair: true` to keep what can be read';

export function lockedError(path: string, cause: unknown): BrokerError {
  return new BrokerError(
    LevelErrorCode.locked,
    `The store at ${path} is open in another process: end that one, or give this broker a path of its own.`,
    { cause },
  );
}

/** The same where it is this process that has the store open. */
export function lockedHereError(path: string): BrokerError {
  return new BrokerError(
    LevelErrorCode.locked,
    `The store at ${path} is open in this process already: close what has it open, or give this broker a path of its own.`,
  );
}

export function unwritableError(path: string, cause: unknown): BrokerError {
  return new BrokerError(
    LevelErrorCode.unwritable,
    `The directory ${path} cannot be created or written (${reasonOf(cause)}): check the path, its permissions and the free space.`,
    { cause },
  );
}

export function corruptError(path: string, what: string, cause?: unknown): BrokerError {
  return new BrokerError(
    LevelErrorCode.corrupt,
    `The store at ${path} is damaged: ${what}. ${repairHint}.`,
    { cause },
  );
}

export function formatError(path: string, what: string): BrokerError {
  return new BrokerError(
    LevelErrorCode.format,
    `The store at ${path} ${what}: use the version that wrote it, or another path.`,
  );
}

export function rolledBackError(path: string, what: string): BrokerError {
  return new BrokerError(
    LevelErrorCode.rolledBack,
    `The store at ${path} is not the one that was last open here: ${what}. ${repairHint}.`,
  );
}

export function writeFailedError(path: string, cause: unknown): BrokerError {
  return new BrokerError(
    LevelErrorCode.writeFailed,
    `Writing to the store at ${path} failed (${reasonOf(cause)}): nothing of it was acknowledged; check the disk, the next write tries again.`,
    { cause },
  );
}

export function readFailedError(path: string, cause: unknown): BrokerError {
  return new BrokerError(
    LevelErrorCode.readFailed,
    `Reading from the store at ${path} failed (${reasonOf(cause)}): check the disk.`,
    { cause },
  );
}

/** Why a store that was opened cannot be read: what the system refuses, for want of memory or files, is no damage. */
export function unreadableStoreError(path: string, error: unknown): BrokerError {
  const { code } = error as { readonly code?: unknown };
  const reason = reasonOf(error);
  const isRefused = code === 'LEVEL_IO_ERROR' && !reason.includes('No such file');
  return isRefused
    ? readFailedError(path, error)
    : corruptError(path, `it cannot be read (${reason})`, error);
}

export function notOpenError(path: string): BrokerError {
  return new BrokerError(
    LevelErrorCode.notOpen,
    `The store at ${path} is not open: call open() first, and nothing after close().`,
  );
}

/** The innermost message: LevelDB wraps what the system said. */
export function reasonOf(cause: unknown): string {
  let error = cause;
  while (error instanceof Error && error.cause instanceof Error) error = error.cause;
  return error instanceof Error ? error.message : String(error);
}

/** Whether a block of LevelDB's tables is not what it was, so that nothing in it can be read any more. */
export function isRot(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'LEVEL_CORRUPTION';
}

/** Why a record was not read, for its report. */
export function unreadable(error: unknown): string {
  return `it cannot be read (${reasonOf(error)})`;
}
