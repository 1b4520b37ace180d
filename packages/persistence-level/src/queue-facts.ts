import type { Operation } from '@sluice/plugin';
import type { Journal } from './journal.ts';
import type { JournalRecordWriter, PlaceFact } from './records/journal-record.ts';
import { numberKey, Prefix } from './records/keys.ts';
import { heldIdentifier, releasedEntry } from './records/page.ts';
import type { QueueEntry } from './records/records.ts';

type Of<Type extends Operation['type']> = Extract<Operation, { type: Type }>;

const noIdentifiers: readonly number[] = Object.freeze([]);

/** What one commit does to queues and to the identifiers that are held: one record of the journal. */
export class QueueFacts {
  readonly #writer: JournalRecordWriter;
  readonly #facts: PlaceFact[] = [];
  #last: Of<'enqueue'> | undefined;
  #lastEntry: QueueEntry | undefined;
  #bytes = 0;

  constructor(writer: JournalRecordWriter) {
    this.#writer = writer;
    writer.start();
  }

  enqueued(operation: Of<'enqueue'>): void {
    const { session, sequence: number } = operation;
    const entry = this.#entryOf(operation);
    this.#writer.enqueued(session, number, entry);
    this.#facts.push({ prefix: Prefix.queue, session, number, entry });
  }

  released(session: number, number: number): void {
    this.#writer.released(session, number);
    this.#facts.push({ prefix: Prefix.queue, session, number, entry: releasedEntry });
  }

  dequeued(session: number, number: number): void {
    this.#writer.dequeued(session, number);
    this.#facts.push({ prefix: Prefix.queue, session, number, entry: null });
  }

  received(session: number, number: number): void {
    this.#writer.received(session, number);
    this.#facts.push({ prefix: Prefix.received, session, number, entry: heldIdentifier });
  }

  completed(session: number, number: number): void {
    this.#writer.completed(session, number);
    this.#facts.push({ prefix: Prefix.received, session, number, entry: null });
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

  /** The record is in the store. */
  settle(journal: Journal): void {
    if (this.isEmpty) return;
    journal.next++;
    journal.add(this.#facts, this.#bytes);
  }

  /** A message for a thousand sessions has one entry, in memory too. */
  #entryOf(operation: Of<'enqueue'>): QueueEntry {
    const last = this.#last;
    this.#last = operation;
    if (this.#lastEntry !== undefined && last !== undefined && isAlike(operation, last)) {
      return this.#lastEntry;
    }
    this.#lastEntry = newEntry(operation);
    return this.#lastEntry;
  }
}

function isAlike(one: Of<'enqueue'>, other: Of<'enqueue'>): boolean {
  return (
    one.message === other.message &&
    one.qos === other.qos &&
    one.retain === other.retain &&
    one.subscriptionIdentifiers === other.subscriptionIdentifiers &&
    one.sharedFilter === other.sharedFilter
  );
}

function newEntry(operation: Of<'enqueue'>): QueueEntry {
  const { message, qos, retain, subscriptionIdentifiers: identifiers, sharedFilter } = operation;
  // It stays in memory for longer than the operation does.
  const subscriptionIdentifiers = identifiers.length === 0 ? noIdentifiers : [...identifiers];
  const entry = { message, qos, retain, released: false, subscriptionIdentifiers };
  return sharedFilter === undefined ? entry : { ...entry, sharedFilter };
}
