import type { Operation } from '@sluice/plugin';
import type { Journal } from './journal.ts';
import { type JournalRecordWriter, PlaceFacts } from './records/journal-record.ts';
import { numberKey, Prefix } from './records/keys.ts';
import { heldIdentifier, releasedEntry } from './records/page.ts';
import type { QueueEntry } from './records/records.ts';

/** What is the same for all places that one operation names. */
type Enqueued = Pick<
  Extract<Operation, { type: 'enqueue' }>,
  'message' | 'qos' | 'retain' | 'subscriptionIdentifiers' | 'sharedFilter'
>;

const noIdentifiers: readonly number[] = Object.freeze([]);

/** What one commit does to queues and to the identifiers that are held: one record of the journal. */
export class QueueFacts {
  readonly #writer: JournalRecordWriter;
  readonly #facts = new PlaceFacts();
  #settled = 0;
  #last: Enqueued | undefined;
  #lastEntry: QueueEntry | undefined;
  #bytes = 0;

  constructor(writer: JournalRecordWriter) {
    this.#writer = writer;
    writer.start();
  }

  enqueued(session: number, number: number, operation: Enqueued): void {
    const entry = this.#entryOf(operation);
    this.#writer.enqueued(session, number, entry);
    this.#facts.add(Prefix.queue, session, number, entry);
  }

  released(session: number, number: number): void {
    this.#writer.released(session, number);
    this.#facts.add(Prefix.queue, session, number, releasedEntry);
  }

  dequeued(session: number, number: number): void {
    this.#writer.dequeued(session, number);
    this.#facts.add(Prefix.queue, session, number, null);
  }

  received(session: number, number: number): void {
    this.#writer.received(session, number);
    this.#facts.add(Prefix.received, session, number, heldIdentifier);
  }

  completed(session: number, number: number): void {
    this.#writer.completed(session, number);
    this.#facts.add(Prefix.received, session, number, null);
  }

  get isEmpty(): boolean {
    return this.#facts.length === 0;
  }

  /** Puts the record under the journal's next number. */
  put(batch: { put(key: Buffer, value: Buffer): unknown }, journal: Journal): void {
    const key = numberKey(Prefix.journal, journal.next);
    const value = this.#writer.seal(key);
    this.#bytes = value.length;
    batch.put(key, value);
  }

  /** The record is in the store: the journal takes so many more of its facts. True when it has them all. */
  settle(journal: Journal, most: number): boolean {
    const { length } = this.#facts;
    if (length === 0) return true;
    const end = Math.min(length, this.#settled + most);
    journal.add(this.#facts, this.#settled, end);
    this.#settled = end;
    if (end < length) return false;
    // Not before: a fold that begins meanwhile must leave the record where it is.
    journal.next++;
    journal.countRecord(this.#bytes);
    return true;
  }

  /** A message for a thousand sessions has one entry, in memory too. */
  #entryOf(operation: Enqueued): QueueEntry {
    const last = this.#last;
    this.#last = operation;
    if (this.#lastEntry !== undefined && last !== undefined) {
      if (operation === last || isAlike(operation, last)) return this.#lastEntry;
    }
    this.#lastEntry = newEntry(operation);
    return this.#lastEntry;
  }
}

function isAlike(one: Enqueued, other: Enqueued): boolean {
  return (
    one.message === other.message &&
    one.qos === other.qos &&
    one.retain === other.retain &&
    one.subscriptionIdentifiers === other.subscriptionIdentifiers &&
    one.sharedFilter === other.sharedFilter
  );
}

function newEntry(operation: Enqueued): QueueEntry {
  const { message, qos, retain, subscriptionIdentifiers: identifiers, sharedFilter } = operation;
  // It stays in memory for longer than the operation does.
  const subscriptionIdentifiers = identifiers.length === 0 ? noIdentifiers : [...identifiers];
  const entry = { message, qos, retain, released: false, subscriptionIdentifiers };
  return sharedFilter === undefined ? entry : { ...entry, sharedFilter };
}
