import { parseSharedFilter, type Qos } from '@sluice/packet';
import type { Receiver } from './receiver.ts';

/** One subscription of a session or of the application. Its options change in place when it is replaced. */
export class Subscription {
  readonly receiver: Receiver;
  /** The filter by which the client knows it. */
  readonly requested: string;
  /** The filter that counts, `$share/name/` included. */
  readonly filter: string;
  /** The filter that topics are matched with. */
  readonly topicFilter: string;
  /** `filter` where it is a shared one. */
  readonly sharedFilter: string | undefined;
  qos: Qos;
  noLocal: boolean;
  retainAsPublished: boolean;
  retainHandling: 0 | 1 | 2;
  /** 0 when it has none. */
  subscriptionIdentifier: number;
  /** Removed: nothing more may come of it, also where its route is still in use. */
  isOver = false;

  constructor(receiver: Receiver, options: SubscriptionOptions) {
    this.receiver = receiver;
    this.requested = options.requested;
    this.filter = options.filter;
    const shared = parseSharedFilter(options.filter);
    this.topicFilter = shared === undefined ? options.filter : shared.filter;
    this.sharedFilter = shared === undefined ? undefined : options.filter;
    this.qos = options.qos;
    this.noLocal = options.noLocal;
    this.retainAsPublished = options.retainAsPublished;
    this.retainHandling = options.retainHandling;
    this.subscriptionIdentifier = options.subscriptionIdentifier;
  }

  replaceOptions(options: SubscriptionOptions): void {
    this.qos = options.qos;
    this.noLocal = options.noLocal;
    this.retainAsPublished = options.retainAsPublished;
    this.retainHandling = options.retainHandling;
    this.subscriptionIdentifier = options.subscriptionIdentifier;
  }
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
