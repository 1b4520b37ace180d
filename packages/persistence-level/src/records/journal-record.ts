import { type ByteReader, DamagedRecord } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type PagePrefix, Prefix } from './keys.ts';
import { heldIdentifier, releasedEntry } from './page.ts';
import { type QueueEntry, readQueueEntry, writeQueueEntry } from './records.ts';

/**
 * What operations left at places of queues, or of the identifiers that are held, in order. Columns, since a commit may
 * hold a hundred thousand of them.
 */
export class PlaceFacts {
  readonly #prefixes: PagePrefix[] = [];
  readonly #sessions: number[] = [];
  /** Sequences or packet identifiers. */
  readonly #numbers: number[] = [];
  /** null: nothing is there any more. */
  readonly #entries: (QueueEntry | null)[] = [];

  get length(): number {
    return this.#prefixes.length;
  }

  add(prefix: PagePrefix, session: number, number: number, entry: QueueEntry | null): void {
    this.#prefixes.push(prefix);
    this.#sessions.push(session);
    this.#numbers.push(number);
    this.#entries.push(entry);
  }

  /** Puts those from one index to another into what keeps them. */
  copy(to: PlaceKeeper, from: number, end: number): void {
    for (let i = from; i < end; i++) {
      to.set(
        this.#prefixes[i] as PagePrefix,
        this.#sessions[i] as number,
        this.#numbers[i] as number,
        this.#entries[i] as QueueEntry | null,
      );
    }
  }
}

/** Keeps what is at a place. */
export interface PlaceKeeper {
  set(prefix: PagePrefix, session: number, number: number, entry: QueueEntry | null): void;
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
    this.#writer.triple(code, session, sequence);
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
    this.#writer.triple(code, session, number);
  }
}

/** Reads all of a record before any of it counts. Throws DamagedRecord. */
export function readJournalRecord(reader: ByteReader): PlaceFacts {
  const facts = new PlaceFacts();
  let last: QueueEntry | undefined;
  while (!reader.atEnd) {
    const code = reader.byte();
    const session = reader.integer();
    const number = reader.integer();
    const isIdentifier = code === Code.received || code === Code.completed;
    if (code === Code.enqueued) last = readQueueEntry(reader);
    const prefix = isIdentifier ? Prefix.received : Prefix.queue;
    facts.add(prefix, session, number, entryOf(code, last));
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
