import type { RestoredSession, SessionRecord } from '@sluice/plugin';
import { NumberTable } from './number-table.ts';

/**
 * The sessions of a store while their queues are counted: columns in place of objects. A hundred thousand objects that live
 * through all of a start are moved by the garbage collector several times; those of `drain` die young.
 */
export class LoadedSessions {
  /** Rows by number of the session, counted from 1. */
  readonly #rows = new NumberTable();
  readonly #numbers: number[] = [];
  readonly #clientIds: string[] = [];
  readonly #identities: string[] = [];
  readonly #expiryIntervals: number[] = [];
  /** NaN while connected. */
  readonly #disconnectedAt: number[] = [];
  readonly #sentBefore: number[] = [];
  readonly #nextSequences: number[] = [];
  readonly #queued: number[] = [];

  add(record: SessionRecord): void {
    this.#numbers.push(record.session);
    this.#clientIds.push(record.clientId);
    this.#identities.push(record.identity);
    this.#expiryIntervals.push(record.expiryInterval);
    this.#disconnectedAt.push(record.disconnectedAt ?? Number.NaN);
    this.#sentBefore.push(record.sentBefore);
    this.#nextSequences.push(0);
    this.#queued.push(0);
    this.#rows.set(record.session, this.#numbers.length);
  }

  has(session: number): boolean {
    return this.#rows.get(session) !== 0;
  }

  /** Counts what was found of a session's queue; false when there is no such session. */
  count(session: number, queued: number, nextSequence: number): boolean {
    const row = this.#rows.get(session) - 1;
    if (row < 0) return false;
    this.#queued[row] = (this.#queued[row] as number) + queued;
    this.#nextSequences[row] = Math.max(this.#nextSequences[row] as number, nextSequence);
    return true;
  }

  /** All of them as objects, in the order in which they were added. */
  *records(): IterableIterator<RestoredSession> {
    for (let row = 0; row < this.#numbers.length; row++) {
      const disconnectedAt = this.#disconnectedAt[row] as number;
      yield {
        session: this.#numbers[row] as number,
        clientId: this.#clientIds[row] as string,
        identity: this.#identities[row] as string,
        expiryInterval: this.#expiryIntervals[row] as number,
        disconnectedAt: Number.isNaN(disconnectedAt) ? undefined : disconnectedAt,
        sentBefore: this.#sentBefore[row] as number,
        nextSequence: this.#nextSequences[row] as number,
        queued: this.#queued[row] as number,
      };
    }
  }
}
