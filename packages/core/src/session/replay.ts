import type { Qos } from '@sluice/packet';
import type { Message } from '@sluice/plugin';
import type { SlicedTask } from '../base/turn.ts';
import type { Context } from '../context/context.ts';
import { RoutedMessage } from '../messages/routed-message.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Sink } from '../outbox/sink.ts';
import type { RetainedCursor } from '../retained/retained-cursor.ts';
import type { Receiver } from './receiver.ts';
import type { Subscription } from './subscription.ts';

const messagesPerTurn = 100;
const messagesPerLook = 10;
/** What a call may take, also outside of a slice. */
const maxPumpMs = 1;
const stepsPerCall = 1_000;

/** The retained messages that a new subscription asks for (section 3.3.1.3). */
export interface Replay {
  /** The filter by which the client knows the subscription. */
  readonly requested: string;
  readonly cursor: RetainedCursor;
  readonly qos: Qos;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** The subscription was removed, perhaps before the first message. */
  readonly isOver: boolean;
}

/** What is retained for a subscription that was made. */
export class SubscriptionReplay implements Replay {
  readonly requested: string;
  readonly cursor: RetainedCursor;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  readonly #subscription: Subscription;
  readonly #granted: Qos;

  constructor(subscription: Subscription, cursor: RetainedCursor) {
    const { requested, qos, subscriptionIdentifier } = subscription;
    this.requested = requested;
    this.cursor = cursor;
    this.subscriptionIdentifiers =
      subscriptionIdentifier === 0 ? undefined : [subscriptionIdentifier];
    this.#subscription = subscription;
    this.#granted = qos;
  }

  // It may be lowered before the last message is sent, and replaced by one that has a replay of its own.
  get qos(): Qos {
    return Math.min(this.#granted, this.#subscription.qos) as Qos;
  }

  get isOver(): boolean {
    return this.#subscription.isOver;
  }
}

/** The session, as its replays see it. */
interface ReplayOwner extends Receiver {
  readonly outbox: Outbox;
  readonly sink: Sink | undefined;
  readonly stored: boolean;
  pump(): void;
}

/** Retained messages on their way to one client: taken from the store only as fast as they leave. */
export class ReplayQueue implements SlicedTask {
  readonly #owner: ReplayOwner;
  readonly #context: Context;
  readonly #replays: Replay[] = [];
  #deferred = false;
  /** When its slice of the turn is over. */
  #until = Infinity;

  constructor(owner: ReplayOwner, context: Context) {
    this.#owner = owner;
    this.#context = context;
  }

  /** Adds a replay. One for the same subscription that is not finished begins again. */
  add(replay: Replay): void {
    this.remove(replay.requested);
    this.#replays.push(replay);
  }

  /** The subscription is gone: nothing more comes of it. */
  remove(requested: string): void {
    const index = this.#replays.findIndex((replay) => replay.requested === requested);
    if (index >= 0) this.#replays.splice(index, 1);
  }

  /** Sends what the client takes now. True when nothing is left. */
  pump(): boolean {
    const { environment } = this.#context;
    let budget = messagesPerTurn;
    let until = this.#until;
    while (this.#replays[0] !== undefined) {
      const { cursor, qos, subscriptionIdentifiers } = this.#replays[0];
      if (this.#deferred || this.#owner.sink?.writable !== true || !this.#owner.outbox.idle)
        return false;
      let isOver = budget-- === 0;
      if (budget % messagesPerLook === 0) {
        const now = environment.monotonic();
        until = Math.min(until, now + maxPumpMs);
        isOver ||= now >= until;
      }
      if (isOver) {
        this.#defer();
        return false;
      }
      const message = cursor.next(stepsPerCall);
      if (message !== undefined) this.#send(message, qos, subscriptionIdentifiers);
      else if (cursor.done) this.#replays.shift();
      else budget = 0;
    }
    return true;
  }

  /** Goes on with what was put off, which may put itself off again. */
  slice(until: number): boolean {
    this.#deferred = false;
    this.#until = until;
    try {
      this.#owner.pump();
    } finally {
      this.#until = Infinity;
    }
    return false;
  }

  #send(retained: Message, qos: Qos, identifiers: readonly number[] | undefined): void {
    const { expiresAt } = retained;
    if (expiresAt !== Infinity && expiresAt <= this.#context.environment.now()) return;
    const lower = Math.min(retained.qos, qos) as Qos; // [MQTT-3.8.4-8]
    this.#owner.deliver(this.#messageOf(retained, lower), lower, true, identifiers); // [MQTT-3.3.1-8]
  }

  #messageOf(retained: Message, qos: Qos): RoutedMessage {
    if (qos === 0) return RoutedMessage.passing(retained);
    const message = RoutedMessage.of(retained);
    // In a stored queue it is a message of its own: the retained one may be replaced before it leaves.
    return this.#owner.stored ? message.renumbered(this.#context.numbers.message()) : message;
  }

  #defer(): void {
    this.#deferred = true;
    this.#context.turn.share(this);
  }
}
