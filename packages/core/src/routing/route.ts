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
  /** The subscriptions themselves, where the merge may be made again: for No Local, or since it is used over several turns. */
  readonly subscriptions: readonly Subscription[] | undefined;

  constructor(subscriptions: readonly Subscription[], keeps: boolean = false) {
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
    this.subscriptions = noLocal || keeps ? subscriptions : undefined;
  }

  deliver(message: RoutedMessage): boolean {
    const qos = Math.min(message.qos, this.qos) as Qos; // [MQTT-3.8.4-8]
    const retain = message.retain && this.retainAsPublished; // [MQTT-3.3.1-12]
    return this.receiver.deliver(message, qos, retain, this.subscriptionIdentifiers);
  }
}

/** Where messages of a topic go. Valid until a subscription that matches it comes or goes. */
export class Route {
  /** All of them once `merge` has returned true, which is at once but for a large route. */
  targets: readonly Target[] = [];
  readonly #maxAtOnce: number;
  #merging: Merging | undefined;

  /** With 0 for `maxAtOnce` it is one that is used later on in any case. */
  constructor(subscriptions: readonly Subscription[], maxAtOnce: number = Infinity) {
    this.#maxAtOnce = maxAtOnce;
    if (subscriptions.length === 0) return;
    if (subscriptions.length === 1) {
      this.targets = [new Target(subscriptions, maxAtOnce === 0)];
    } else {
      const isLarge = subscriptions.length > maxAtOnce;
      this.#merging = new Merging(subscriptions, isLarge);
      if (!isLarge) this.merge(Infinity);
    }
  }

  /** Whether it has so many receivers, or subscriptions still to be merged, that it is too much for one turn. */
  get isLarge(): boolean {
    return this.#merging !== undefined || this.targets.length > this.#maxAtOnce;
  }

  /** Merges on, so many subscriptions or targets. True when nothing is left. */
  merge(steps: number): boolean {
    if (this.#merging === undefined) return true;
    if (!this.#merging.goOn(steps)) return false;
    this.targets = this.#merging.targets;
    this.#merging = undefined;
    return true;
  }
}

/**
 * The subscriptions of a route on their way to its targets. Those of one receiver are put together first, unless all
 * have one filter, of which no receiver has two: a Map that grows to 100,000 of them takes milliseconds in one go.
 */
class Merging {
  targets: Target[] = [];
  readonly #subscriptions: readonly Subscription[];
  readonly #keeps: boolean;
  readonly #filter: string;
  #haveOneFilter = true;
  readonly #byReceiver: Map<Receiver, Subscription[]> = new Map();
  #next = 0;
  #lists: Iterator<Subscription[]> | undefined;

  constructor(subscriptions: readonly Subscription[], keeps: boolean) {
    this.#subscriptions = subscriptions;
    this.#keeps = keeps;
    this.#filter = (subscriptions[0] as Subscription).filter;
  }

  goOn(steps: number): boolean {
    const all = this.#subscriptions;
    let left = steps;
    for (; this.#next < all.length; this.#next++) {
      if (left-- <= 0) return false;
      this.#take(all[this.#next] as Subscription);
    }
    if (this.#haveOneFilter) return true;
    this.#lists ??= this.#byReceiver.values();
    for (; left > 0; left--) {
      const { done, value } = this.#lists.next();
      if (done === true) return true;
      this.targets.push(new Target(value, this.#keeps));
    }
    return false;
  }

  #take(subscription: Subscription): void {
    if (this.#haveOneFilter) {
      if (subscription.isPlain && subscription.filter === this.#filter) {
        this.targets.push(new Target([subscription], this.#keeps));
        return;
      }
      // Begins again.
      this.#haveOneFilter = false;
      this.targets = [];
      this.#next = -1;
      return;
    }
    const list = this.#byReceiver.get(subscription.receiver);
    if (list === undefined) this.#byReceiver.set(subscription.receiver, [subscription]);
    else list.push(subscription);
  }
}
