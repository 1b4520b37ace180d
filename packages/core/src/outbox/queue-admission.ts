import { ReasonCode } from '@sluice/packet';
import { DropReason, OverflowAction } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import type { OutboxEntry } from './outbox-entry.ts';
import { type QueuedPlace, QueueKeys } from './queue-keys.ts';
import { QueueTopics } from './queue-topics.ts';
import { QueueTrim } from './queue-trim.ts';
import type { QueueOwner, QueueWatcher, WaitingQueue } from './waiting-queue.ts';

/** A message that may enter a queue. */
export interface Admitted {
  /** As it enters: with an earlier end, perhaps. */
  readonly message: RoutedMessage;
  readonly replaceKey: string | undefined;
  /** Set where there is no room yet: what is to make it. */
  readonly owed: OverflowAction | undefined;
}

/** Asks the hooks `enqueue` and `overflow` about what is to enter a queue, and does what they say. */
export class QueueAdmission implements QueueWatcher {
  readonly #owner: QueueOwner;
  readonly #queue: WaitingQueue;
  readonly #context: Context;
  readonly #keys: QueueKeys = new QueueKeys();
  readonly #topics: QueueTopics;
  readonly #trim: QueueTrim;
  #isEnding = false;

  constructor(owner: QueueOwner, queue: WaitingQueue, context: Context) {
    this.#owner = owner;
    this.#queue = queue;
    this.#context = context;
    this.#topics = new QueueTopics(queue);
    this.#trim = new QueueTrim(owner, queue, context);
  }

  /** Lets a message in, in the place of others where it has to be; otherwise why not. */
  admit(message: RoutedMessage, qos: 1 | 2): Admitted | DropReason {
    const { client, hooks } = this.#owner;
    const queue = this.#queue;
    const verdict = hooks.enqueue?.({ client, message, qos, queuedMessages: queue.size });
    if (verdict?.allowed === false) return DropReason.hook;
    const { timeToLiveSeconds, replaceKey } = verdict?.grant ?? {};
    const admitted = this.#withTimeToLive(message, timeToLiveSeconds);
    const replaced = this.#waitingUnder(replaceKey);
    const { bytes } = message;
    const hasRoom = queue.hasRoomFor(bytes, replaced === undefined ? 0 : 1, replaced?.bytes);
    let owed: OverflowAction | undefined;
    if (!hasRoom) {
      const action = this.#askOverflow(message);
      const victims = this.#victims(message, action, replaced);
      if (victims !== undefined) this.#drop(victims);
      else if (this.#canWait(message, action)) owed = action;
      else return DropReason.queueFull;
    }
    if (replaced !== undefined) this.#replace(replaced);
    // A hook ended the connection.
    if (this.#owner.sink === undefined && !this.#owner.stored) return DropReason.offline;
    return { message: admitted, replaceKey, owed };
  }

  /** What was admitted is about to get its place. */
  queued(sequence: number, { message, replaceKey, owed }: Admitted): void {
    if (replaceKey !== undefined) this.#keys.set(replaceKey, sequence, message);
    if (owed !== undefined) this.#trim.add(sequence, message, owed);
  }

  /** A message left the queue. */
  removed(sequence: number): void {
    this.#keys.delete(sequence);
    this.#topics.removed();
    this.#trim.withdrawn(sequence);
  }

  /** The session is over. */
  stop(): void {
    this.#trim.stop();
  }

  /** A message of its own: the others that wait for other sessions may stay longer. */
  #withTimeToLive(message: RoutedMessage, seconds: number | undefined): RoutedMessage {
    if (seconds === undefined) return message;
    const expiresAt = this.#context.environment.now() + seconds * 1_000;
    if (expiresAt >= message.expiresAt) return message;
    return message.waitingUntil(expiresAt, this.#context.numbers);
  }

  #waitingUnder(key: string | undefined): QueuedPlace | undefined {
    const place = key === undefined ? undefined : this.#keys.get(key);
    return place !== undefined && place.sequence >= this.#queue.firstUnsent ? place : undefined;
  }

  #replace(place: QueuedPlace): void {
    const message = this.#queue.inMemory(place.sequence)?.message;
    if (!this.#queue.withdraw(place.sequence, place)) return;
    // What lies on disk only is not read for this.
    this.#context.dropped(message, this.#owner.clientId, DropReason.replaced);
  }

  #askOverflow(message: RoutedMessage): OverflowAction {
    this.#owner.tellLimited(this.#queue.isFull);
    const { client, hooks } = this.#owner;
    const { size: queuedMessages, bytes: queuedBytes } = this.#queue;
    const answer = hooks.overflow?.({ client, message, queuedMessages, queuedBytes });
    if (answer === OverflowAction.disconnect) this.#endSession();
    if (answer !== undefined) return answer;
    const { queueOverflow } = this.#context;
    if (queueOverflow === OverflowAction.disconnect) this.#disconnect();
    return queueOverflow;
  }

  /** What has to go for a message; undefined where that makes no room, as far as it is known. */
  #victims(
    message: RoutedMessage,
    action: OverflowAction,
    replaced: QueuedPlace | undefined,
  ): readonly OutboxEntry[] | undefined {
    const isByTopic = action === OverflowAction.keepNewestPerTopic;
    if (isByTopic ? !this.#queue.isInMemory : action !== OverflowAction.dropOldest) {
      return undefined;
    }
    const victims: OutboxEntry[] = [];
    let bytes = replaced?.bytes ?? 0;
    const hasRoom = (): boolean => {
      const messages = victims.length + (replaced === undefined ? 0 : 1);
      return this.#queue.hasRoomFor(message.bytes, messages, bytes);
    };
    for (const entry of isByTopic ? this.#topics.of(message.topic) : this.#queue.unsent()) {
      if (entry.sequence === replaced?.sequence || entry.message === undefined) continue;
      if (!isByTopic && hasRoom()) break;
      victims.push(entry);
      bytes += entry.message.bytes;
    }
    return hasRoom() ? victims : undefined;
  }

  /** Whether the message may be let in until what lies on disk only has made room. */
  #canWait({ bytes }: RoutedMessage, action: OverflowAction): boolean {
    if (action === OverflowAction.dropNewest || action === OverflowAction.disconnect) return false;
    if (this.#queue.isInMemory || bytes > this.#owner.limits.maxQueuedBytes) return false;
    return this.#trim.canTake(bytes);
  }

  #drop(victims: readonly OutboxEntry[]): void {
    for (const { sequence, message } of victims) {
      if (message === undefined || !this.#queue.withdraw(sequence, message)) continue;
      this.#context.dropped(message, this.#owner.clientId, DropReason.queueFull);
    }
  }

  /** The session goes on: it has what it had when its client fell behind. */
  #disconnect(): void {
    const { sink } = this.#owner;
    if (sink === undefined || this.#isEnding) return;
    this.#isEnding = true;
    this.#context.environment.defer(() => {
      this.#isEnding = false;
      sink.close(ReasonCode.quotaExceeded, 'too much waits for the client');
    });
  }

  /** Not within the routing of the message: a will of the session is a message as well. */
  #endSession(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const { environment, evict } = this.#context;
    environment.defer(() => {
      this.#isEnding = false;
      evict(this.#owner, ReasonCode.quotaExceeded, 'too much waits for the client');
    });
  }
}
