import type { PublishProperties, Qos } from '@sluice/packet';
import type { Client } from '@sluice/plugin';
import type { Context } from './context.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Route } from './route.ts';
import { RoutedMessage } from './routed-message.ts';
import type { Router } from './router.ts';

/** What `accept` returns instead of a number of receivers when the retained store is full. */
export const retainedFull = -1;

/** Where every message enters the broker, once it is allowed to: from clients, wills and the application. */
export class Publishing {
  readonly #context: Context;
  readonly #router: Router;
  readonly #retained: RetainedMessages;

  constructor(context: Context, router: Router, retained: RetainedMessages) {
    this.#context = context;
    this.#router = router;
    this.#retained = retained;
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

  /** Keeps and routes a message. Returns how many receivers took it, or `retainedFull`. */
  accept(message: RoutedMessage, client: Client | undefined, known?: Route): number {
    this.#context.commits.cut();
    if (message.retain && !this.#retained.publish(message)) {
      this.#context.dropped(message, undefined, 'retained-full');
      return retainedFull;
    }
    const receivers = this.#router.route(message, known ?? this.#router.lookup(message.topic));
    const { hooks, commits } = this.#context;
    if (hooks.published !== undefined) {
      message.own();
      const event = { client, message, receivers };
      commits.wait({
        onCommitted: (failure) => {
          if (failure === undefined) hooks.published?.(event);
        },
      });
    }
    return receivers;
  }
}

/** When a message expires, from its Message Expiry Interval (section 3.3.2.3.3). */
export function expiryOf(properties: PublishProperties, now: number): number {
  const seconds = properties.messageExpiryInterval;
  return seconds === undefined ? Infinity : now + seconds * 1_000;
}
