import type { RecordKind } from './damage-report.ts';
import { behindNumber, type KeyRange, Prefix, pageKeyBytes, rangeOf } from './records/keys.ts';

/** Every kind of record that a store may hold; 'other' are its identity, the next numbers, and what does not belong there. */
export type StoredKind = RecordKind | 'ended' | 'quarantined' | 'other';

interface StoredRange {
  readonly name: StoredKind;
  readonly range: KeyRange;
}

/** In the order in which they are best read: what others refer to comes first, but messages after queues. */
const known: readonly (readonly [StoredKind, Prefix, minKeyBytes: number])[] = [
  ['session', Prefix.session, 1],
  ['ended', Prefix.ended, behindNumber],
  ['subscription', Prefix.subscription, behindNumber],
  ['journal', Prefix.journal, behindNumber],
  ['received', Prefix.received, pageKeyBytes],
  ['will', Prefix.will, behindNumber],
  ['retained', Prefix.retained, 1],
  ['queue', Prefix.queue, pageKeyBytes],
  ['message', Prefix.message, behindNumber],
  ['quarantined', Prefix.quarantine, 1],
];

/** All ranges of a database, without a gap. */
export const kinds: readonly StoredRange[] = [
  ...known.map(([name, prefix]) => ({ name, range: rangeOf(prefix) })),
  ...gaps().map((range) => ({ name: 'other' as const, range })),
];

/** What lies between the known prefixes. */
function gaps(): KeyRange[] {
  const edges = known.map(([, prefix]) => prefix).sort((a, b) => a - b);
  const starts = [0, ...edges.map((prefix) => prefix + 1)];
  const ends = [...edges, 0xff];
  return starts.flatMap((from, i) => {
    const to = ends[i] ?? from;
    if (from >= to) return [];
    // Nothing may come behind the last one.
    const lt = to === 0xff ? Buffer.alloc(64, 0xff) : Buffer.of(to);
    return [{ gte: Buffer.of(from), lt }];
  });
}

export function kindOf(key: Buffer): StoredKind {
  return known.find(([, prefix]) => prefix === key[0])?.[0] ?? 'other';
}

/** How long a key of a kind is at least. */
export function minKeyBytes(kind: StoredKind): number {
  return known.find(([name]) => name === kind)?.[2] ?? 0;
}
