/** What kind of record was damaged. */
export type RecordKind =
  | 'session'
  | 'subscription'
  | 'journal'
  | 'queue'
  | 'message'
  | 'received'
  | 'retained'
  | 'will';

/** A record that could not be trusted. It is never delivered. */
export interface DamageReport {
  readonly kind: RecordKind;
  /** For people: the client id, topic or numbers that its key names. */
  readonly key: string;
  readonly reason: string;
}
