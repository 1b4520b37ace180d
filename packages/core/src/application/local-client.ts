import {
  BrokerError,
  DropReason,
  isDrop,
  type OutgoingMessage,
  type PublishOptions,
} from '@sluice/plugin';
import { whenCommitted } from '../commits/when-committed.ts';
import type { Context } from '../context/context.ts';
import { RoutedMessage } from '../messages/routed-message.ts';
import type { RetainedMessages } from '../retained/retained-messages.ts';
import type { FanOut } from '../routing/fan-outs.ts';
import type { Publishing } from '../routing/publishing.ts';
import type { Router } from '../routing/router.ts';
import { readOutgoing } from '../services/outgoing-message.ts';
import { closedError } from '../services/serving.ts';
import { checkTopicFilter, wrongOption } from '../services/wanted-subscription.ts';
import { Subscription } from '../session/subscription.ts';
import {
  type BrokerSubscription,
  LocalSubscription,
  type MessageListener,
} from './local-subscription.ts';
import { ReplayToApplication } from './replay-to-application.ts';

export interface SubscribeOptions {
  /** Whether retained messages that match come first. true by default. */
  readonly retained?: boolean | undefined;
}

/** The application as a client of its own broker: no session, no connection, no access rules. */
export class LocalClient {
  readonly #context: Context;
  readonly #router: Router;
  readonly #retained: RetainedMessages;
  readonly #publishing: Publishing;
  readonly #subscriptions: Set<LocalSubscription> = new Set();
  #isClosed = false;

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
  publish(outgoing: OutgoingMessage, options: PublishOptions = {}): Promise<void> {
    this.#context.publishGuard.check();
    return options.transient === true ? this.#publishTransient(outgoing) : this.#publish(outgoing);
  }

  subscribe(
    filter: string,
    listener: MessageListener | undefined,
    options: SubscribeOptions = {},
  ): BrokerSubscription {
    checkTopicFilter(filter);
    checkListener(listener, options);
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
    const before = this.#context.numbers.message();
    this.#router.add(subscription);
    this.#subscriptions.add(local);
    this.#context.stats.subscriptions++;
    if (options.retained !== false) {
      new ReplayToApplication(local, this.#retained.walk(filter, before), this.#context).start();
    }
    return local;
  }

  /** Ends all subscriptions, and refuses what hooks still hold up. */
  close(): void {
    this.#isClosed = true;
    for (const subscription of this.#subscriptions) subscription.close();
  }

  async #publish(outgoing: OutgoingMessage): Promise<void> {
    const { publishGuard } = this.#context;
    this.#context.overload.touch();
    const message = readOutgoing(outgoing, this.#publishing);
    publishGuard.made(message);
    const event = await this.#context.hooks.publish?.({ client: undefined, message });
    if (event !== undefined && isDrop(event)) {
      this.#context.dropped(message, undefined, DropReason.hook);
      return;
    }
    const { commits } = this.#context;
    if (commits.failure !== undefined && commits.congested) throw commits.failure;
    const accepted = RoutedMessage.of(event?.message ?? message);
    const publisher = { client: undefined, hooks: this.#context.hooks };
    const retained = await this.#publishing.retention(accepted, publisher);
    if (this.#isClosed) throw closedError();
    const before = publishGuard.enterRouting(accepted);
    let receivers: number | FanOut;
    try {
      receivers = this.#publishing.accept(accepted, retained, publisher);
    } finally {
      publishGuard.leave(before);
    }
    if (typeof receivers !== 'number') await receivers.finished();
    if (accepted.durability === 'none') return;
    await whenCommitted(commits);
  }

  /** Past the hooks that are asked about messages, and past the store. */
  async #publishTransient(outgoing: OutgoingMessage): Promise<void> {
    const { publishGuard, commits } = this.#context;
    const message = readOutgoing(outgoing, this.#publishing);
    if (message.qos !== 0) {
      throw new BrokerError('SLUICE_QOS', 'A transient message must have QoS 0.');
    }
    publishGuard.made(message);
    commits.cut();
    if (message.retain && !this.#retained.publishTransient(message)) {
      this.#context.dropped(message, undefined, DropReason.retainedFull);
    }
    const before = publishGuard.enterRouting(message);
    let passed: void | Promise<void>;
    try {
      passed = this.#publishing.pass(message);
    } finally {
      publishGuard.leave(before);
    }
    await passed;
  }
}

function checkListener(listener: unknown, options: SubscribeOptions): void {
  if (listener !== undefined && typeof listener !== 'function') {
    throw wrongOption('the listener comes second and is a function, or undefined for an iterator');
  }
  for (const name of Object.keys(options)) {
    if (name !== 'retained') throw wrongOption(`there is no option ${name}, only retained`);
  }
  const { retained = true } = options;
  if (typeof retained !== 'boolean') throw wrongOption('retained is true or false');
}
