import type { Qos, SubscriptionRequest } from '@sluice/packet';
import type { Context } from '../context/context.ts';
import type { RetainedMessages } from '../retained/retained-messages.ts';
import { type Replay, SubscriptionReplay } from '../session/replay.ts';
import type { Session } from '../session/session.ts';
import { Subscription } from '../session/subscription.ts';
import type { Router } from './router.ts';

/** A subscription that is to be made, with the QoS that was granted. */
export interface GrantedSubscription extends SubscriptionRequest {
  /** The filter by which the client knows it. */
  readonly requested: string;
  /** 0 when it has none. */
  readonly subscriptionIdentifier: number;
}

/** A subscription that was made or replaced. */
export interface MadeSubscription {
  /** The retained messages that follow; undefined when none do. */
  readonly replay: Replay | undefined;
}

const nothingFollows: MadeSubscription = Object.freeze({ replay: undefined });

/** Makes, changes and removes the subscriptions of sessions, in memory and in commits. */
export class Subscriptions {
  readonly #context: Context;
  readonly #router: Router;
  readonly #retained: RetainedMessages;

  constructor(context: Context, router: Router, retained: RetainedMessages) {
    this.#context = context;
    this.#router = router;
    this.#retained = retained;
  }

  /** Makes or replaces a subscription; undefined when the session has as many as it may. */
  add(session: Session, granted: GrantedSubscription): MadeSubscription | undefined {
    const { requested, filter } = granted;
    const existing = session.subscriptions.get(requested);
    const { maxSubscriptionsPerSession } = session.limits;
    const isFull = session.subscriptions.size >= maxSubscriptionsPerSession;
    if (existing === undefined && isFull) return undefined;
    // A number of its own, by which a message that is still with a hook is found to be older.
    const before = this.#context.numbers.message();
    let subscription: Subscription;
    if (existing?.filter === filter) {
      subscription = existing;
      existing.replaceOptions(granted); // [MQTT-3.8.4-3]
      this.#router.changed(existing);
    } else {
      if (existing === undefined) this.#context.stats.subscriptions++;
      else {
        this.#router.remove(existing);
        session.endReplay(requested);
      }
      subscription = new Subscription(session, granted);
      session.subscriptions.set(requested, subscription);
      this.#router.add(subscription);
    }
    this.#made(session, subscription);
    if (!wantsRetained(subscription, existing === undefined)) return nothingFollows;
    // [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]
    const cursor = this.#retained.find(filter, before);
    if (cursor === undefined) return nothingFollows;
    return { replay: new SubscriptionReplay(subscription, cursor) };
  }

  /** Removes a subscription by the name the client knows; false when there is none [MQTT-3.10.4-1]. */
  remove(session: Session, requested: string): boolean {
    const subscription = session.subscriptions.get(requested);
    if (subscription === undefined) return false;
    session.subscriptions.delete(requested);
    this.#router.remove(subscription);
    session.endReplay(requested);
    const { stats, commits } = this.#context;
    stats.subscriptions--;
    if (session.stored) {
      const { number } = session;
      commits.add({ type: 'unsubscribe', session: number, requested }, requested.length);
    }
    session.hooks.unsubscribed?.({ client: session.client, filter: requested });
    return true;
  }

  /** Lowers the QoS of a subscription, also for retained messages that are still to follow. */
  lower(session: Session, subscription: Subscription, qos: Qos): void {
    subscription.lower(qos);
    this.#router.changed(subscription);
    this.#made(session, subscription);
  }

  #made(session: Session, subscription: Subscription): void {
    if (session.stored) {
      const { requested, subscriptionIdentifier } = subscription;
      const request = requestOf(subscription);
      const record = { session: session.number, requested, ...request, subscriptionIdentifier };
      this.#context.commits.add(
        { type: 'subscribe', record },
        requested.length + request.filter.length,
      );
    }
    const { subscribed } = session.hooks;
    subscribed?.({ client: session.client, subscription: requestOf(subscription) });
  }
}

/** A subscription as a SUBSCRIBE would ask for it. */
export function requestOf(subscription: Subscription): SubscriptionRequest {
  const { filter, qos, noLocal, retainAsPublished, retainHandling } = subscription;
  return { filter, qos, noLocal, retainAsPublished, retainHandling };
}

/** Whether retained messages follow: a shared subscription never gets any. */
function wantsRetained({ sharedFilter, retainHandling }: Subscription, isNew: boolean): boolean {
  if (sharedFilter !== undefined) return false;
  return retainHandling === 0 || (retainHandling === 1 && isNew);
}
