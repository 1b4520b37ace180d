import { type ByteReader, DamagedRecord } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type PagePrefix, Prefix } from './keys.ts';
import { heldIdentifier, releasedEntry } from './page.ts';
import { type QueueEntry, readQueueEntry, writeQueueEntry } from './records.ts';

/** What one operation left at one place of a queue, or of the identifiers that are held. */
export interface PlaceFact {
  readonly prefix: PagePrefix;
  readonly session: number;
  /** Sequence or packet identifier. */
  readonly number: number;
  /** null: nothing is there any more. */
  readonly entry: QueueEntry | null;
}

const Code = {
  enqueued: 1,
  /** As the last one that was enqueued: a message for a thousand sessions is described once. */
  enqueuedAlike: 2,
  released: 3,
  dequeued: 4,
  received: 5,
  completed: 6,
} as const;

type PlainCode = Exclude<(typeof Code)[keyof typeof Code], 1 | 2>;

/** Writes records of the journal, one after another, in one buffer. */
export class JournalRecordWriter {
  readonly #writer = new ByteWriter();
  #last: QueueEntry | undefined;

  start(): void {
    this.#writer.start();
    this.#last = undefined;
  }

  enqueued(session: number, sequence: number, entry: QueueEntry): void {
    const isAlike = entry === this.#last;
    const code = isAlike ? Code.enqueuedAlike : Code.enqueued;
    this.#writer.byte(code).integer(session).integer(sequence);
    if (isAlike) return;
    writeQueueEntry(this.#writer, entry);
    this.#last = entry;
  }

  released(session: number, sequence: number): void {
    this.#plain(Code.released, session, sequence);
  }

  dequeued(session: number, sequence: number): void {
    this.#plain(Code.dequeued, session, sequence);
  }

  received(session: number, packetId: number): void {
    this.#plain(Code.received, session, packetId);
  }

  completed(session: number, packetId: number): void {
    this.#plain(Code.completed, session, packetId);
  }

  /** The value for a key, good until the next `start`. */
  seal(key: Buffer): Buffer {
    return this.#writer.seal(key);
  }

  #plain(code: PlainCode, session: number, number: number): void {
    this.#writer.byte(code).integer(session).integer(number);
  }
}

/** Reads all of a record before any of it counts. Throws DamagedRecord. */
export function readJournalRecord(reader: ByteReader): PlaceFact[] {
  const facts: PlaceFact[] = [];
  let last: QueueEntry | undefined;
  while (!reader.atEnd) {
    const code = reader.byte();
    const session = reader.integer();
    const number = reader.integer();
    const isIdentifier = code === Code.received || code === Code.completed;
    if (code === Code.enqueued) last = readQueueEntry(reader);
    facts.push({
      prefix: isIdentifier ? Prefix.received : Prefix.queue,
      session,
      number,
      entry: entryOf(code, last),
    });
  }
  return facts;
}

function entryOf(code: number, last: QueueEntry | undefined): QueueEntry | null {
  switch (code) {
    case Code.enqueued:
    case Code.enqueuedAlike:
      if (last === undefined) break;
      return last;
    case Code.released:
      return releasedEntry;
    case Code.received:
      return heldIdentifier;
    case Code.dequeued:
    case Code.completed:
      return null;
  }
  throw new DamagedRecord(`it holds an unknown operation ${code}`);
}
