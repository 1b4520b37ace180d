import type { SubscriptionRequest } from '@sluice/packet';
import { ReasonCode } from '@sluice/packet';
import { type Allow, allow, type Deny, type Drop, deny, drop } from '@sluice/plugin';
import type { FromAedesOptions, Subscription } from './handlers.ts';
import type { LiveClient } from './live-client.ts';
import { andThen, type Outcome } from './outcome.ts';
import { changedRequest, judgedSubscription } from './packets.ts';
import type { Stage } from './stage.ts';

const refused: Drop = Object.freeze(drop(ReasonCode.notAuthorized));
const denied: Deny = Object.freeze(deny(ReasonCode.notAuthorized));

/** After hooks that change filters: the handler decides about what is going to be subscribed. */
const priority = -100;

/**
 * Registers `authorizeSubscribe`. It may change what it allows, so it is called in the hook `subscribe`, for all filters
 * of a packet at once; the hook `authorizeSubscribe` only repeats what it said.
 */
export function hookSubscribe(stage: Stage, handlers: FromAedesOptions): void {
  const { context, clients, broker } = stage;
  const { authorizeSubscribe, deadlineMs } = handlers;
  if (authorizeSubscribe === undefined) return;
  const options = { priority, ...(deadlineMs !== undefined && { deadlineMs }) };
  const ask = (client: LiveClient, request: SubscriptionRequest) => {
    const subscription = judgedSubscription(request);
    return stage.ask<Subscription>(client, (callback) =>
      authorizeSubscribe.call(broker, client, subscription, callback),
    );
  };

  context.hook(
    'subscribe',
    ({ client: who, subscriptions }) => {
      const client = clients.of(who);
      const outcomes = subscriptions.map((request) => attempt(() => ask(client, request)));
      const all = outcomes.some((outcome) => outcome instanceof Promise)
        ? Promise.all(outcomes)
        : (outcomes as Outcome<Subscription>[]);
      return andThen(all, (settled) => apply(stage, client, subscriptions, settled));
    },
    options,
  );
  context.hook(
    'authorizeSubscribe',
    ({ client: who, subscription }): Allow<never> | Deny | Promise<Allow<never> | Deny> => {
      const client = clients.of(who);
      const decided = client.decisions.take(subscription);
      if (decided !== undefined) return decided ? allow() : denied;
      // Of a session that goes on, or another plug-in has made another filter of it.
      return andThen(ask(client, subscription), ({ error, value }) => {
        if (error !== undefined) stage.fail(client, error);
        return error === undefined && value ? allow() : denied;
      });
    },
    options,
  );
}

/** A handler that throws must not leave another one's promise without anybody who waits for it. */
function attempt<Value>(call: () => Value): Value | Promise<never> {
  try {
    return call();
  } catch (error) {
    return Promise.reject(error);
  }
}

/** What the handler made of a SUBSCRIBE: an error ends the connection, null refuses one filter. */
function apply(
  stage: Stage,
  client: LiveClient,
  subscriptions: readonly SubscriptionRequest[],
  outcomes: readonly Outcome<Subscription>[],
): readonly SubscriptionRequest[] | Drop {
  client.decisions.clear();
  for (const { error } of outcomes) {
    if (error === undefined) continue;
    stage.fail(client, error);
    return refused;
  }
  return subscriptions.map((request, index) => {
    const value = outcomes[index]?.value;
    const changed = value ? changedRequest(request, value) : request;
    client.decisions.add(changed, Boolean(value));
    return changed;
  });
}
