import {
  isValidTopicFilter,
  isValidTopicName,
  noProperties,
  parseSharedFilter,
} from '@sluice/packet';
import { BrokerError, isDrop, type OutgoingMessage } from '@sluice/plugin';
import { checkProperties } from './change-message.ts';
import type { Context } from './context.ts';
import {
  type BrokerSubscription,
  LocalSubscription,
  type MessageListener,
} from './local-subscription.ts';
import { ownBytes } from './own-bytes.ts';
import type { Publishing } from './publishing.ts';
import { ReplayToApplication } from './replay-to-application.ts';
import type { RetainedMessages } from './retained-messages.ts';
import { RoutedMessage } from './routed-message.ts';
import type { Router } from './router.ts';
import { Subscription } from './subscription.ts';

export interface SubscribeOptions {
  /** Whether retained messages that match come first. true by default. */
  readonly retained?: boolean;
}

/** The application as a client of its own broker: no session, no connection, no access rules. */
export class LocalClient {
  readonly #context: Context;
  readonly #router: Router;
  readonly #retained: RetainedMessages;
  readonly #publishing: Publishing;
  readonly #subscriptions: Set<LocalSubscription> = new Set();

  constructor(
    context: Context,
    router: Router,
    retained: RetainedMessages,
    publishing: Publishing,
  ) {
    this.#context = context;
    this.#router = router;
    this.#retained = retained;
    this.#publishing = publishing;
  }

  /** Settles when the message is routed, and durable where it has to be. */
  async publish(outgoing: OutgoingMessage): Promise<void> {
    const { topic, qos = 0, retain = false, properties = noProperties } = outgoing;
    if (typeof topic !== 'string' || !isValidTopicName(topic)) {
      throw new BrokerError(
        'SLUICE_TOPIC_NAME',
        `The topic name ${JSON.stringify(topic)} is not valid: it must have 1 to 65,535 bytes and no wildcard.`,
      );
    }
    if (qos !== 0 && qos !== 1 && qos !== 2) {
      throw new BrokerError(
        'SLUICE_QOS',
        `The QoS ${String(qos)} is not valid: it must be 0, 1 or 2.`,
      );
    }
    checkPropertiesOf(outgoing);
    const payload = bytesOf(outgoing.payload);
    const message = this.#publishing.message('', topic, payload, qos, retain, properties);
    const event = await this.#context.hooks.publish?.({ client: undefined, message });
    if (event !== undefined && isDrop(event)) {
      this.#context.dropped(message, undefined, 'hook');
      return;
    }
    const { commits } = this.#context;
    if (commits.failure !== undefined && commits.congested) throw commits.failure;
    const accepted = RoutedMessage.of(event?.message ?? message);
    this.#publishing.accept(accepted, undefined);
    if (accepted.durability === 'none') return;
    await new Promise<void>((resolve, reject) => {
      commits.wait({
        onCommitted: (failure) => (failure === undefined ? resolve() : reject(failure)),
      });
    });
  }

  subscribe(
    filter: string,
    listener: MessageListener | undefined,
    options: SubscribeOptions = {},
  ): BrokerSubscription {
    if (typeof filter !== 'string' || !isValidTopicFilter(filter) || parseSharedFilter(filter)) {
      throw new BrokerError(
        'SLUICE_TOPIC_FILTER',
        `The topic filter ${JSON.stringify(filter)} is not valid: wildcards stand alone in a level, # in the last one.`,
      );
    }
    const local = new LocalSubscription(filter, listener, this.#context, () => {
      this.#router.remove(subscription);
      this.#subscriptions.delete(local);
      this.#context.stats.subscriptions--;
    });
    const subscription = new Subscription(local, {
      requested: filter,
      filter,
      qos: 2,
      noLocal: false,
      retainAsPublished: true,
      retainHandling: 0,
      subscriptionIdentifier: 0,
    });
    const before = this.#context.numbers.nextMessage;
    this.#router.add(subscription);
    this.#subscriptions.add(local);
    this.#context.stats.subscriptions++;
    if (options.retained !== false) {
      new ReplayToApplication(local, this.#retained.walk(filter, before), this.#context).start();
    }
    return local;
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }
}

function checkPropertiesOf({ properties }: OutgoingMessage): void {
  if (properties === undefined) return;
  try {
    checkProperties(properties);
  } catch (cause) {
    throw new BrokerError(
      'SLUICE_PROPERTIES',
      'A property of the message cannot be sent; the cause says which one.',
      { cause },
    );
  }
}

function bytesOf(payload: unknown): Uint8Array {
  if (typeof payload === 'string') return Buffer.from(payload);
  // The caller may use its buffer again while the message waits.
  if (payload instanceof Uint8Array) return ownBytes(payload);
  throw new BrokerError('SLUICE_PAYLOAD', 'The payload must be a string or a Uint8Array.');
}
