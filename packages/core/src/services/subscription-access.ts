import type { Qos } from '@sluice/packet';
import type { SubscriptionInfo, SubscriptionService, WantedSubscription } from '@sluice/plugin';
import { nextTurn } from '../base/next-turn.ts';
import { whenCommitted } from '../commits/when-committed.ts';
import type { Parts } from '../connection/parts.ts';
import { requestOf } from '../routing/subscriptions.ts';
import type { Session } from '../session/session.ts';
import type { Subscription } from '../session/subscription.ts';
import type { Serving } from './serving.ts';
import { walkSessions } from './walk-sessions.ts';
import { readWanted } from './wanted-subscription.ts';

const subscriptionsPerTurn = 256;

/** The subscriptions of all sessions, for plug-ins and the application. */
export class SubscriptionAccess implements SubscriptionService {
  readonly #parts: Parts;
  readonly #serving: Serving;

  constructor(parts: Parts, serving: Serving) {
    this.#parts = parts;
    this.#serving = serving;
  }

  async add(clientId: string, wanted: WantedSubscription): Promise<boolean> {
    this.#serving.checkStore();
    const { context, registry, subscriptions } = this.#parts;
    const granted = readWanted(wanted, context);
    const session = registry.get(clientId);
    if (session === undefined) return false;
    const qos = Math.min(granted.qos, session.limits.maxQos) as Qos;
    const made = subscriptions.add(session, { ...granted, qos });
    if (made === undefined) return false;
    if (made.replay !== undefined) session.replay(made.replay);
    if (session.stored) await whenCommitted(context.commits);
    return true;
  }

  async remove(clientId: string, requested: string): Promise<boolean> {
    this.#serving.checkStore();
    const { context, registry, subscriptions } = this.#parts;
    const session = registry.get(clientId);
    if (session === undefined || !subscriptions.remove(session, requested)) return false;
    if (session.stored) await whenCommitted(context.commits);
    return true;
  }

  of(clientId: string): readonly SubscriptionInfo[] {
    this.#serving.check();
    const session = this.#parts.registry.get(clientId);
    if (session === undefined) return [];
    return Array.from(session.subscriptions.values(), (one) => describe(session, one));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SubscriptionInfo, void> {
    let left = subscriptionsPerTurn;
    for await (const session of walkSessions(this.#parts, this.#serving)) {
      for (const subscription of [...session.subscriptions.values()]) {
        if (session.subscriptions.get(subscription.requested) !== subscription) continue;
        yield describe(session, subscription);
        this.#serving.check();
        if (--left > 0) continue;
        await nextTurn(this.#parts.context.environment);
        this.#serving.check();
        left = subscriptionsPerTurn;
      }
    }
  }
}

function describe(session: Session, subscription: Subscription): SubscriptionInfo {
  const { requested } = subscription;
  return { clientId: session.clientId, requested, ...requestOf(subscription) };
}
