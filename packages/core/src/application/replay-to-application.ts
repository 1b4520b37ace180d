import type { SlicedTask } from '../base/turn.ts';
import type { Context } from '../context/context.ts';
import { RoutedMessage } from '../messages/routed-message.ts';
import type { RetainedCursor } from '../retained/retained-cursor.ts';
import type { LocalSubscription } from './local-subscription.ts';

const messagesPerTurn = 100;
const stepsPerCall = 1_000;

/** Gives retained messages to a new subscription of the application, as long as its queue has room. */
export class ReplayToApplication implements SlicedTask {
  readonly #subscription: LocalSubscription;
  readonly #cursor: RetainedCursor;
  readonly #context: Context;

  constructor(subscription: LocalSubscription, cursor: RetainedCursor, context: Context) {
    this.#subscription = subscription;
    this.#cursor = cursor;
    this.#context = context;
  }

  start(): void {
    this.#context.turn.share(this);
  }

  slice(): boolean {
    this.#run();
    return false;
  }

  #run(): void {
    // What it gives after its end is what was queued by then.
    if (this.#subscription.closed) return;
    const room = this.#context.limits.maxSubscriptionEventQueue - this.#subscription.queued;
    for (let left = Math.min(messagesPerTurn, room); left > 0; left--) {
      const message = this.#cursor.next(stepsPerCall);
      if (message !== undefined) {
        if (message.expiresAt <= this.#context.environment.now()) continue;
        this.#subscription.deliver(RoutedMessage.of(message), message.qos, true);
      } else if (this.#cursor.done) {
        return;
      }
    }
    if (room > 0) this.start();
    else this.#subscription.whenRoom(() => this.start());
  }
}
