// Longer than most: one state machine, of which count, cursor and window only change together.
import { isFailure, type ReasonCode } from '@sluice/packet';
import { type AcknowledgedEvent, DropReason, type RestoredSession } from '@sluice/plugin';
import type { Context } from './context.ts';
import { EntryState, OutboxEntry } from './outbox-entry.ts';
import { AckResult, type OutboxOwner } from './outbox-owner.ts';
import { QueueAdmission } from './queue-admission.ts';
import type { QueuedBody } from './queue-keys.ts';
import { QueueWindow } from './queue-window.ts';
import type { RoutedMessage } from './routed-message.ts';
import type { Sink } from './sink.ts';
import { referToBody } from './stored-body.ts';
import type { WaitingQueue } from './waiting-queue.ts';

const packetIds = 65_535;

/**
 * The QoS 1 and 2 messages of one session, in order of their sequence, which also is their packet id.
 *
 *     window.first        cursor        window.end          next
 *        | sent, released    | waiting       | only on disk    |
 */
export class Outbox implements WaitingQueue {
  readonly #owner: OutboxOwner;
  readonly #context: Context;
  /** Only while it is of use: most sessions of a large broker are offline. */
  #openWindow: QueueWindow | undefined;
  /** Only where there are hooks about what enters the queue. */
  #admission: QueueAdmission | undefined;
  #cursor = 0;
  #next = 0;
  /** Everything below was sent at least once: sent again it is a duplicate [MQTT-3.3.1-1]. */
  #sentEnd = 0;
  /** Entries of any state, on disk or in memory. */
  #count = 0;
  #bytes = 0;
  #inflight = 0;
  #isClosed = false;

  constructor(owner: OutboxOwner, context: Context) {
    this.#owner = owner;
    this.#context = context;
  }

  get #window(): QueueWindow {
    this.#openWindow ??= new QueueWindow(this.#owner, this.#context, this.#cursor);
    return this.#openWindow;
  }

  /** Messages that are not acknowledged: in flight or waiting. */
  get size(): number {
    return this.#count;
  }

  /** Bytes of the messages that are not acknowledged, as far as they are known. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether no more messages may wait. */
  get isFull(): boolean {
    return this.#count - this.#inflight >= this.#owner.limits.maxQueuedMessages;
  }

  /** Whether a new message could be sent at once. */
  get idle(): boolean {
    const sink = this.#owner.sink;
    return sink !== undefined && this.#cursor === this.#next && this.#inflight < sink.sendQuota;
  }

  /** Sequences from here on were never sent. */
  get sentEnd(): number {
    return this.#sentEnd;
  }

  /** Continues a queue that was committed before a restart. */
  restore({ nextSequence, queued, sentBefore, disconnectedAt }: RestoredSession): void {
    this.#next = Math.max(nextSequence, sentBefore);
    this.#count = queued;
    // In a crash under its connection acknowledgements are lost that had opened the window further, by any number.
    this.#sentEnd = disconnectedAt === undefined ? this.#next : sentBefore;
    if (queued === 0) this.#cursor = this.#next;
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
    if (hooks.enqueue !== undefined || hooks.overflow !== undefined) {
      this.#admission ??= new QueueAdmission(this.#owner, this, this.#context);
      const admission = this.#admission;
      const admitted = admission.admit(incoming, qos);
      if (typeof admitted === 'string') return admitted;
      if (this.#admission === undefined) return DropReason.sessionEnded;
      admission.queued(this.#next, admitted);
      this.#add(admitted.message, qos, retain, subscriptionIdentifiers, sharedFilter);
    } else if (this.hasRoomFor(incoming.bytes)) {
      this.#add(incoming, qos, retain, subscriptionIdentifiers, sharedFilter);
    } else {
      this.#owner.tellLimited(this.isFull);
      return DropReason.queueFull;
    }
    return undefined;
  }

  #add(
    message: RoutedMessage,
    qos: 1 | 2,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
    sharedFilter: string | undefined,
  ): void {
    const owner = this.#owner;
    const { commits } = this.#context;
    const isImmediate = this.idle;
    const entry = new OutboxEntry(
      this.#next++,
      message,
      qos,
      retain,
      subscriptionIdentifiers,
      sharedFilter,
    );
    entry.isImmediate = isImmediate;
    this.#count++;
    this.#bytes += message.bytes;
    if (owner.stored) {
      const body = referToBody(commits, message);
      const batch = commits.add(entry.enqueueing(owner.number, message), 0, message.durability);
      entry.enqueued(batch, body, owner);
      if (owner.sink === undefined || !this.#window.keep(entry, this.#cursor)) return;
      commits.wait(entry);
    } else {
      this.#window.add(entry);
      // Sent again after a crash it might go to another member of the share group.
      if (qos === 2 && message.mayRepeat) commits.waitForBatch(entry.awaits(owner));
    }
    this.pump();
    // What could not leave within the turn must not pin the chunk it came in.
    if (entry.state === EntryState.waiting) message.own();
  }

  /** Sends what may be sent now; after a return of the client all that is unacknowledged, in order [MQTT-4.4.0-1]. */
  pump(): void {
    const sink = this.#owner.sink;
    while (sink !== undefined && sink === this.#owner.sink) {
      if (this.#inflight >= sink.sendQuota || !sink.writable) return; // [MQTT-3.3.4-9]
      if (this.#cursor >= this.#window.end) {
        if (this.#window.end < this.#next) this.#readOn();
        return;
      }
      const entry = this.#window.get(this.#cursor);
      if (entry !== undefined) {
        // A crash may repeat a QoS 1 message, but not a QoS 2 one: that waits for its commit.
        if (entry.qos === 2 && !entry.durable) return;
        if (entry.sequence - this.#window.first >= packetIds) return;
        this.#send(entry, sink);
        // A hook ended the connection: everything begins again with the next one.
        if (sink !== this.#owner.sink) return;
      }
      this.#cursor++;
    }
  }

  /** The client is gone. What it had in memory is on disk, or of no use but to the members of a share group. */
  detach(): void {
    if (!this.#owner.stored || this.#openWindow === undefined) return;
    this.#cursor = this.#openWindow.drop();
    this.#openWindow = undefined;
    this.#inflight = 0;
  }

  puback(packetId: number, reasonCode: ReasonCode): AckResult {
    const entry = this.#inFlight(packetId);
    if (entry === undefined) return AckResult.unknown;
    if (entry.qos !== 1) return AckResult.wrongQos;
    this.#done(entry, reasonCode);
    return AckResult.done;
  }

  pubrec(packetId: number, reasonCode: ReasonCode): AckResult {
    const entry = this.#inFlight(packetId);
    if (entry === undefined) return AckResult.unknown;
    if (entry.qos !== 2) return AckResult.wrongQos;
    if (isFailure(reasonCode)) {
      this.#done(entry, reasonCode); // [MQTT-4.3.3-4]
    } else {
      this.#release(entry, packetId);
    }
    return AckResult.done;
  }

  pubcomp(packetId: number, reasonCode: ReasonCode): AckResult {
    const entry = this.#inFlight(packetId);
    if (entry === undefined) return AckResult.unknown;
    if (!entry.released) return AckResult.wrongQos;
    this.#end(entry);
    this.#owner.hooks.acknowledged?.(this.#acknowledgement(entry, reasonCode));
    this.#owner.pump();
    return AckResult.done;
  }

  /** The session is over: what waits goes with it. */
  close(): void {
    this.#isClosed = true;
    this.#admission?.stop();
    this.#admission = undefined;
  }

  get firstUnsent(): number {
    return Math.max(this.#cursor, this.#sentEnd);
  }

  get isInMemory(): boolean {
    return this.#count === 0 || this.#openWindow?.end === this.#next;
  }

  inMemory(sequence: number): OutboxEntry | undefined {
    return this.#openWindow?.get(sequence);
  }

  *unsent(): IterableIterator<OutboxEntry> {
    const end = this.#openWindow?.end ?? 0;
    for (let sequence = this.firstUnsent; sequence < end; sequence++) {
      const entry = this.#openWindow?.get(sequence);
      if (entry?.state === EntryState.waiting) yield entry;
    }
  }

  hasRoomFor(bytes: number, goneMessages = 0, goneBytes = 0): boolean {
    const { maxQueuedMessages, maxQueuedBytes } = this.#owner.limits;
    return (
      this.#count - this.#inflight - goneMessages < maxQueuedMessages &&
      this.#bytes - goneBytes + bytes <= maxQueuedBytes
    );
  }

  withdraw(sequence: number, body: QueuedBody): boolean {
    if (sequence < this.firstUnsent) return false;
    if (this.#openWindow !== undefined && sequence < this.#openWindow.end) {
      const entry = this.#openWindow.get(sequence);
      if (entry?.state !== EntryState.waiting) return false;
      this.#remove(entry);
      return true;
    }
    this.#openWindow?.withdraw(sequence);
    this.#forget(sequence, body.bytes);
    this.#dequeue(sequence, body);
    return true;
  }

  #send(entry: OutboxEntry, sink: Sink): void {
    const packetId = (entry.sequence % packetIds) + 1;
    this.#inflight++;
    if (entry.released) {
      entry.state = EntryState.released;
      sink.pubrel(packetId);
      return;
    }
    entry.state = EntryState.sent;
    const message = entry.message as RoutedMessage;
    const { qos, retain, subscriptionIdentifiers } = entry;
    const dup = entry.sequence < this.#sentEnd;
    // What was begun or never had to wait does not expire, be its interval 0 [MQTT-4.3.3-7].
    const canExpire = !entry.isImmediate && !(dup && qos === 2);
    const expired = canExpire && message.expiresAt <= this.#context.environment.now();
    const result = expired
      ? DropReason.expired
      : this.#owner.send(message, qos, retain, dup, packetId, subscriptionIdentifiers);
    if (sink !== this.#owner.sink) return;
    if (typeof result === 'string') {
      entry.state = EntryState.waiting;
      this.#inflight--;
      this.#remove(entry);
      const { clientId, hooks } = this.#owner;
      this.#context.dropped(message, clientId, result);
      if (expired) hooks.expired?.({ clientId, message });
      return;
    }
    if (!dup) this.#sentEnd = entry.sequence + 1;
    const { acknowledged, refused, delivered } = this.#owner.hooks;
    if (acknowledged !== undefined || refused !== undefined) entry.reported = message.own();
    if (!this.#owner.stored) {
      this.#bytes -= message.bytes;
      // Nobody will send it again, unless to another member of its share group.
      if (entry.sharedFilter === undefined) entry.message = undefined;
      else message.own();
    }
    if (typeof result === 'object') delivered?.(result);
  }

  /** Whether an entry that is on disk was sent at least once. */
  wasSent(sequence: number): boolean {
    return sequence < this.#sentEnd;
  }

  /** What is in memory, in order. */
  entries(): Iterable<OutboxEntry> {
    return this.#window;
  }

  #readOn(): void {
    const upTo = this.#next;
    this.#window.read(upTo, (withdrawn) => {
      // Nothing is left on disk below, whatever the count said.
      this.#count = this.#window.size + (this.#next - upTo) - withdrawn;
    });
  }

  /** PUBREL follows once nothing can make the broker send the PUBLISH again. */
  #release(entry: OutboxEntry, packetId: number): void {
    const { commits } = this.#context;
    const sink = this.#owner.sink as Sink;
    const message = entry.message;
    if (!entry.released) {
      entry.released = true;
      entry.state = EntryState.released;
      entry.message = undefined;
      if (this.#owner.stored && message !== undefined) {
        this.#bytes -= message.bytes;
        const session = this.#owner.number;
        const { number, durability } = message;
        commits.add(
          { type: 'release', session, sequence: entry.sequence, message: number },
          0,
          durability,
        );
      }
    }
    if (!this.#owner.stored) {
      sink.pubrel(packetId);
      return;
    }
    commits.wait({
      onCommitted: (failure) => {
        if (failure === undefined && this.#owner.sink === sink) sink.pubrel(packetId);
      },
    });
  }

  /** PUBACK, or a PUBREC that is the end. */
  #done(entry: OutboxEntry, reasonCode: ReasonCode): void {
    const { clientId, hooks } = this.#owner;
    const message = entry.message ?? entry.reported;
    this.#end(entry);
    if (!isFailure(reasonCode)) {
      hooks.acknowledged?.(this.#acknowledgement(entry, reasonCode));
    } else {
      if (message === undefined) this.#context.stats.drop(DropReason.refused);
      else this.#context.dropped(message, clientId, DropReason.refused);
      hooks.refused?.(this.#acknowledgement(entry, reasonCode));
    }
    this.#owner.pump();
  }

  #end(entry: OutboxEntry): void {
    this.#inflight--;
    this.#remove(entry);
  }

  #acknowledgement(entry: OutboxEntry, reasonCode: ReasonCode): AcknowledgedEvent {
    const { qos, reported, message = reported } = entry;
    return { client: this.#owner.client, message, qos, reasonCode };
  }

  #remove(entry: OutboxEntry): void {
    const { message, sequence } = entry;
    this.#window.delete(sequence);
    const hasBytes = this.#owner.stored || entry.state === EntryState.waiting;
    this.#forget(sequence, message !== undefined && hasBytes ? message.bytes : 0);
    if (this.#owner.stored && !entry.cancel()) this.#dequeue(sequence, message);
  }

  #forget(sequence: number, bytes: number): void {
    this.#count--;
    this.#bytes = Math.max(0, this.#bytes - bytes);
    this.#admission?.removed(sequence);
  }

  #dequeue(sequence: number, body: QueuedBody | undefined): void {
    const session = this.#owner.number;
    const message = body === undefined ? 0 : body.number;
    this.#context.commits.add({ type: 'dequeue', session, sequence, message }, 0, body?.durability);
  }

  #inFlight(packetId: number): OutboxEntry | undefined {
    const first = this.#window.first;
    const offset = (packetId - 1 - (first % packetIds) + packetIds) % packetIds;
    const entry = this.#window.get(first + offset);
    return entry === undefined || entry.state === EntryState.waiting ? undefined : entry;
  }
}
