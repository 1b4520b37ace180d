import { DropReason, OverflowAction, type QueuedMessage } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import { RoutedMessage } from '../messages/routed-message.ts';
import type { QueueOwner, WaitingQueue } from './waiting-queue.ts';

// What the queue may hold above its bounds, until it is read.
const slackBytes = 1_048_576;

/** A message that was let in above the bounds. */
interface Extra {
  readonly message: RoutedMessage;
  readonly action: OverflowAction;
}

/**
 * Makes room in a queue whose oldest messages lie on disk only. What the hook `overflow` wants to keep in their place
 * is let in above the bounds, a window of it at most; then the queue is read from its head, and what is to go goes.
 * What found no place is dropped in the end.
 */
export class QueueTrim {
  readonly #owner: QueueOwner;
  readonly #queue: WaitingQueue;
  readonly #context: Context;
  /** By sequence, as long as they are in the queue: those of this pass over it, and those of the next one. */
  #extras: Map<number, Extra> = new Map();
  #next: Map<number, Extra> = new Map();
  #nextBytes = 0;
  /** In this pass: the newest message by topic, and what may go because it is the oldest. */
  #newest: Map<string, number> = new Map();
  #oldestMessages = 0;
  #oldestBytes = 0;
  /** The read that is under way; a new object for each, so that a late one is recognized. */
  #reading: object | undefined;
  /** What left the queue since the read began: it may still be in what is read. */
  #withdrawn: Set<number> = new Set();

  constructor(owner: QueueOwner, queue: WaitingQueue, context: Context) {
    this.#owner = owner;
    this.#queue = queue;
    this.#context = context;
  }

  /** Whether a message may be let in above the bounds. */
  canTake(bytes: number): boolean {
    const { windowMessages } = this.#context.limits;
    if (this.#extras.size + this.#next.size >= windowMessages) return false;
    return this.#next.size === 0 || this.#nextBytes + bytes <= slackBytes;
  }

  /** A message was let in. */
  add(sequence: number, message: RoutedMessage, action: OverflowAction): void {
    this.#next.set(sequence, { message, action });
    this.#nextBytes += message.bytes;
    if (this.#reading === undefined) this.#begin();
  }

  /** A message left the queue. */
  withdrawn(sequence: number): void {
    if (this.#reading !== undefined) this.#withdrawn.add(sequence);
    this.#extras.delete(sequence);
    const extra = this.#next.get(sequence);
    if (extra === undefined) return;
    this.#next.delete(sequence);
    this.#nextBytes -= extra.message.bytes;
  }

  /** The session is over. */
  stop(): void {
    this.#reading = undefined;
    this.#extras.clear();
    this.#next.clear();
  }

  #begin(): void {
    this.#extras = this.#next;
    this.#next = new Map();
    this.#nextBytes = 0;
    this.#newest = new Map();
    this.#oldestMessages = 0;
    this.#oldestBytes = 0;
    for (const [sequence, { message, action }] of this.#extras) {
      if (action === OverflowAction.dropOldest) {
        this.#oldestMessages++;
        this.#oldestBytes += message.bytes;
      } else {
        this.#newest.set(message.topic, sequence);
      }
    }
    this.#read(this.#queue.firstUnsent - 1);
  }

  #read(after: number): void {
    const reading = {};
    this.#reading = reading;
    this.#withdrawn = new Set();
    const { commits, queueReads, limits, reportError } = this.#context;
    commits.wait({
      onCommitted: (failure) => {
        if (failure !== undefined || this.#reading !== reading) return;
        queueReads.read(this.#owner.number, after, limits.windowMessages).then(
          (records) => {
            if (this.#reading === reading) this.#loaded(records);
          },
          (error) => {
            reportError(error);
            if (this.#reading === reading) this.#end();
          },
        );
      },
    });
  }

  #loaded(records: readonly QueuedMessage[]): void {
    for (const record of records) this.#consider(record);
    const last = records.at(-1);
    const isDone = this.#newest.size === 0 && !this.#isOver();
    if (last === undefined || records.length < this.#context.limits.windowMessages || isDone) {
      this.#end();
    } else {
      this.#read(last.sequence);
    }
  }

  #consider({ sequence, message: stored }: QueuedMessage): void {
    if (stored === undefined || this.#withdrawn.has(sequence)) return;
    const message = RoutedMessage.of(stored);
    const isOldest = this.#oldestMessages > 0 || this.#oldestBytes > 0;
    if (sequence < (this.#newest.get(message.topic) ?? 0)) {
      this.#drop(sequence, message);
    } else if (isOldest && this.#isOver() && this.#drop(sequence, message)) {
      this.#oldestMessages--;
      this.#oldestBytes -= message.bytes;
    }
  }

  /** The queue was read: what there is no room for goes, the newest first. */
  #end(): void {
    this.#reading = undefined;
    for (const [sequence, { message }] of [...this.#extras].reverse()) {
      if (this.#isOver() && this.#extras.has(sequence)) this.#drop(sequence, message);
    }
    this.#extras.clear();
    if (this.#next.size > 0) this.#begin();
    this.#owner.pump();
  }

  #drop(sequence: number, message: RoutedMessage): boolean {
    if (!this.#queue.withdraw(sequence, message)) return false;
    this.#context.dropped(message, this.#owner.clientId, DropReason.queueFull);
    return true;
  }

  #isOver(): boolean {
    return !this.#queue.hasRoomFor(0, this.#next.size + 1, this.#nextBytes);
  }
}
