import type { Qos } from '@sluice/packet';
import { DropReason, type Message } from '@sluice/plugin';
import { asError } from '../base/as-error.ts';
import { Line } from '../base/line.ts';
import type { Context } from '../context/context.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import type { Receiver } from '../session/receiver.ts';

/** What the application does with a message. The next one waits for the promise, if there is one. */
export type MessageListener = (message: Message) => void | Promise<void>;

/** A subscription of the application itself: a listener, or an async iterator where there is none. */
export interface BrokerSubscription extends AsyncIterable<Message> {
  readonly filter: string;
  /** Messages that wait for the application; above `maxSubscriptionEventQueue` new ones are dropped. */
  readonly queued: number;
  /** Ends it. An iterator ends when it has given what is queued. */
  close(): void;
}

/** Receives for the application, through a bounded queue of its own: it can no more hold the broker up than a client. */
export class LocalSubscription implements BrokerSubscription, Receiver {
  readonly clientId: string = '';
  readonly filter: string;
  readonly #context: Context;
  readonly #listener: MessageListener | undefined;
  readonly #onClose: () => void;
  readonly #queue = new Line<Message>();
  /** The application takes what comes. */
  #isIdle: boolean;
  /** How many came while it does: they have not waited, and do not expire, be their interval 0. */
  #immediate = 0;
  #running = false;
  #closed = false;
  /** Called when half of the queue is free again. */
  #onRoom: (() => void) | undefined;
  /** Wakes the iterators that wait for a message. */
  #waiting: (() => void) | undefined;

  constructor(
    filter: string,
    listener: MessageListener | undefined,
    context: Context,
    onClose: () => void,
  ) {
    this.filter = filter;
    this.#listener = listener;
    this.#context = context;
    this.#onClose = onClose;
    this.#isIdle = listener !== undefined;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get queued(): number {
    return this.#queue.length;
  }

  deliver(message: RoutedMessage, qos: Qos, retain: boolean): boolean {
    if (this.#queue.length >= this.#context.limits.maxSubscriptionEventQueue) {
      this.#context.dropped(message, undefined, DropReason.queueFull);
      return false;
    }
    // As a client would see it.
    this.#queue.add(message.own().delivered(qos, retain));
    if (this.#isIdle) this.#immediate++;
    this.#wake();
    return true;
  }

  /** Calls back once, when the application has taken half of a full queue. */
  whenRoom(callback: () => void): void {
    this.#onRoom = callback;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
    this.#waiting?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Message> {
    try {
      for (;;) {
        const message = this.#take();
        this.#setIdle(message === undefined);
        if (message !== undefined) yield message;
        else if (this.#closed) return;
        else await this.#next();
      }
    } finally {
      this.close();
    }
  }

  /** The next message that is still worth something [MQTT-3.3.2-5]. */
  #take(): Message | undefined {
    for (;;) {
      const isImmediate = this.#immediate > 0;
      const message = this.#shift();
      if (message === undefined) return undefined;
      if (isImmediate) {
        this.#immediate--;
        return message;
      }
      const { expiresAt } = message;
      if (expiresAt === Infinity || expiresAt > this.#context.environment.now()) return message;
      this.#context.dropped(message, undefined, DropReason.expired);
    }
  }

  #setIdle(isIdle: boolean): void {
    this.#isIdle = isIdle;
    this.#immediate = 0;
  }

  #shift(): Message | undefined {
    const message = this.#queue.take();
    const onRoom = this.#onRoom;
    if (
      onRoom !== undefined &&
      this.#queue.length * 2 <= this.#context.limits.maxSubscriptionEventQueue
    ) {
      this.#onRoom = undefined;
      onRoom();
    }
    return message;
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#waiting;
      this.#waiting = () => {
        this.#waiting = undefined;
        before?.();
        resolve();
      };
    });
  }

  #wake(): void {
    this.#waiting?.();
    if (this.#listener === undefined || this.#running) return;
    this.#running = true;
    // Not within the routing of the message: what a listener publishes comes after it.
    this.#context.environment.defer(() => this.#run());
  }

  #run(): void {
    for (;;) {
      const message = this.#closed ? undefined : this.#take();
      if (message === undefined) break;
      const pending = this.#call(message);
      if (pending !== undefined) {
        this.#setIdle(false);
        pending.then(
          () => this.#run(),
          (error) => {
            this.#context.reportError(asError(error));
            this.#run();
          },
        );
        return;
      }
    }
    this.#running = false;
    this.#setIdle(true);
  }

  #call(message: Message): Promise<void> | undefined {
    try {
      const pending: unknown = this.#listener?.(message);
      // What else it returns, as a function of one expression does, means nothing.
      return isPromise(pending) ? Promise.resolve(pending) : undefined;
    } catch (error) {
      this.#context.reportError(asError(error));
      return undefined;
    }
  }
}

function isPromise(value: unknown): value is PromiseLike<void> {
  return typeof (value as PromiseLike<void> | null | undefined)?.then === 'function';
}
