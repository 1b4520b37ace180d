import { type Qos, ReasonCode, type SubscriptionRequest } from '@sluice/packet';
import type { AuthorizeSubscribeGrant, Client, Verdict } from '@sluice/plugin';
import { andThen } from '../base/and-then.ts';
import { nextTurn } from '../base/next-turn.ts';
import type { Context } from '../context/context.ts';
import { failedDenial } from '../hooks/hook-decide.ts';
import type { HookRunners } from '../hooks/hooks.ts';
import { requestOf, type Subscriptions } from '../routing/subscriptions.ts';
import type { Session } from '../session/session.ts';
import type { Subscription } from '../session/subscription.ts';
import type { Inquiries } from './inquiries.ts';

/** A subscription that the access rules of now do not leave as it is. */
interface Change {
  readonly subscription: Subscription;
  /** What they were asked about. */
  readonly request: SubscriptionRequest;
  /** What it may have; undefined when it is denied. */
  readonly qos: Qos | undefined;
}

/** What access rules say of the subscriptions of a session; nothing is changed yet. */
export interface Findings {
  readonly changes: readonly Change[];
  /** A hook failed, so that nobody knows. */
  readonly failed: boolean;
}

/** Who asks: told what was found, unless nobody wants to know any more. */
export interface Reviewer {
  readonly session: Session;
  /** For whom rules are asked. */
  readonly client: Client;
  /** The rules. */
  readonly hooks: HookRunners;
  isOver(): boolean;
  found(findings: Findings): void | Promise<void>;
}

const nothing: Findings = { changes: [], failed: false };
const asksPerTurn = 256;

/** Asks access rules again about subscriptions that exist: when rules changed, and when their client comes back. */
export class Review {
  readonly #context: Context;
  readonly #subscriptions: Subscriptions;
  readonly #inquiries: Inquiries;

  constructor(context: Context, subscriptions: Subscriptions, inquiries: Inquiries) {
    this.#context = context;
    this.#subscriptions = subscriptions;
    this.#inquiries = inquiries;
  }

  /** Asks about every subscription. When `found` is called, what it is told is still so. */
  ask(reviewer: Reviewer): void | Promise<void> {
    const { session } = reviewer;
    const { authorizeSubscribe } = reviewer.hooks;
    if (authorizeSubscribe === undefined) return reviewer.found(nothing);
    const inquiry = this.#inquiries.open(session.clientId);
    const round: Round = {
      client: reviewer.client,
      authorizeSubscribe,
      subscriptions: [...session.subscriptions.values()],
      changes: [],
      failed: false,
      isOver: () => round.failed || inquiry.stale || reviewer.isOver(),
    };
    return andThen(this.#askFrom(round, 0), () => {
      this.#inquiries.close(inquiry);
      if (reviewer.isOver()) return;
      return inquiry.stale ? this.ask(reviewer) : reviewer.found(round);
    });
  }

  /** Makes it so. A subscription that was replaced meanwhile was asked about for itself. */
  apply(session: Session, { changes }: Findings): void {
    this.#context.commits.cut();
    for (const { subscription, request, qos } of changes) {
      if (session.subscriptions.get(subscription.requested) !== subscription) continue;
      if (subscription.qos !== request.qos) continue;
      if (qos === undefined) this.#subscriptions.remove(session, subscription.requested);
      else this.#subscriptions.lower(session, subscription, qos);
    }
  }

  /**
   * Takes from a connected client what it may not have any more. One that is offline is asked about when it is back:
   * more is known of it then.
   */
  recheck(session: Session): void | Promise<void> {
    const { sink, client, hooks } = session;
    if (sink === undefined) return;
    return this.ask({
      session,
      client,
      hooks,
      isOver: () => session.sink !== sink,
      found: (findings) => {
        // It authenticated again meanwhile.
        if (session.client !== client) return this.recheck(session);
        if (!findings.failed) this.apply(session, findings);
        else sink.close(ReasonCode.implementationSpecificError, 'access rules could not be asked');
      },
    });
  }

  #askFrom(round: Round, from: number): void | Promise<void> {
    const { client, subscriptions, authorizeSubscribe } = round;
    for (let index = from; index < subscriptions.length && !round.isOver(); index++) {
      if (index - from === asksPerTurn)
        return nextTurn(this.#context.environment).then(() => this.#askFrom(round, index));
      const subscription = subscriptions[index] as Subscription;
      const request = requestOf(subscription);
      const verdict = authorizeSubscribe({ client, subscription: request });
      if (verdict instanceof Promise) {
        return verdict.then((late) => {
          judge(round, subscription, request, late);
          return this.#askFrom(round, index + 1);
        });
      }
      judge(round, subscription, request, verdict);
    }
  }
}

/** The subscriptions of a session, asked about one after the other. */
interface Round {
  readonly client: Client;
  readonly authorizeSubscribe: NonNullable<HookRunners['authorizeSubscribe']>;
  readonly subscriptions: readonly Subscription[];
  readonly changes: Change[];
  failed: boolean;
  isOver(): boolean;
}

function judge(
  round: Round,
  subscription: Subscription,
  request: SubscriptionRequest,
  verdict: Verdict<AuthorizeSubscribeGrant>,
): void {
  if (!verdict.allowed) {
    // Who does not know must not end for good what may well be allowed.
    if (verdict === failedDenial) round.failed = true;
    else round.changes.push({ subscription, request, qos: undefined });
    return;
  }
  const { maximumQos = 2 } = verdict.grant ?? {};
  if (maximumQos < request.qos) round.changes.push({ subscription, request, qos: maximumQos });
}
