/** Places of one message in queues that lie on disk only: one operation that grows while nothing else is added. */
export class EnqueueMany {
  readonly type = 'enqueueMany';
  readonly sessions: number[] = [];
  readonly sequences: number[] = [];
  readonly message: number;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];

  constructor(
    message: number,
    qos: 1 | 2,
    retain: boolean,
    subscriptionIdentifiers: readonly number[],
  ) {
    this.message = message;
    this.qos = qos;
    this.retain = retain;
    this.subscriptionIdentifiers = subscriptionIdentifiers;
  }

  add(session: number, sequence: number): void {
    this.sessions.push(session);
    this.sequences.push(sequence);
  }

  /** Whether one more place is the same but for its session and sequence. */
  isAlike(message: number, qos: 1 | 2, retain: boolean, identifiers: readonly number[]): boolean {
    if (this.message !== message || this.qos !== qos || this.retain !== retain) return false;
    const own = this.subscriptionIdentifiers;
    if (own === identifiers) return true;
    return own.length === identifiers.length && own.every((one, i) => one === identifiers[i]);
  }
}
