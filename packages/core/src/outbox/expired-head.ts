import { DropReason, type QueuedMessage } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import { RoutedMessage } from '../messages/routed-message.ts';
import type { QueueOwner, WaitingQueue } from './waiting-queue.ts';

// Of a queue in memory all messages are looked at, of another one a window is read.
const everyMs = 1_000;

/**
 * Takes messages out of a full queue whose time is over: they must not keep out those that are of use. Of a queue whose
 * oldest messages lie on disk only it looks at the first window: that makes room for those that come later.
 */
export class ExpiredHead {
  readonly #owner: QueueOwner;
  readonly #queue: WaitingQueue;
  readonly #context: Context;
  /** When it looked last, and from which sequence on; before `#lookAt` there is nothing to be found there. */
  #lookedAt = -Infinity;
  #from = 0;
  #lookAt = -Infinity;
  #isStopped = false;
  /** The read that is under way; a new object for each, so that a late one is recognized. */
  #reading: object | undefined;

  constructor(owner: QueueOwner, queue: WaitingQueue, context: Context) {
    this.#owner = owner;
    this.#queue = queue;
    this.#context = context;
  }

  /** Called when there is no room for a message. */
  look(): void {
    const { environment } = this.#context;
    const [now, monotonic] = [environment.now(), environment.monotonic()];
    const { firstUnsent } = this.#queue;
    const isSame = firstUnsent === this.#from && now < this.#lookAt;
    if (isSame || monotonic < this.#lookedAt + everyMs || this.#reading !== undefined) return;
    this.#lookedAt = monotonic;
    this.#from = firstUnsent;
    if (this.#queue.isInMemory) this.#lookThrough(now);
    else this.#read();
  }

  /** Somebody else takes messages out from now on, or the session is over. */
  stop(): void {
    this.#isStopped = true;
    this.#reading = undefined;
  }

  #lookThrough(now: number): void {
    this.#lookAt = now;
    for (const { sequence, message, isImmediate } of [...this.#queue.unsent()]) {
      if (message === undefined || isImmediate || message.expiresAt > now) continue;
      this.#drop(sequence, message);
      // A hook that was told ended it.
      if (this.#isStopped) return;
    }
  }

  /** Where it begins: what was sent on an earlier connection, or may have been, is of no use either when it has expired. */
  get #first(): number {
    return this.#owner.sink === undefined ? this.#queue.cursor : this.#queue.firstUnsent;
  }

  #read(): void {
    const reading = {};
    this.#reading = reading;
    const { commits, queueReads, limits, reportError } = this.#context;
    commits.wait({
      onCommitted: (failure) => {
        if (failure !== undefined || this.#reading !== reading) return;
        queueReads.read(this.#owner.number, this.#first - 1, limits.windowMessages).then(
          (records) => {
            if (this.#reading === reading) this.#loaded(records);
          },
          (error) => {
            reportError(error);
            if (this.#reading === reading) this.#reading = undefined;
          },
        );
      },
    });
  }

  #loaded(records: readonly QueuedMessage[]): void {
    this.#reading = undefined;
    const now = this.#context.environment.now();
    this.#lookAt = Infinity;
    for (const { sequence, message, qos } of records) {
      if (message === undefined) continue;
      // It may be that its client holds the packet identifier.
      if (qos === 2 && sequence < this.#queue.firstUnsent) continue;
      if (message.expiresAt > now) {
        this.#lookAt = Math.min(this.#lookAt, message.expiresAt);
      } else if (this.#drop(sequence, RoutedMessage.of(message))) {
        this.#lookAt = now;
        this.#lookedAt = -Infinity;
      }
      if (this.#isStopped) return;
    }
  }

  #drop(sequence: number, message: RoutedMessage): boolean {
    if (!this.#queue.withdraw(sequence, message, this.#first)) return false;
    const { clientId, hooks } = this.#owner;
    this.#context.dropped(message, clientId, DropReason.expired);
    hooks.expired?.({ clientId, message });
    return true;
  }
}
