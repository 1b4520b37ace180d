import type { SubscriptionRecord } from '@sluice/plugin';

const noLocalFlag = 4;
const retainAsPublishedFlag = 8;
const retainHandlingShift = 4;
/** Factor of the subscription identifier, which lies above the other options. */
const identifierFactor = 64;

/** The subscriptions of a store until somebody takes them: columns in place of objects, as in `LoadedSessions`. */
export class LoadedSubscriptions {
  readonly #sessions: number[] = [];
  readonly #requested: string[] = [];
  readonly #filters: string[] = [];
  readonly #options: number[] = [];

  add(record: SubscriptionRecord): void {
    const { qos, noLocal, retainAsPublished, retainHandling, subscriptionIdentifier } = record;
    this.#sessions.push(record.session);
    this.#requested.push(record.requested);
    this.#filters.push(record.filter);
    this.#options.push(
      subscriptionIdentifier * identifierFactor +
        (qos |
          (noLocal ? noLocalFlag : 0) |
          (retainAsPublished ? retainAsPublishedFlag : 0) |
          (retainHandling << retainHandlingShift)),
    );
  }

  /** Whose they are: a session as often as it has subscriptions. */
  sessions(): Iterable<number> {
    return this.#sessions;
  }

  /** Those of sessions that `isWanted` accepts, as objects, in the order in which they were added. */
  *records(isWanted: (session: number) => boolean): IterableIterator<SubscriptionRecord> {
    for (let row = 0; row < this.#sessions.length; row++) {
      const session = this.#sessions[row] as number;
      if (!isWanted(session)) continue;
      const options = this.#options[row] as number;
      yield {
        session,
        requested: this.#requested[row] as string,
        filter: this.#filters[row] as string,
        qos: (options & 3) as SubscriptionRecord['qos'],
        noLocal: (options & noLocalFlag) !== 0,
        retainAsPublished: (options & retainAsPublishedFlag) !== 0,
        retainHandling: ((options >> retainHandlingShift) & 3) as 0 | 1 | 2,
        subscriptionIdentifier: Math.floor(options / identifierFactor),
      };
    }
  }
}
