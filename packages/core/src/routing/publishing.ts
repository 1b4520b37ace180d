import { type PublishProperties, type Qos, ReasonCode } from '@sluice/packet';
import { type Client, DropReason, isDrop } from '@sluice/plugin';
import { andThen } from '../base/and-then.ts';
import type { Context } from '../context/context.ts';
import type { HookRunners } from '../hooks/hooks.ts';
import { hasExpired } from '../messages/has-expired.ts';
import { RoutedMessage } from '../messages/routed-message.ts';
import type { RetainedMessages } from '../retained/retained-messages.ts';
import { FanOut, FanOuts } from './fan-outs.ts';
import { askRoute, type FindReceiver } from './hooked-route.ts';
import type { Route, Target } from './route.ts';
import type { Router } from './router.ts';

/** Who publishes: a session, for one. */
export interface Publisher {
  /** Undefined for the application. */
  readonly client: Client | undefined;
  readonly hooks: HookRunners;
}

/** Where every message enters the broker, once it is allowed to: from clients, wills and the application. */
export class Publishing {
  readonly #context: Context;
  readonly #router: Router;
  readonly #retained: RetainedMessages;
  readonly #find: FindReceiver;
  readonly #fanOuts: FanOuts;

  constructor(context: Context, router: Router, retained: RetainedMessages, find: FindReceiver) {
    this.#context = context;
    this.#router = router;
    this.#retained = retained;
    this.#find = find;
    this.#fanOuts = new FanOuts(context, router);
  }

  /** Makes a message of the application or of a will. */
  message(
    publisherId: string,
    topic: string,
    payload: Uint8Array,
    qos: Qos,
    retain: boolean,
    properties: PublishProperties,
  ): RoutedMessage {
    const now = this.#context.environment.now();
    return new RoutedMessage(
      {
        number: this.#context.numbers.message(),
        topic,
        qos,
        retain,
        properties,
        publisherId,
        receivedAt: now,
        expiresAt: expiryOf(properties, now),
      },
      payload,
    );
  }

  /**
   * What of a message is to be retained, for `accept`: the message, a copy of it with an earlier end, or nothing. A
   * promise while the hook `retain` takes its time.
   */
  retention(
    message: RoutedMessage,
    { client, hooks: { retain } }: Publisher,
  ): RoutedMessage | undefined | Promise<RoutedMessage | undefined> {
    if (!message.retain) return undefined;
    if (retain === undefined) return message;
    return andThen(retain({ client, message }), (verdict) => {
      if (!verdict.allowed) return undefined;
      const seconds = verdict.grant?.timeToLiveSeconds;
      if (seconds === undefined) return message;
      const expiresAt = message.receivedAt + seconds * 1_000;
      return expiresAt < message.expiresAt ? message.expiringAt(expiresAt) : message;
    });
  }

  /**
   * Retains what `retention` said, and routes a message. Returns how many receivers took it; below 0, that it goes
   * no further: `refusalOf` is why. A fan-out where it takes several turns.
   */
  accept(
    message: RoutedMessage,
    retained: RoutedMessage | undefined,
    publisher: Publisher,
  ): number | FanOut {
    if (message.expiresAt !== Infinity && this.#expired(message, publisher)) return 0;
    const { commits } = this.#context;
    commits.cut();
    commits.beginAtomic();
    try {
      return this.#accept(message, retained, publisher);
    } finally {
      commits.endAtomic();
    }
  }

  /** Routes a message past hooks and store. A promise where it takes several turns. */
  pass(message: RoutedMessage): void | Promise<void> {
    const isBehind = this.#fanOuts.isBehind(message.publisherId);
    const route = isBehind ? this.#router.lookupForLater(message.topic) : this.#routeOf(message);
    if (!isBehind && !route.isLarge) {
      this.#router.route(message, route);
      return;
    }
    const fanOut = new FanOut(message, route, () => {});
    this.#fanOuts.add(fanOut);
    return fanOut.finished();
  }

  #accept(
    message: RoutedMessage,
    retained: RoutedMessage | undefined,
    publisher: Publisher,
  ): number | FanOut {
    const { client, hooks } = publisher;
    const isBehind = this.#fanOuts.isBehind(message.publisherId);
    const route = isBehind ? this.#router.lookupForLater(message.topic) : this.#routeOf(message);
    // Asked before anything is kept: what it drops leaves nothing behind.
    const targets =
      hooks.route === undefined
        ? undefined
        : askRoute(hooks.route, client, message, this.#router.targets(message, route), this.#find);
    if (targets !== undefined && isDrop(targets)) {
      this.#context.dropped(message, undefined, DropReason.hook);
      return refusal(targets.reasonCode);
    }
    if (retained !== undefined && !this.#retained.publish(this.#inItsPlace(retained))) {
      this.#retainedFull(message, publisher);
      return refusal(ReasonCode.quotaExceeded);
    }
    if (isBehind || (targets === undefined ? route.isLarge : this.#areMany(targets))) {
      return this.#fanOut(message, publisher, targets, route);
    }
    let receivers = 0;
    if (targets === undefined) receivers = this.#router.route(message, route);
    else for (const target of targets) if (target.deliver(message)) receivers++;
    if (hooks.published !== undefined) this.#tellPublished(message, publisher, receivers);
    return receivers;
  }

  /** A hook may have taken longer than the message lasts [MQTT-3.3.2-5]. */
  #expired(message: RoutedMessage, { hooks }: Publisher): boolean {
    const { environment } = this.#context;
    if (!hasExpired(message, environment.now(), true)) return false;
    this.#context.dropped(message, undefined, DropReason.expired);
    hooks.expired?.({ clientId: undefined, message });
    return true;
  }

  /** After a hook that took its time: who subscribed meanwhile gets it as it is routed, and not as a retained one again. */
  #inItsPlace(retained: RoutedMessage): RoutedMessage {
    const { numbers } = this.#context;
    if (retained.number === numbers.nextMessage - 1) return retained;
    return retained.renumbered(numbers.message());
  }

  #routeOf({ name, topic }: RoutedMessage): Route {
    return name === undefined ? this.#router.lookup(topic) : this.#router.find(name);
  }

  #areMany(targets: readonly Target[]): boolean {
    return targets.length > this.#context.limits.maxReceiversPerTurn;
  }

  #fanOut(
    message: RoutedMessage,
    publisher: Publisher,
    targets: readonly Target[] | undefined,
    route: Route,
  ): FanOut {
    const destination = targets === undefined ? route : { targets, merge: () => true };
    const fanOut = new FanOut(message, destination, (receivers) => {
      if (publisher.hooks.published !== undefined)
        this.#tellPublished(message, publisher, receivers);
    });
    this.#fanOuts.add(fanOut);
    return fanOut;
  }

  #retainedFull(message: RoutedMessage, { client, hooks }: Publisher): void {
    this.#context.dropped(message, undefined, DropReason.retainedFull);
    hooks.limited?.({
      limit: this.#retained.fullFor(message.topic),
      action: 'dropped',
      connection: client?.connection,
      clientId: client?.clientId,
    });
  }

  #tellPublished(message: RoutedMessage, { client, hooks }: Publisher, receivers: number): void {
    const { commits } = this.#context;
    const event = { client, message, receivers };
    if (commits.settled) {
      hooks.published?.(event);
      return;
    }
    message.own();
    commits.wait({
      onCommitted: (failure) => {
        if (failure === undefined) hooks.published?.(event);
      },
    });
  }
}

/** What `accept` returns of a message that goes no further. */
function refusal(reasonCode: ReasonCode): number {
  return -1 - reasonCode;
}

/** Why a message goes no further, out of what `accept` returned. */
export function refusalOf(result: number): ReasonCode {
  return (-1 - result) as ReasonCode;
}

/** When a message expires, from its Message Expiry Interval (section 3.3.2.3.3). */
export function expiryOf(properties: PublishProperties, now: number): number {
  const seconds = properties.messageExpiryInterval;
  return seconds === undefined ? Infinity : now + seconds * 1_000;
}
