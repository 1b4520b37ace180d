import type { RestoredSession } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import { EntryState, type OutboxEntry, packetIdOf, packetIds, passed } from './outbox-entry.ts';
import type { QueuedBody } from './queue-keys.ts';
import { QueueWindow } from './queue-window.ts';
import { UnreadPart } from './unread-part.ts';
import type { QueueOwner, QueueWatcher, WaitingQueue } from './waiting-queue.ts';

// What an entry and its place cost beside its message.
const entryBytes = 256;

/**
 * What an outbox holds: its messages in order of their sequence, how many and how large they are, and how far the
 * client has got.
 *
 *     window.first        cursor        window.end          next
 *        | sent, released    | waiting       | only on disk    |
 */
export class OutboxQueue implements WaitingQueue {
  readonly #owner: QueueOwner;
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
  /** What is not in the bytes. */
  #unread: UnreadPart | undefined;
  #inflight = 0;
  #watcher: QueueWatcher | undefined;
  /** The session is over: what it holds is counted no more. */
  #isClosed = false;

  constructor(owner: QueueOwner, context: Context) {
    this.#owner = owner;
    this.#context = context;
  }

  /** What of it is in memory. */
  get window(): QueueWindow {
    this.#openWindow ??= new QueueWindow(this.#owner, this.#context, this.#cursor);
    return this.#openWindow;
  }

  /** Sequence of the message whose turn it is to be sent on this connection. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Sequence of the message that is queued next. */
  get next(): number {
    return this.#next;
  }

  get sentEnd(): number {
    return this.#sentEnd;
  }

  get size(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get memoryBytes(): number {
    const inMemory = this.#openWindow?.size ?? 0;
    if (inMemory === 0 || this.#count === 0) return 0;
    const known = this.#count - (this.#unread?.size ?? 0);
    // What of it lies on disk only is as large as the rest, on the average.
    return inMemory * (entryBytes + this.#bytes / Math.max(inMemory, known));
  }

  /** Messages that were sent on this connection and are not acknowledged. */
  get inflight(): number {
    return this.#inflight;
  }

  get isFull(): boolean {
    return this.#count - this.#inflight >= this.#owner.limits.maxQueuedMessages;
  }

  get firstUnsent(): number {
    return Math.max(this.#cursor, this.#sentEnd);
  }

  /** Whether nothing waits for its turn, in memory or on disk. */
  get isSent(): boolean {
    return this.#cursor === this.#next;
  }

  get isInMemory(): boolean {
    return this.#count === 0 || this.#openWindow?.end === this.#next;
  }

  /** Continues a queue that was committed before a restart. */
  restore({ nextSequence, queued, sentBefore, disconnectedAt }: RestoredSession): void {
    this.#next = Math.max(nextSequence, sentBefore);
    this.#addCount(queued);
    // In a crash under its connection acknowledgements are lost that had opened the window further, by any number.
    this.#sentEnd = disconnectedAt === undefined ? this.#next : sentBefore;
    if (queued === 0) this.#cursor = this.#next;
    else this.#unread = new UnreadPart(this.#next, queued);
  }

  /** Tells of what leaves it from now on. */
  watch(watcher: QueueWatcher | undefined): void {
    this.#watcher = watcher;
  }

  /** Gives a new message its sequence; it counts from now on. */
  take(bytes: number): number {
    this.#count++;
    this.#context.stats.queuedMessages++;
    this.#bytes += bytes;
    return this.#next++;
  }

  /** Whether a message that is queued now has its turn at once, and a packet identifier that is free. */
  get isClear(): boolean {
    const next = this.#next;
    return this.#cursor === next && next - this.window.first < packetIds;
  }

  /** A message is about to be sent of which only the packet identifier is kept, since nobody will send it again. Returns that. */
  pass(): number {
    const sequence = this.#next++;
    const { stats } = this.#context;
    this.#count++;
    stats.queuedMessages++;
    this.begin();
    this.window.add(sequence, passed);
    this.#cursor = sequence + 1;
    this.#sentEnd = sequence + 1;
    return packetIdOf(sequence);
  }

  /** The message at the cursor is about to be sent. */
  begin(): void {
    this.#inflight++;
    this.#context.stats.inflightMessages++;
  }

  /** A message is written for the first time. */
  sent(sequence: number): void {
    this.#sentEnd = sequence + 1;
  }

  /** The next message has its turn. */
  advance(): void {
    this.#cursor = this.window.next(this.#cursor + 1);
  }

  /** A message that is in flight needs its bytes no more: it is not sent again. */
  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** Nothing more will come of a message that was begun. */
  end(sequence: number, entry: OutboxEntry): void {
    this.#addInflight(-1);
    this.#remove(sequence, entry);
  }

  /** The client is gone. What it had in memory is on disk, or of no use but to the members of a share group. */
  detach(): void {
    if (!this.#owner.stored || this.#openWindow === undefined) return;
    this.#cursor = this.#openWindow.drop();
    this.#openWindow = undefined;
    this.#addInflight(-this.#inflight);
  }

  /** The session is over. */
  close(): void {
    const { stats } = this.#context;
    stats.queuedMessages -= this.#count;
    stats.inflightMessages -= this.#inflight;
    this.#isClosed = true;
  }

  /** Nobody needs what waited in memory any more. */
  forget(): void {
    this.#openWindow = undefined;
  }

  /** Reads what lies on disk only, if there is such. */
  readOn(): void {
    const upTo = this.#next;
    const window = this.window;
    if (window.end >= upTo) return;
    const onRead = ({ sequence, message }: OutboxEntry): void => {
      if (this.#unread?.take(sequence, true)) this.#bytes += message?.bytes ?? 0;
    };
    window.read(upTo, onRead, (withdrawn) => {
      // Nothing is left on disk below, whatever the count said.
      this.#addCount(window.size + (this.#next - upTo) - withdrawn - this.#count);
      if (this.#count === 0) this.#bytes = 0;
      this.#unread = undefined;
    });
  }

  /** Sequence of what may be in flight under a packet identifier. */
  sequenceOf(packetId: number): number {
    const { first } = this.window;
    return first + ((packetId - 1 - (first % packetIds) + packetIds) % packetIds);
  }

  /** What was sent on this connection under a sequence. */
  inFlight(sequence: number): OutboxEntry | undefined {
    const entry = this.window.get(sequence);
    return entry === undefined || entry.state === EntryState.waiting ? undefined : entry;
  }

  inMemory(sequence: number): OutboxEntry | undefined {
    return this.#openWindow?.get(sequence);
  }

  *unsent(from: number = 0): IterableIterator<OutboxEntry> {
    for (const entry of this.#openWindow?.from(Math.max(from, this.firstUnsent)) ?? []) {
      if (entry.state === EntryState.waiting) yield entry;
    }
  }

  hasRoomFor(bytes: number, goneMessages = 0, goneBytes = 0): boolean {
    const { maxQueuedMessages, maxQueuedBytes } = this.#owner.limits;
    if (this.#context.overload.isFull && this.#wouldGrow(bytes, goneBytes)) return false;
    return (
      this.#count - this.#inflight - goneMessages < maxQueuedMessages &&
      this.#bytes - goneBytes + bytes <= maxQueuedBytes
    );
  }

  /** Whether a message makes a queue larger that lies in memory; the only one in a queue may always be there. */
  #wouldGrow(bytes: number, goneBytes: number): boolean {
    if (this.#owner.stored && this.#context.persistence.memoryBytes === undefined) return false;
    return this.#count > this.#inflight && bytes > goneBytes;
  }

  withdraw(sequence: number, body: QueuedBody, first: number = this.firstUnsent): boolean {
    if (sequence < first) return false;
    if (this.#openWindow !== undefined && sequence < this.#openWindow.end) {
      const entry = this.#openWindow.get(sequence);
      if (entry?.state !== EntryState.waiting) return false;
      this.#remove(sequence, entry);
      return true;
    }
    this.#openWindow?.withdraw(sequence);
    this.#forget(sequence, body.bytes);
    this.#dequeue(sequence, body);
    return true;
  }

  #remove(sequence: number, entry: OutboxEntry): void {
    const { message } = entry;
    this.window.delete(sequence);
    const hasBytes = this.#owner.stored || entry.state === EntryState.waiting;
    this.#forget(sequence, message !== undefined && hasBytes ? message.bytes : 0);
    if (this.#owner.stored && !entry.cancel()) this.#dequeue(sequence, message);
  }

  #forget(sequence: number, bytes: number): void {
    this.#addCount(-1);
    this.#unread?.take(sequence, false);
    // What was not read is not in the bytes, but who makes room by taking it out has made room.
    this.#bytes = Math.max(0, this.#bytes - bytes);
    this.#watcher?.removed(sequence);
  }

  #addCount(by: number): void {
    this.#count += by;
    if (!this.#isClosed) this.#context.stats.queuedMessages += by;
  }

  #addInflight(by: number): void {
    this.#inflight += by;
    if (!this.#isClosed) this.#context.stats.inflightMessages += by;
  }

  #dequeue(sequence: number, body: QueuedBody | undefined): void {
    const session = this.#owner.number;
    const message = body === undefined ? 0 : body.number;
    this.#context.commits.add({ type: 'dequeue', session, sequence, message }, 0, body?.durability);
  }
}
