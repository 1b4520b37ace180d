import { hasWildcard } from '@sluice/packet';
import type { Matcher } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import type { Subscription } from '../session/subscription.ts';
import { Route, Target } from './route.ts';
import { SharedGroups } from './shared-groups.ts';

const maxCachedRoutes = 16_384;

/** Filter to receivers: the matcher, with the routes of the topics that were used last before it. */
export class Router {
  readonly #matcher: Matcher<Subscription>;
  readonly #shared: SharedGroups;
  #routes: Map<string, Route> = new Map();
  /** Raised by every change of a wildcard subscription, which may touch any route. */
  #generation = 0;

  constructor(matcher: Matcher<Subscription>, context: Context) {
    this.#matcher = matcher;
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
    this.#matcher.remove(removed.topicFilter, removed);
    this.changed(removed);
  }

  /** Gives a message of a share group to another member; false when nobody takes it. */
  offer(sharedFilter: string, message: RoutedMessage): boolean {
    return this.#shared.offer(sharedFilter, message);
  }

  /** Must be called when the options of a subscription changed. */
  changed(subscription: Subscription): void {
    // A share group looks at its members itself.
    if (subscription.sharedFilter !== undefined) return;
    if (hasWildcard(subscription.topicFilter)) {
      this.#generation++;
      return;
    }
    const route = this.#routes.get(subscription.topicFilter);
    if (route === undefined) return;
    route.stale = true;
    this.#routes.delete(subscription.topicFilter);
  }

  /** Whether a route that somebody kept may still be used. */
  isCurrent(route: Route): boolean {
    return !route.stale && route.generation === this.#generation;
  }

  /** Where messages of a topic go. */
  lookup(topic: string): Route {
    const known = this.#routes.get(topic);
    if (known !== undefined && known.generation === this.#generation) return known;
    const subscriptions: Subscription[] = [];
    this.#matcher.match(topic, subscriptions);
    const route = new Route(topic, subscriptions, this.#generation);
    // Topics come from peers: the cache starts again rather than grow with them.
    if (this.#routes.size >= maxCachedRoutes) this.#routes = new Map();
    this.#routes.set(topic, route);
    return route;
  }

  /** Delivers a message to every receiver of its route. Returns how many took it. */
  route(message: RoutedMessage, route: Route): number {
    const targets = route.targets;
    let receivers = 0;
    for (let index = 0; index < targets.length; index++) {
      const target = targets[index] as Target;
      if (
        target.subscriptions === undefined ||
        target.receiver.clientId !== message.publisherId ||
        message.publisherId === ''
      ) {
        if (target.deliver(message)) receivers++;
      } else if (remoteTarget(target.subscriptions)?.deliver(message) === true) {
        receivers++;
      }
    }
    return receivers;
  }

  /** The receivers that `route` would deliver to. */
  targets(message: RoutedMessage, route: Route): readonly Target[] {
    const { publisherId } = message;
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

/** The receiver published it: only its subscriptions without No Local count [MQTT-3.8.3-3]. */
function remoteTarget(subscriptions: readonly Subscription[]): Target | undefined {
  const remote = subscriptions.filter((subscription) => !subscription.noLocal);
  return remote.length > 0 ? new Target(remote) : undefined;
}
