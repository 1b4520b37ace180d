import { isFailure, type ReasonCode } from '@sluice/packet';
import { DropReason, type Operation, type RestoredSession } from '@sluice/plugin';
import type { Context } from './context.ts';
import { EntryState, OutboxEntry } from './outbox-entry.ts';
import { AckResult, type OutboxOwner } from './outbox-owner.ts';
import { QueueWindow } from './queue-window.ts';
import type { RoutedMessage } from './routed-message.ts';
import type { Sink } from './sink.ts';
import { referToBody } from './stored-body.ts';

const packetIds = 65_535;
const noIdentifiers: readonly number[] = Object.freeze([]);

/**
 * The QoS 1 and 2 messages of one session, in order of their sequence, which also is their packet id.
 *
 *     window.first        cursor        window.end          next
 *        | sent, released    | waiting       | only on disk    |
 */
export class Outbox {
  readonly #owner: OutboxOwner;
  readonly #context: Context;
  /** Only while it is of use: most sessions of a large broker are offline. */
  #openWindow: QueueWindow | undefined;
  #cursor = 0;
  #next = 0;
  /** Everything below was sent at least once: sent again it is a duplicate [MQTT-3.3.1-1]. */
  #sentEnd = 0;
  /** Entries of any state, on disk or in memory. */
  #count = 0;
  #bytes = 0;
  #inflight = 0;

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

  /** Whether no more messages may wait. */
  get isFull(): boolean {
    return this.#count - this.#inflight >= this.#context.limits.maxQueuedMessages;
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
    this.#bytes += bytes;
    if (owner.stored) {
      const body = referToBody(commits, message);
      const operation: Operation = {
        type: 'enqueue',
        session: owner.number,
        sequence: entry.sequence,
        message: message.number,
        qos,
        retain,
        subscriptionIdentifiers: subscriptionIdentifiers ?? noIdentifiers,
        ...(sharedFilter !== undefined && { sharedFilter }),
      };
      const batch = commits.add(operation, 0, message.durability);
      entry.enqueued(batch, body, owner);
      if (owner.sink === undefined || !this.#window.keep(entry, this.#cursor)) return true;
      commits.wait(entry);
    } else {
      this.#window.add(entry);
      // Sent again after a crash it might go to another member of the share group.
      if (qos === 2 && message.mayRepeat) commits.waitForBatch(entry.awaits(owner));
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
    const { qos, retain, subscriptionIdentifiers } = entry;
    const dup = entry.sequence < this.#sentEnd;
    // What was begun or never had to wait does not expire, be its interval 0 [MQTT-4.3.3-7].
    const canExpire = !entry.isImmediate && !(dup && qos === 2);
    const expired = canExpire && message.expiresAt <= this.#context.environment.now();
    const reason = expired
      ? DropReason.expired
      : this.#owner.send(message, qos, retain, dup, packetId, subscriptionIdentifiers);
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
  entries(): Iterable<OutboxEntry> {
    return this.#window;
  }

  #readOn(): void {
    const upTo = this.#next;
    this.#window.read(upTo, () => {
      // Nothing is left on disk below, whatever the count said.
      this.#count = this.#window.size + (this.#next - upTo);
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
    this.#window.delete(sequence);
    this.#count--;
    if (message !== undefined && (this.#owner.stored || entry.state === EntryState.waiting)) {
      this.#bytes = Math.max(0, this.#bytes - message.bytes);
    }
    if (!this.#owner.stored || entry.cancel()) return;
    const session = this.#owner.number;
    const number = message === undefined ? 0 : message.number;
    this.#context.commits.add(
      { type: 'dequeue', session, sequence, message: number },
      0,
      message?.durability,
    );
  }

  #inFlight(packetId: number): OutboxEntry | undefined {
    const first = this.#window.first;
    const offset = (packetId - 1 - (first % packetIds) + packetIds) % packetIds;
    const entry = this.#window.get(first + offset);
    return entry === undefined || entry.state === EntryState.waiting ? undefined : entry;
  }
}
