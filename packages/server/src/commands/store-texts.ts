import type {
  BackupReport,
  CheckReport,
  RepairReport,
  StoredKind,
  StoreProblem,
  StoreStats,
} from '@sluice/persistence-level';
import { printable } from '../printable.ts';

const shown = (value: number) => value.toLocaleString('en-US');

/** What a person reads of each kind of record. */
const kindNames: Readonly<Record<StoredKind, string>> = {
  session: 'sessions',
  subscription: 'subscriptions',
  journal: 'journal',
  queue: 'queued',
  message: 'messages',
  received: 'QoS 2 ids',
  retained: 'retained',
  will: 'wills',
  ended: 'ended',
  quarantined: 'put aside',
  other: 'other',
};

const problemTexts: Readonly<Record<StoreProblem, string>> = {
  damaged: 'damaged',
  missingMessage: 'in a queue without their message',
  unreferenced: 'messages in no queue',
  orphaned: 'of sessions that do not exist',
  sharedNumber: 'sessions with the number of another one',
  numbersBehind: 'the next numbers are lost, or in use',
};

const kinds = Object.keys(kindNames) as StoredKind[];
const maxExamples = 5;

function line(name: string, text: string): string {
  return `${name.padEnd(14)} ${text}`;
}

export function checkText(report: CheckReport): string[] {
  const { path, records, refusal, problems, damagedBlocks, healthy, complete } = report;
  return [
    line('store', path),
    ...kinds
      .filter((kind) => records[kind] !== undefined && kind !== 'other')
      .map((kind) => line(kindNames[kind], shown(records[kind] ?? 0))),
    ...(refusal === undefined ? [] : [line('refused', `${refusal.code}: ${refusal.message}`)]),
    ...problems.flatMap(({ problem, count, examples }) => [
      line('problem', `${shown(count)} ${problemTexts[problem]}`),
      ...examples
        .slice(0, maxExamples)
        .map(({ kind, key, reason }) => `  ${kind} ${printable(key)}: ${reason}`),
      ...(count > maxExamples ? [`  and ${shown(count - maxExamples)} more`] : []),
    ]),
    ...damagedBlocks
      .slice(0, maxExamples)
      .map(({ table, byte, reason }) => line('damaged', `${table} at byte ${byte}: ${reason}`)),
    ...(damagedBlocks.length > maxExamples
      ? [line('damaged', `and ${shown(damagedBlocks.length - maxExamples)} blocks more`)]
      : []),
    ...(complete ? [] : [line('incomplete', 'not all of it could be read')]),
    line('result', healthy ? 'healthy' : 'not healthy'),
  ];
}

export function repairText(report: RepairReport): string[] {
  const { wasNeeded, salvaged, after } = report;
  if (!wasNeeded) return [line('store', report.path), line('result', 'healthy: nothing to do')];
  const counts: [string, number][] = [
    ['damaged records were put aside', report.putAside],
    ['entries of queues were dropped, as their message is lost', report.referencesDropped],
    ['records of sessions that do not exist were removed', report.orphansRemoved],
    ['messages in no queue were removed', report.messagesRemoved],
  ];
  return [
    line('store', report.path),
    ...(salvaged ? [line('salvaged', 'files of LevelDB; what that lost is not known')] : []),
    ...report.tablesReplaced.map((table) =>
      line('replaced', `${table}; as it was, it is in lost/`),
    ),
    ...counts
      .filter(([, count]) => count > 0)
      .map(([what, count]) => line('repaired', `${shown(count)} ${what}`)),
    ...(report.before.refusal === undefined ? [] : [line('accepted', 'as it is now')]),
    ...checkText(after).slice(1),
  ];
}

export function backupText({ path, records, bytes, damaged }: BackupReport): string[] {
  return [
    line('backup', path),
    line('records', shown(records)),
    line('bytes', shown(bytes)),
    ...(damaged === 0 ? [] : [line('damaged', `${shown(damaged)} records, as in the store`)]),
  ];
}

export function statsText({ path, records, diskBytes, ...stats }: StoreStats): string[] {
  const { totalDiskBytes, largestQueues } = stats;
  const cells = (name: string, count: string, bytes: string) =>
    line(name, `${count.padStart(12)}  ${bytes.padStart(16)}`);
  return [
    line('store', path),
    cells('', 'records', 'bytes on disk'),
    ...kinds
      .filter((kind) => kind !== 'other')
      .map((kind) => cells(kindNames[kind], shown(records[kind]), shown(diskBytes[kind]))),
    cells('all files', '', shown(totalDiskBytes)),
    ...largestQueues.map(({ clientId, messages }) =>
      line('queue', `${shown(messages).padStart(12)}  ${printable(clientId)}`),
    ),
  ];
}
