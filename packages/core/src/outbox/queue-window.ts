import { ReasonCode } from '@sluice/packet';
import type { QueuedMessage } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import { OutboxEntry } from './outbox-entry.ts';
import { SequenceRing } from './sequence-ring.ts';
import type { Sink } from './sink.ts';

// Who returns waits for the first message: sixteen bodies from a cold disk take milliseconds, a window tens of them.
const firstReadMessages = 16;
const readGrowth = 4;

/** The outbox, as its window sees it. */
interface WindowOwner {
  /** Number of the session. */
  readonly number: number;
  readonly sink: Sink | undefined;
  pump(): void;
}

/**
 * The part of a session's queue that lies in memory. What a stored session queues while it is offline, or more
 * than a window behind, lies on disk only, and is read again: a few messages first, then a window at a time.
 *
 *     first            end             next sequence
 *       |   in memory   |  only on disk  |
 */
export class QueueWindow {
  readonly #owner: WindowOwner;
  readonly #context: Context;
  readonly #ring: SequenceRing<OutboxEntry> = new SequenceRing();
  #end: number;
  /** The read that is under way; a new object for each, so that a late one is recognized. */
  #reading: object | undefined;
  #readMessages = firstReadMessages;
  /** What was enqueued since the read began, as long as it fits into a window. */
  #sinceRead: OutboxEntry[] | undefined;
  /** What was taken out since the read began, and may still be in what is read. */
  #withdrawn: Set<number> | undefined;

  /** Begins at a sequence, with nothing in memory. */
  constructor(owner: WindowOwner, context: Context, first: number) {
    this.#owner = owner;
    this.#context = context;
    this.#end = first;
    this.#ring.reset(first);
  }

  /** Lowest sequence in memory. */
  get first(): number {
    return this.#ring.first;
  }

  /** Sequence behind the last one in memory; more may follow on disk. */
  get end(): number {
    return this.#end;
  }

  /** Entries in memory. */
  get size(): number {
    return this.#ring.size;
  }

  get(sequence: number): OutboxEntry | undefined {
    return this.#ring.get(sequence);
  }

  /** Takes a new entry of a session whose queue is nowhere else. */
  add(sequence: number, entry: OutboxEntry): void {
    this.#ring.set(sequence, entry);
    this.#end = sequence + 1;
  }

  /** Takes a connected session's new entry, which is on its way to disk as well, if it is near; false otherwise. */
  keep(entry: OutboxEntry, cursor: number): boolean {
    const { windowMessages } = this.#context.limits;
    if (this.#end === entry.sequence) {
      if (entry.sequence - cursor >= windowMessages) return false;
      this.add(entry.sequence, entry);
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

  delete(sequence: number): void {
    this.#ring.delete(sequence);
  }

  /** Something that is not in the window was taken out. */
  withdraw(sequence: number): void {
    if (this.#reading === undefined) return;
    this.#withdrawn ??= new Set();
    this.#withdrawn.add(sequence);
  }

  /** Ends its use, as all of it is on disk. Returns where the queue begins. */
  drop(): number {
    const oldest = this.#ring.size > 0 ? this.#ring.first : this.#end;
    this.#reading = undefined;
    this.#sinceRead = undefined;
    this.#withdrawn = undefined;
    return oldest;
  }

  /**
   * Reads on, once all that there is below `upTo` is committed. `onRead` is told of each entry; `onEnd` is called when
   * no more lies on disk, with what was taken out above that meanwhile.
   */
  read(
    upTo: number,
    onRead: (entry: OutboxEntry) => void,
    onEnd: (withdrawn: number) => void,
  ): void {
    if (this.#reading !== undefined) return;
    const reading = {};
    this.#reading = reading;
    this.#sinceRead = [];
    const { commits, queueReads, limits } = this.#context;
    const limit = Math.min(this.#readMessages, limits.windowMessages);
    this.#readMessages = limit * readGrowth;
    commits.wait({
      onCommitted: (failure) => {
        if (failure !== undefined || this.#reading !== reading) return;
        queueReads.read(this.#owner.number, this.#end - 1, limit).then(
          (records) => {
            if (this.#reading !== reading) return;
            this.#loaded(records, records.length < limit, upTo, onRead, onEnd);
          },
          (error) => this.#failed(error, reading),
        );
      },
    });
  }

  [Symbol.iterator](): IterableIterator<OutboxEntry> {
    return this.from(this.#ring.first);
  }

  /** Entries in memory from a sequence on, in order. */
  from(sequence: number): IterableIterator<OutboxEntry> {
    return this.#ring.from(sequence);
  }

  /** Sequence of the first entry in memory from this one on; `end` where there is none. */
  next(sequence: number): number {
    const next = this.#ring.next(sequence);
    return next < this.#ring.end ? next : this.#end;
  }

  #loaded(
    records: readonly QueuedMessage[],
    isEnd: boolean,
    upTo: number,
    onRead: (entry: OutboxEntry) => void,
    onEnd: (withdrawn: number) => void,
  ): void {
    this.#reading = undefined;
    const since = this.#sinceRead;
    this.#sinceRead = undefined;
    const withdrawn = this.#withdrawn;
    this.#withdrawn = undefined;
    let isAtEnd = isEnd;
    for (const record of records) {
      // Committed since the read was asked for: it is in `since`, or will be read again.
      isAtEnd ||= record.sequence >= upTo;
      if (record.sequence < upTo && withdrawn?.has(record.sequence) !== true) {
        const entry = OutboxEntry.restored(record);
        this.add(record.sequence, entry);
        onRead(entry);
      }
    }
    if (isAtEnd) {
      this.#end = upTo;
      onEnd(countFrom(withdrawn, upTo));
      for (const entry of since ?? []) {
        if (withdrawn?.has(entry.sequence) !== true) this.add(entry.sequence, entry);
      }
    }
    this.#owner.pump();
  }

  #failed(error: Error, reading: object): void {
    this.#context.reportError(error);
    if (this.#reading !== reading) return;
    this.#owner.sink?.close(ReasonCode.unspecifiedError, 'the queue cannot be read');
  }
}

function countFrom(sequences: ReadonlySet<number> | undefined, first: number): number {
  let count = 0;
  for (const sequence of sequences ?? []) if (sequence >= first) count++;
  return count;
}
