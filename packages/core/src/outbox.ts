import { isFailure, type ReasonCode } from '@sluice/packet';
import { DropReason, type QueuedMessage } from '@sluice/plugin';
import type { CommitWaiter } from './commits.ts';
import type { Context } from './context.ts';
import { EntryState, OutboxEntry } from './outbox-entry.ts';
import type { RoutedMessage } from './routed-message.ts';
import { SequenceRing } from './sequence-ring.ts';
import type { Sink } from './sink.ts';
import { StoredBody } from './stored-body.ts';

const packetIds = 65_535;
const noIdentifiers: readonly number[] = Object.freeze([]);

/** What an acknowledgement of the client met. */
export const AckResult = { done: 0, unknown: 1, wrongQos: 2 } as const;
export type AckResult = (typeof AckResult)[keyof typeof AckResult];

/** The session, as its outbox sees it. */
export interface OutboxOwner {
  readonly number: number;
  readonly clientId: string;
  /** Whether the queue is committed: the session outlives its connection. */
  readonly stored: boolean;
  readonly sink: Sink | undefined;
  /** Sends an entry's message, by way of the delivery hooks; a reason when it was left out. */
  send(
    message: RoutedMessage,
    qos: 1 | 2,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): DropReason | undefined;
  pump(): void;
}

/**
 * The QoS 1 and 2 messages of one session, in order of their sequence, which also is their packet id.
 *
 *     ring.first        cursor         loadedEnd              next
 *        | sent, released | waiting        | only on disk       |
 *
 * What lies on disk only (offline, or more than a window behind) is read again a window at a time.
 */
export class Outbox {
  readonly #owner: OutboxOwner;
  readonly #context: Context;
  readonly #ring: SequenceRing<OutboxEntry> = new SequenceRing();
  #cursor = 0;
  #loadedEnd = 0;
  #next = 0;
  /** Everything below was sent at least once: sent again it is a duplicate [MQTT-3.3.1-1]. */
  #sentEnd = 0;
  /** Entries of any state, on disk or in memory. */
  #count = 0;
  #bytes = 0;
  #inflight = 0;
  /** The read that is under way; a new object for each, so that a late one is recognized. */
  #reading: object | undefined;
  /** What was enqueued since the read began, as long as it fits into a window. */
  #sinceRead: OutboxEntry[] | undefined;

  constructor(owner: OutboxOwner, context: Context) {
    this.#owner = owner;
    this.#context = context;
  }

  /** Messages that are not acknowledged: in flight or waiting. */
  get size(): number {
    return this.#count;
  }

  /** Whether no more messages may wait. */
  get isFull(): boolean {
    return this.#count - this.#inflight >= this.#context.limits.maxQueuedMessages;
  }

  /** Whether a new message could be sent at once. */
  get idle(): boolean {
    const sink = this.#owner.sink;
    return sink !== undefined && this.#cursor === this.#next && this.#inflight < sink.sendQuota;
  }

  /** Continues a queue that was committed before a restart. */
  restore(nextSequence: number, queued: number): void {
    this.#next = nextSequence;
    this.#count = queued;
    // Which of them were in flight is not known; a window of them may have been, but nothing that is still to come.
    const { maxInflightMessages } = this.#context.limits;
    this.#sentEnd = Math.min(nextSequence, nextSequence - queued + maxInflightMessages);
  }

  /** Queues a message, and sends it if its turn has come. False when the queue is full. */
  enqueue(
    message: RoutedMessage,
    qos: 1 | 2,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
    sharedFilter: string | undefined,
  ): boolean {
    const bytes = message.bytes;
    if (this.isFull || this.#bytes + bytes > this.#context.limits.maxQueuedBytes) return false;
    const owner = this.#owner;
    const { commits } = this.#context;
    const entry = new OutboxEntry(
      this.#next++,
      message,
      qos,
      retain,
      subscriptionIdentifiers,
      sharedFilter,
    );
    this.#count++;
    this.#bytes += bytes;
    if (owner.stored) {
      const body = StoredBody.refer(commits, message);
      const batch = commits.add({
        type: 'enqueue',
        session: owner.number,
        sequence: entry.sequence,
        message: message.number,
        qos,
        retain,
        subscriptionIdentifiers: subscriptionIdentifiers ?? noIdentifiers,
        ...(sharedFilter !== undefined && { sharedFilter }),
      });
      entry.enqueued(batch, body, owner);
      if (!this.#keep(entry)) return true;
      commits.wait(entry);
    } else {
      this.#ring.set(entry.sequence, entry);
      this.#loadedEnd = this.#next;
    }
    this.pump();
    // What could not leave within the turn must not pin the chunk it came in.
    if (entry.state === EntryState.waiting) message.own();
    return true;
  }

  /** Sends what may be sent now; after a return of the client all that is unacknowledged, in order [MQTT-4.4.0-1]. */
  pump(): void {
    const sink = this.#owner.sink;
    while (sink !== undefined && sink === this.#owner.sink) {
      if (this.#inflight >= sink.sendQuota || !sink.writable) return; // [MQTT-3.3.4-9]
      if (this.#cursor >= this.#loadedEnd) {
        if (this.#loadedEnd < this.#next) this.#read();
        return;
      }
      const entry = this.#ring.get(this.#cursor);
      if (entry !== undefined) {
        // A crash may repeat a QoS 1 message, but not a QoS 2 one: that waits for its commit.
        if (entry.qos === 2 && !entry.durable) return;
        if (entry.sequence - this.#ring.first >= packetIds) return;
        this.#send(entry, sink);
        // A hook ended the connection: everything begins again with the next one.
        if (sink !== this.#owner.sink) return;
      }
      this.#cursor++;
    }
  }

  /** The client is gone. What it had in memory is on disk. */
  detach(): void {
    const oldest = this.#ring.size > 0 ? this.#ring.first : this.#loadedEnd;
    this.#ring.reset(oldest);
    this.#cursor = oldest;
    this.#loadedEnd = oldest;
    this.#inflight = 0;
    this.#reading = undefined;
    this.#sinceRead = undefined;
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

  pubcomp(packetId: number): AckResult {
    const entry = this.#inFlight(packetId);
    if (entry === undefined) return AckResult.unknown;
    if (!entry.released) return AckResult.wrongQos;
    this.#done(entry, 0);
    return AckResult.done;
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
    const dup = entry.sequence < this.#sentEnd;
    const begun = dup && entry.qos === 2; // [MQTT-4.3.3-7]
    const expired = !begun && message.expiresAt <= this.#context.environment.now();
    const reason = expired
      ? DropReason.expired
      : this.#owner.send(
          message,
          entry.qos,
          entry.retain,
          dup,
          packetId,
          entry.subscriptionIdentifiers,
        );
    if (sink !== this.#owner.sink) return;
    if (reason !== undefined) {
      entry.state = EntryState.waiting;
      this.#inflight--;
      this.#remove(entry);
      this.#context.dropped(message, this.#owner.clientId, reason);
      return;
    }
    if (!dup) this.#sentEnd = entry.sequence + 1;
    if (this.#owner.stored) return;
    this.#bytes -= message.bytes;
    // Nobody will send it again, unless to another member of its share group.
    if (entry.sharedFilter === undefined) entry.message = undefined;
    else message.own();
  }

  /** Whether an entry that is on disk was sent at least once. */
  wasSent(sequence: number): boolean {
    return sequence < this.#sentEnd;
  }

  /** What is in memory, in order. */
  *entries(): IterableIterator<OutboxEntry> {
    for (let sequence = this.#ring.first; sequence < this.#ring.end; sequence++) {
      const entry = this.#ring.get(sequence);
      if (entry !== undefined) yield entry;
    }
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
        commits.add({
          type: 'release',
          session: this.#owner.number,
          sequence: entry.sequence,
          message: message.number,
        });
      }
    }
    if (!this.#owner.stored) {
      sink.pubrel(packetId);
      return;
    }
    const waiter: CommitWaiter = {
      onCommitted: (failure) => {
        if (failure === undefined && this.#owner.sink === sink) sink.pubrel(packetId);
      },
    };
    commits.wait(waiter);
  }

  #done(entry: OutboxEntry, reasonCode: number): void {
    this.#inflight--;
    const { message } = entry;
    this.#remove(entry);
    if (isFailure(reasonCode) && message !== undefined) {
      this.#context.dropped(message, this.#owner.clientId, DropReason.refused);
    }
    this.#owner.pump();
  }

  #remove(entry: OutboxEntry): void {
    const { message, sequence } = entry;
    this.#ring.delete(sequence);
    this.#count--;
    if (message !== undefined && (this.#owner.stored || entry.state === EntryState.waiting)) {
      this.#bytes = Math.max(0, this.#bytes - message.bytes);
    }
    if (!this.#owner.stored || entry.cancel()) return;
    this.#context.commits.add({
      type: 'dequeue',
      session: this.#owner.number,
      sequence,
      message: message === undefined ? 0 : message.number,
    });
  }

  #inFlight(packetId: number): OutboxEntry | undefined {
    const first = this.#ring.first;
    const offset = (packetId - 1 - (first % packetIds) + packetIds) % packetIds;
    const entry = this.#ring.get(first + offset);
    return entry === undefined || entry.state === EntryState.waiting ? undefined : entry;
  }

  /** Whether an entry of a stored queue stays in memory. */
  #keep(entry: OutboxEntry): boolean {
    if (this.#owner.sink === undefined) return false;
    const { windowMessages } = this.#context.limits;
    if (this.#loadedEnd === entry.sequence) {
      if (entry.sequence - this.#cursor >= windowMessages) return false;
      this.#ring.set(entry.sequence, entry);
      this.#loadedEnd = entry.sequence + 1;
      return true;
    }
    if (this.#sinceRead === undefined) return false;
    if (this.#sinceRead.length < windowMessages) {
      this.#sinceRead.push(entry);
      return true;
    }
    this.#sinceRead = undefined;
    return false;
  }

  /** Reads the next window, once all that it may hold is committed. */
  #read(): void {
    if (this.#reading !== undefined) return;
    const reading = {};
    this.#reading = reading;
    this.#sinceRead = [];
    const upTo = this.#next;
    const { commits, queueReads, limits } = this.#context;
    commits.wait({
      onCommitted: (failure) => {
        if (failure !== undefined || this.#reading !== reading) return;
        queueReads.read(this.#owner.number, this.#loadedEnd - 1, limits.windowMessages).then(
          (entries) => {
            if (this.#reading === reading) this.#loaded(entries, upTo);
          },
          (error) => {
            this.#context.reportError(error);
            if (this.#reading === reading)
              this.#owner.sink?.close(0x80, 'the queue cannot be read');
          },
        );
      },
    });
  }

  #loaded(queued: readonly QueuedMessage[], upTo: number): void {
    this.#reading = undefined;
    let loadedEnd = this.#loadedEnd;
    for (const record of queued) {
      if (record.sequence >= upTo) break;
      this.#ring.set(record.sequence, OutboxEntry.restored(record));
      loadedEnd = record.sequence + 1;
    }
    if (queued.length < this.#context.limits.windowMessages) loadedEnd = upTo;
    this.#loadedEnd = loadedEnd;
    const since = this.#sinceRead;
    this.#sinceRead = undefined;
    if (loadedEnd === upTo) {
      // Nothing below is left on disk, whatever the count said.
      this.#count = this.#ring.size + (this.#next - upTo);
      if (since !== undefined) {
        for (const entry of since) this.#ring.set(entry.sequence, entry);
        this.#loadedEnd = this.#next;
      }
    }
    this.#owner.pump();
  }
}
