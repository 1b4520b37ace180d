import type { Client, Drop, RouteReceiver } from '@sluice/plugin';
import { isDrop } from '@sluice/plugin';
import type { RouteRunner } from '../hooks/hook-runners.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import type { Receiver } from '../session/receiver.ts';
import { Subscription } from '../session/subscription.ts';
import { Target } from './route.ts';
import { SharedGroup } from './shared-group.ts';

/** The session of a client identifier, as a receiver; undefined when there is none. */
export type FindReceiver = (clientId: string) => Receiver | undefined;

/** Asks the hook `route` about a message: who gets it, of those that are given and of all sessions, or its drop. */
export function askRoute(
  ask: RouteRunner,
  client: Client | undefined,
  message: RoutedMessage,
  targets: readonly Target[],
  find: FindReceiver,
): readonly Target[] | Drop {
  const receivers = targets.map((target) => describe(target, message));
  const event = { client, message, receivers };
  const outcome = ask(event);
  if (isDrop(outcome)) return outcome;
  if (outcome === event) return targets;
  const kept = new Set(outcome.receivers);
  const left = targets.filter((_, index) => kept.has(receivers[index] as RouteReceiver));
  for (const { clientId, qos } of outcome.added ?? []) {
    const receiver = find(clientId);
    if (receiver !== undefined) left.push(withoutSubscription(receiver, message.topic, qos));
  }
  return left;
}

function describe({ receiver, qos }: Target, message: RoutedMessage): RouteReceiver {
  return {
    clientId: receiver.clientId,
    sharedFilter: receiver instanceof SharedGroup ? receiver.sharedFilter : undefined,
    qos: message.qos < qos ? message.qos : qos,
  };
}

function withoutSubscription(receiver: Receiver, topic: string, qos: RouteReceiver['qos']): Target {
  const subscription = new Subscription(receiver, {
    requested: topic,
    filter: topic,
    qos,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 2,
    subscriptionIdentifier: 0,
  });
  return new Target([subscription]);
}
