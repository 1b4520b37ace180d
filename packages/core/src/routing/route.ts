import type { Qos } from '@sluice/packet';
import type { RoutedMessage } from '../messages/routed-message.ts';
import type { Receiver } from '../session/receiver.ts';
import type { Subscription } from '../session/subscription.ts';

/** One receiver of a topic: all of its matching subscriptions merged into one copy (section 3.3.4). */
export class Target {
  readonly receiver: Receiver;
  readonly qos: Qos;
  readonly retainAsPublished: boolean;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** The subscriptions themselves, where No Local makes the merge depend on the publisher. */
  readonly subscriptions: readonly Subscription[] | undefined;

  constructor(subscriptions: readonly Subscription[]) {
    const [first] = subscriptions as readonly [Subscription];
    this.receiver = first.receiver;
    let qos: Qos = 0;
    let retainAsPublished = false;
    let noLocal = false;
    let identifiers: number[] | undefined;
    for (const subscription of subscriptions) {
      if (subscription.qos > qos) qos = subscription.qos; // [MQTT-3.3.4-2]
      if (subscription.retainAsPublished) retainAsPublished = true;
      if (subscription.noLocal) noLocal = true;
      if (subscription.subscriptionIdentifier !== 0) {
        identifiers ??= [];
        identifiers.push(subscription.subscriptionIdentifier); // [MQTT-3.3.4-4]
      }
    }
    this.qos = qos;
    this.retainAsPublished = retainAsPublished;
    this.subscriptionIdentifiers = identifiers;
    this.subscriptions = noLocal ? subscriptions : undefined;
  }

  deliver(message: RoutedMessage): boolean {
    const qos = Math.min(message.qos, this.qos) as Qos; // [MQTT-3.8.4-8]
    const retain = message.retain && this.retainAsPublished; // [MQTT-3.3.1-12]
    return this.receiver.deliver(message, qos, retain, this.subscriptionIdentifiers);
  }
}

/** Where messages of one topic go. Valid until a subscription that matches it comes or goes. */
export class Route {
  readonly targets: readonly Target[];
  /** Set when a subscription to exactly this topic changed. */
  stale = false;
  readonly topic: string;
  readonly generation: number;

  constructor(topic: string, subscriptions: readonly Subscription[], generation: number) {
    this.topic = topic;
    this.targets = merge(subscriptions);
    this.generation = generation;
  }
}

function merge(subscriptions: readonly Subscription[]): Target[] {
  if (subscriptions.length === 1) return [new Target(subscriptions)];
  const byReceiver = new Map<Receiver, Subscription[]>();
  for (const subscription of subscriptions) {
    const list = byReceiver.get(subscription.receiver);
    if (list === undefined) byReceiver.set(subscription.receiver, [subscription]);
    else list.push(subscription);
  }
  const targets: Target[] = [];
  for (const list of byReceiver.values()) targets.push(new Target(list));
  return targets;
}
