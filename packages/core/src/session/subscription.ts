import { hasWildcard, parseSharedFilter, type Qos } from '@sluice/packet';
import type { Receiver } from './receiver.ts';

const qosMask = 3;
const noLocalFlag = 4;
const retainAsPublishedFlag = 8;
const retainHandlingShift = 4;
const overFlag = 64;
const wildcardFlag = 128;
/** Factor of the subscription identifier, which lies above the other options. */
const identifierFactor = 256;

/** What few subscriptions have other than in their filter. */
interface OtherNames {
  readonly requested: string;
  readonly topicFilter: string;
}

/**
 * One subscription of a session or of the application. Its options change in place when it is replaced; they are one
 * number, since there may be a million subscriptions.
 */
export class Subscription {
  readonly receiver: Receiver;
  /** The filter that counts, `$share/name/` included. */
  readonly filter: string;
  readonly #names: OtherNames | undefined;
  #options: number;

  /** The topic filter is given where it is all of the filter, though behind `$share/name/` it may look like a shared one. */
  constructor(receiver: Receiver, options: SubscriptionOptions, given?: string) {
    const { filter, requested } = options;
    const topicFilter = given ?? parseSharedFilter(filter)?.filter ?? filter;
    this.receiver = receiver;
    this.filter = filter;
    this.#names =
      requested === filter && topicFilter === filter ? undefined : { requested, topicFilter };
    this.#options = packed(options) + (hasWildcard(topicFilter) ? wildcardFlag : 0);
  }

  /** The filter by which the client knows it. */
  get requested(): string {
    return this.#names?.requested ?? this.filter;
  }

  /** The filter that topics are matched with. */
  get topicFilter(): string {
    return this.#names?.topicFilter ?? this.filter;
  }

  /** Whether the client knows it by the filter that it has: of one receiver no two such have the same one. */
  get isPlain(): boolean {
    return this.#names === undefined;
  }

  /** `filter` where it is a shared one. */
  get sharedFilter(): string | undefined {
    return this.topicFilter === this.filter ? undefined : this.filter;
  }

  get qos(): Qos {
    return (this.#options & qosMask) as Qos;
  }

  get noLocal(): boolean {
    return (this.#options & noLocalFlag) !== 0;
  }

  get retainAsPublished(): boolean {
    return (this.#options & retainAsPublishedFlag) !== 0;
  }

  get retainHandling(): 0 | 1 | 2 {
    return ((this.#options >> retainHandlingShift) & 3) as 0 | 1 | 2;
  }

  /** 0 when it has none. */
  get subscriptionIdentifier(): number {
    return Math.floor(this.#options / identifierFactor);
  }

  /** Whether it may match several topics: told without a look at the filter, which lies elsewhere. */
  get hasWildcard(): boolean {
    return (this.#options & wildcardFlag) !== 0;
  }

  /** Removed: nothing more may come of it, also where its route is still in use. */
  get isOver(): boolean {
    return (this.#options & overFlag) !== 0;
  }

  end(): void {
    if (!this.isOver) this.#options += overFlag;
  }

  lower(qos: Qos): void {
    this.#options += qos - this.qos;
  }

  replaceOptions(options: SubscriptionOptions): void {
    this.#options = packed(options) + (this.#options & wildcardFlag);
  }
}

function packed(options: SubscriptionOptions): number {
  const { qos, noLocal, retainAsPublished, retainHandling, subscriptionIdentifier } = options;
  return (
    subscriptionIdentifier * identifierFactor +
    (qos |
      (noLocal ? noLocalFlag : 0) |
      (retainAsPublished ? retainAsPublishedFlag : 0) |
      (retainHandling << retainHandlingShift))
  );
}

export interface SubscriptionOptions {
  readonly requested: string;
  readonly filter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
  readonly subscriptionIdentifier: number;
}
