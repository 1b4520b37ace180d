import type { DamagedBlock } from './files/table-check.ts';
import { nameOf, type StoreProblem } from './finding.ts';
import { Inspection } from './inspect.ts';
import {
  type OfflineStore,
  openOffline,
  type StoreToolOptions,
  unreadableError,
} from './offline-store.ts';
import type { StoredKind } from './stored-kinds.ts';

/** One record with something wrong, for people. */
export interface ProblemExample {
  readonly kind: StoredKind;
  /** The client id, topic or numbers that its key names. */
  readonly key: string;
  readonly reason: string;
}

export interface ProblemReport {
  readonly problem: StoreProblem;
  readonly count: number;
  /** The first of them, at most 100. */
  readonly examples: readonly ProblemExample[];
}

export interface CheckReport {
  /** The directory of the store, absolute. */
  readonly path: string;
  /** Nothing is wrong: a broker starts with it, and every record and every block is sound. */
  readonly healthy: boolean;
  /** What keeps a broker from starting with the store. */
  readonly refusal: { readonly code: string; readonly message: string } | undefined;
  /** All records could be read. */
  readonly complete: boolean;
  /** Records of each kind that is there. 'ended' are sessions whose records are yet to be removed: no problem. */
  readonly records: Partial<Readonly<Record<StoredKind, number>>>;
  readonly problems: readonly ProblemReport[];
  /** Blocks of LevelDB's tables that are not what was written, also those that a broker starts with. */
  readonly damagedBlocks: readonly DamagedBlock[];
}

const maxExamples = 100;

/**
 * Reads a whole store that no broker has open, and says what is wrong with it. It changes nothing; LevelDB itself
 * tidies its log when it is opened. Rejects with SLUICE_LEVEL_MISSING, _LOCKED, _FORMAT, _BACKUP_UNFINISHED or
 * _UNWRITABLE.
 */
export async function checkStore(options: StoreToolOptions): Promise<CheckReport> {
  const store = await openOffline(options);
  try {
    return await inspectStore(store, options.onProgress);
  } finally {
    await store.database?.close();
  }
}

/** Checks a store that is open already. */
export async function inspectStore(
  { path, database, damagedBlocks, refusal: refused }: OfflineStore,
  onProgress: StoreToolOptions['onProgress'],
): Promise<CheckReport> {
  let refusal = refused;
  let complete = database !== undefined;
  const problems = new Map<StoreProblem, { count: number; examples: ProblemExample[] }>();
  const records = new Map<StoredKind, number>();
  if (database !== undefined) {
    const inspection = new Inspection(database, onProgress);
    try {
      for await (const finding of inspection.findings()) {
        const { problem, kind, reason } = finding;
        const found = problems.get(problem) ?? { count: 0, examples: [] };
        problems.set(problem, found);
        found.count++;
        if (found.examples.length < maxExamples) {
          found.examples.push({ kind, key: nameOf(finding), reason });
        }
      }
    } catch (error) {
      refusal ??= unreadableError(path, error);
      complete = false;
    }
    for (const [kind, count] of inspection.counts) records.set(kind, count);
  }
  return {
    path,
    healthy: refusal === undefined && problems.size === 0 && damagedBlocks.length === 0,
    complete,
    refusal: refusal && { code: refusal.code, message: refusal.message },
    records: Object.fromEntries(records),
    problems: Array.from(problems, ([problem, found]) => ({ problem, ...found })),
    damagedBlocks,
  };
}
