import type { TopicName } from '@sluice/packet';
import type { Matcher } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import type { Subscription } from '../session/subscription.ts';
import { KnownRoute } from './known-route.ts';
import { Route, Target } from './route.ts';
import { SharedGroups } from './shared-groups.ts';

// As many as there are names in the decoders' cache.
const maxKnownRoutes = 65_536;

// A million take some 150 MB.
const maxKnownTargets = 1_000_000;

/** Filter to receivers: the matcher, with the routes of the topics that were used last before it. */
export class Router {
  readonly #matcher: Matcher<Subscription>;
  readonly #shared: SharedGroups;
  #known: Map<string, KnownRoute> = new Map();
  /** Routes to one wildcard subscription and nothing else: one for all topics that it matches. */
  #wild: Map<Subscription, Route> = new Map();
  #knownTargets = 0;
  readonly #maxAtOnce: number;

  constructor(matcher: Matcher<Subscription>, context: Context, maxAtOnce: number = Infinity) {
    this.#matcher = matcher;
    this.#maxAtOnce = maxAtOnce;
    this.#shared = new SharedGroups(context);
  }

  get size(): number {
    return this.#matcher.size;
  }

  add(subscription: Subscription): void {
    const added =
      subscription.sharedFilter === undefined ? subscription : this.#shared.add(subscription);
    if (added === undefined) return;
    this.#matcher.add(added.topicFilter, added);
    this.changed(added);
  }

  remove(subscription: Subscription): void {
    const removed =
      subscription.sharedFilter === undefined ? subscription : this.#shared.remove(subscription);
    if (removed === undefined) return;
    removed.end();
    this.#matcher.remove(removed.topicFilter, removed);
    this.changed(removed);
  }

  /** Gives a message of a share group to another member, and counts it if nobody takes it; false when there is no group. */
  offer(sharedFilter: string, message: RoutedMessage): boolean {
    return this.#shared.offer(sharedFilter, message);
  }

  /** Must be called when the options of a subscription changed. */
  changed(subscription: Subscription): void {
    // A share group looks at its members itself.
    if (subscription.sharedFilter !== undefined) return;
    if (subscription.hasWildcard) {
      // Any of them may match, and they refer to sessions that may have ended.
      this.#forgetRoutes();
      return;
    }
    const known = this.#known.get(subscription.topicFilter);
    if (known === undefined) return;
    known.end();
    this.#known.delete(subscription.topicFilter);
  }

  /** As `lookup`, without a look at the topic where a message came with the same name before. A topic that is new is not remembered. */
  find(name: TopicName): Route {
    const noted = name.note as Route | undefined;
    if (noted !== undefined) return noted;
    // Nearly always in no table: to look there takes as long as a match.
    if (name.isNew) return this.#routeTo(this.#match(name.topic));
    const known = this.#knownRoute(name.topic);
    known.noteWith(name);
    return known.route;
  }

  /** Where messages of a topic go. */
  lookup(topic: string): Route {
    return this.#knownRoute(topic).route;
  }

  /** As `lookup`, for a message that waits behind others: who unsubscribes meanwhile does not get it. */
  lookupForLater(topic: string): Route {
    return new Route(this.#match(topic), 0);
  }

  #knownRoute(topic: string): KnownRoute {
    const known = this.#known.get(topic);
    if (known !== undefined) return known;
    const subscriptions = this.#match(topic);
    // Topics come from peers: the cache starts again rather than grow with them.
    if (this.#known.size >= maxKnownRoutes || this.#knownTargets >= maxKnownTargets) {
      this.#forgetRoutes();
    }
    this.#knownTargets += subscriptions.length;
    const made = new KnownRoute(this.#routeTo(subscriptions));
    this.#known.set(topic, made);
    return made;
  }

  #match(topic: string): Subscription[] {
    const subscriptions: Subscription[] = [];
    this.#matcher.match(topic, subscriptions);
    return subscriptions;
  }

  #routeTo(subscriptions: readonly Subscription[]): Route {
    const [first, second] = subscriptions;
    if (first === undefined || second !== undefined || !first.hasWildcard)
      return new Route(subscriptions, this.#maxAtOnce);
    let route = this.#wild.get(first);
    if (route === undefined) {
      route = new Route(subscriptions, this.#maxAtOnce);
      this.#wild.set(first, route);
    }
    return route;
  }

  #forgetRoutes(): void {
    if (this.#known.size > 0) {
      for (const known of this.#known.values()) known.end();
      this.#known = new Map();
    }
    // Topics that are new lead here as well, and are not known.
    if (this.#wild.size > 0) this.#wild = new Map();
    this.#knownTargets = 0;
  }

  /** Delivers a message to every receiver of its route, which is not a large one. Returns how many took it. */
  route(message: RoutedMessage, route: Route): number {
    const targets = route.targets;
    let receivers = 0;
    for (let index = 0; index < targets.length; index++) {
      if (deliver(message, targets[index] as Target)) receivers++;
    }
    return receivers;
  }

  /** As `route`, to one receiver of a route that was made some turns ago: to what is left of its subscriptions. */
  deliverLate(message: RoutedMessage, target: Target): boolean {
    const { subscriptions } = target;
    if (subscriptions === undefined) return deliver(message, target);
    // Merged again: their options may have changed as well.
    const left = subscriptions.filter(({ isOver }) => !isOver);
    // [MQTT-3.10.4-2]
    return left.length > 0 && deliver(message, new Target(left, true));
  }

  /** The receivers that `route` would deliver to. */
  targets(message: RoutedMessage, route: Route): readonly Target[] {
    const { publisherId } = message;
    route.merge(Infinity);
    const isOwn = (target: Target): boolean =>
      target.subscriptions !== undefined && target.receiver.clientId === publisherId;
    if (publisherId === '' || !route.targets.some(isOwn)) return route.targets;
    return route.targets.flatMap((target) =>
      isOwn(target)
        ? (remoteTarget(target.subscriptions as readonly Subscription[]) ?? [])
        : target,
    );
  }
}

function deliver(message: RoutedMessage, target: Target): boolean {
  const { publisherId } = message;
  const { subscriptions, receiver } = target;
  if (subscriptions === undefined || publisherId === '' || receiver.clientId !== publisherId) {
    return target.deliver(message);
  }
  return remoteTarget(subscriptions)?.deliver(message) === true;
}

/** The receiver published it: only its subscriptions without No Local count [MQTT-3.8.3-3]. */
function remoteTarget(subscriptions: readonly Subscription[]): Target | undefined {
  const remote = subscriptions.filter((subscription) => !subscription.noLocal);
  return remote.length > 0 ? new Target(remote, true) : undefined;
}
