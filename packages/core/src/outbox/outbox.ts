import type { ReasonCode } from '@sluice/packet';
import { DropReason, OverflowAction, type RestoredSession } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import type { HookRunners } from '../hooks/hooks.ts';
import { enqueueAway } from '../messages/enqueue-away.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import { referToBody } from '../messages/stored-body.ts';
import { ExpiredHead } from './expired-head.ts';
import { OutboxAnswers } from './outbox-answers.ts';
import { EntryState, OutboxEntry, passed } from './outbox-entry.ts';
import type { AckResult, OutboxOwner } from './outbox-owner.ts';
import { OutboxQueue } from './outbox-queue.ts';
import { OutboxSender } from './outbox-sender.ts';
import { QueueAdmission } from './queue-admission.ts';

/** The QoS 1 and 2 messages of one session, in order of their sequence, which also is their packet id. */
export class Outbox {
  readonly #owner: OutboxOwner;
  readonly #context: Context;
  readonly #queue: OutboxQueue;
  /** Only where there are hooks about what enters the queue. */
  #admission: QueueAdmission | undefined;
  /** Only where the queue was full. */
  #expiredHead: ExpiredHead | undefined;
  /** Only of a session that is connected: most of a large broker are not. */
  #sender: OutboxSender | undefined;
  #answers: OutboxAnswers | undefined;
  #isClosed = false;

  constructor(owner: OutboxOwner, context: Context) {
    this.#owner = owner;
    this.#context = context;
    this.#queue = new OutboxQueue(owner, context);
  }

  /** Messages that are not acknowledged: in flight or waiting. */
  get size(): number {
    return this.#queue.size;
  }

  /** Messages that were sent on this connection and are not acknowledged. */
  get inflight(): number {
    return this.#queue.inflight;
  }

  /** Whether no more messages may wait. */
  get isFull(): boolean {
    return this.#queue.isFull;
  }

  /** Whether one more may wait without another one going for it. */
  hasRoomFor({ bytes }: RoutedMessage): boolean {
    return this.#queue.hasRoomFor(bytes);
  }

  /** Messages that wait for their turn. */
  get waiting(): number {
    return this.#queue.size - this.#queue.inflight;
  }

  /** Topics, properties and payloads of what is not acknowledged. */
  get bytes(): number {
    return this.#queue.bytes;
  }

  /** What of it is in memory, about. */
  get memoryBytes(): number {
    return this.#queue.memoryBytes;
  }

  /** Whether a new message could be sent at once. */
  get idle(): boolean {
    const { sink } = this.#owner;
    const { cursor, next, inflight } = this.#queue;
    return sink !== undefined && cursor === next && inflight < sink.sendQuota;
  }

  /** Sequences from here on were never sent. */
  get sentEnd(): number {
    return this.#queue.sentEnd;
  }

  /** Continues a queue that was committed before a restart. */
  restore(record: RestoredSession): void {
    this.#queue.restore(record);
  }

  /** Queues a message, and sends it if its turn has come; a reason where it is kept out. */
  enqueue(
    incoming: RoutedMessage,
    qos: 1 | 2,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
    sharedFilter: string | undefined,
  ): DropReason | undefined {
    // A hook may end it while a message is routed.
    if (this.#isClosed) return DropReason.sessionEnded;
    const { hooks } = this.#owner;
    const asks = hooks.enqueue !== undefined || hooks.overflow !== undefined;
    if (!asks && (this.#queue.hasRoomFor(incoming.bytes) || this.#makeRoom(incoming.bytes))) {
      const mayPass = qos === 1 && sharedFilter === undefined && !this.#owner.stored;
      if (mayPass && this.#pass(incoming, retain, subscriptionIdentifiers)) return undefined;
      this.#add(incoming, qos, retain, subscriptionIdentifiers, sharedFilter);
    } else if (asks || this.#context.queueOverflow !== OverflowAction.dropNewest) {
      const admission = this.#admission ?? this.#openAdmission();
      const admitted = admission.admit(incoming, qos);
      if (typeof admitted === 'string') return admitted;
      if (this.#admission === undefined) return DropReason.sessionEnded;
      admission.queued(this.#queue.next, admitted);
      this.#add(admitted.message, qos, retain, subscriptionIdentifiers, sharedFilter);
    } else {
      this.#owner.tellLimited(this.isFull);
      return DropReason.queueFull;
    }
    return undefined;
  }

  /** Sends what may be sent now; after a return of the client all that is unacknowledged, in order [MQTT-4.4.0-1]. */
  pump(): void {
    const { sink } = this.#owner;
    if (sink === undefined || this.#queue.isSent) return;
    this.#sender ??= new OutboxSender(this.#owner, this.#queue, this.#context);
    this.#sender.pump(sink);
  }

  /** What a PUBACK of the client met. */
  puback(packetId: number, reasonCode: ReasonCode): AckResult {
    return this.#answered.puback(packetId, reasonCode);
  }

  /** What a PUBREC of the client met. */
  pubrec(packetId: number, reasonCode: ReasonCode): AckResult {
    return this.#answered.pubrec(packetId, reasonCode);
  }

  /** What a PUBCOMP of the client met. */
  pubcomp(packetId: number, reasonCode: ReasonCode): AckResult {
    return this.#answered.pubcomp(packetId, reasonCode);
  }

  /** The client is gone. */
  detach(): void {
    this.#queue.detach();
    this.#sender = undefined;
    this.#answers = undefined;
    this.#stopLooking();
  }

  #stopLooking(): void {
    this.#expiredHead?.stop();
    this.#expiredHead = undefined;
  }

  /** The session is over: what waits goes with it. */
  close(): void {
    this.#isClosed = true;
    this.#stopLooking();
    this.#queue.close();
    this.#admission?.stop();
    this.#admission = undefined;
    this.#queue.watch(undefined);
  }

  /** After `close`, when nothing of it is still to be given to others: somebody may refer to the session for longer. */
  forget(): void {
    this.#queue.forget();
  }

  /** The message with this packet identifier is about to be written for the first time. */
  begun(packetId: number): void {
    this.#queue.sent(this.#queue.sequenceOf(packetId));
  }

  /** Whether an entry that is on disk was sent at least once. */
  wasSent(sequence: number): boolean {
    return sequence < this.#queue.sentEnd;
  }

  /** What is in memory, in order. */
  entries(): Iterable<OutboxEntry> {
    return this.#queue.window;
  }

  /** Whether there is room once what expired is gone. Where somebody decides about the queue, that is theirs. */
  #makeRoom(bytes: number): boolean {
    const isDecided = this.#context.queueOverflow !== OverflowAction.dropNewest;
    if (isDecided || this.#admission !== undefined) return false;
    this.#expiredHead ??= new ExpiredHead(this.#owner, this.#queue, this.#context);
    this.#expiredHead.look();
    // A hook that was told may have ended the connection or the session.
    return this.#expiredHead !== undefined && this.#queue.hasRoomFor(bytes);
  }

  get #answered(): OutboxAnswers {
    this.#answers ??= new OutboxAnswers(this.#owner, this.#queue, this.#context);
    return this.#answers;
  }

  #openAdmission(): QueueAdmission {
    this.#stopLooking();
    const admission = new QueueAdmission(this.#owner, this.#queue, this.#context);
    this.#admission = admission;
    this.#queue.watch(admission);
    return admission;
  }

  /** Sends a QoS 1 message that nobody would send again; false where it has to wait, or hooks follow what becomes of it. */
  #pass(
    message: RoutedMessage,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): boolean {
    const owner = this.#owner;
    const queue = this.#queue;
    const { sink } = owner;
    if (sink === undefined || !queue.isClear || queue.inflight >= sink.sendQuota) return false;
    if (!sink.writable || followsDeliveries(owner.hooks)) return false;
    const packetId = queue.pass();
    const left = owner.send(message, 1, retain, false, packetId, subscriptionIdentifiers);
    if (typeof left === 'string') {
      queue.end(queue.sequenceOf(packetId), passed);
      this.#context.dropped(message, owner.clientId, left);
    }
    return true;
  }

  #add(
    message: RoutedMessage,
    qos: 1 | 2,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
    sharedFilter: string | undefined,
  ): void {
    const owner = this.#owner;
    const queue = this.#queue;
    const { commits } = this.#context;
    if (owner.stored && owner.sink === undefined && sharedFilter === undefined) {
      const sequence = queue.take(message.bytes);
      enqueueAway(commits, message, owner.number, sequence, qos, retain, subscriptionIdentifiers);
      return;
    }
    const isImmediate = this.idle;
    const entry = new OutboxEntry(
      queue.take(message.bytes),
      message,
      qos,
      retain,
      subscriptionIdentifiers,
      sharedFilter,
    );
    entry.isImmediate = isImmediate;
    if (owner.stored) {
      const body = referToBody(commits, message);
      const batch = commits.add(entry.enqueueing(owner.number, message), 0, message.durability);
      entry.enqueued(batch, body, owner);
      if (owner.sink === undefined || !queue.window.keep(entry, queue.cursor)) return;
      commits.wait(entry);
    } else {
      queue.window.add(entry.sequence, entry);
      // Sent again after a crash it might go to another member of the share group.
      if (qos === 2 && message.mayRepeat) commits.waitForBatch(entry.awaits(owner));
    }
    this.pump();
    // What could not leave within the turn must not pin the chunk it came in.
    if (entry.state === EntryState.waiting) message.own();
  }
}

/** Whether a hook is asked about a delivery, or is told what became of it. */
function followsDeliveries(hooks: HookRunners): boolean {
  return (
    hooks.authorizeDeliver !== undefined ||
    hooks.deliver !== undefined ||
    hooks.delivered !== undefined ||
    hooks.acknowledged !== undefined ||
    hooks.refused !== undefined ||
    hooks.dropped !== undefined
  );
}
