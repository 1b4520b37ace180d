import { describeKey, describePlace } from './quarantine.ts';
import { numbersKey } from './records/keys.ts';
import { kindOf, minKeyBytes, type StoredKind } from './stored-kinds.ts';

/** What can be wrong with one record. */
export const StoreProblem = {
  /** Its checksum does not match, or it is none of this package. */
  damaged: 'damaged',
  /** It is in a queue, but the message that it refers to is missing or damaged. */
  missingMessage: 'missingMessage',
  /** A message that is in no queue. */
  unreferenced: 'unreferenced',
  /** It belongs to a session that neither exists nor has ended. */
  orphaned: 'orphaned',
  /** A session that has the number of another one. */
  sharedNumber: 'sharedNumber',
  /** The next numbers that are to be given out are lost, or in use already. */
  numbersBehind: 'numbersBehind',
} as const;

export type StoreProblem = (typeof StoreProblem)[keyof typeof StoreProblem];

/** One record with something wrong. */
export interface Finding {
  readonly problem: StoreProblem;
  readonly kind: StoredKind;
  readonly key: Buffer;
  readonly value: Buffer;
  /** Of a page, if it is one place that something is wrong with. */
  readonly place?: number;
  readonly reason: string;
}

/** What a finding is about, for people. */
export function nameOf({ kind, key, place }: Finding): string {
  if (place !== undefined) return describePlace(key, place);
  if (key.equals(numbersKey)) return 'next numbers';
  if (kindOf(key) === 'other' || key.length < minKeyBytes(kind)) return key.toString('hex');
  return describeKey(key);
}
