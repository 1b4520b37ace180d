import type { Database } from './database.ts';
import { type Entry, pagesOf } from './entry-pages.ts';
import { describeKey } from './quarantine.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import {
  behindNumber,
  identityKey,
  type KeyRange,
  numberAt,
  numbersKey,
  Prefix,
  rangeOf,
  textFrom,
} from './records/keys.ts';
import {
  type NextNumbers,
  readMessage,
  readNumbers,
  readQueueEntry,
  readSession,
  readSubscription,
  readWill,
} from './records/records.ts';
import { References } from './references.ts';
import { kindOf, kinds, minKeyBytes, type StoredKind } from './stored-kinds.ts';

/** What can be wrong with one record. */
export const StoreProblem = {
  /** Its checksum does not match, or it is none of this package. */
  damaged: 'damaged',
  /** It is in a queue, but the message that it refers to is missing or damaged. */
  missingMessage: 'missingMessage',
  /** A message that is in no queue. */
  unreferenced: 'unreferenced',
  /** It belongs to a session that neither exists nor has ended. */
  orphaned: 'orphaned',
  /** A session that has the number of another one. */
  sharedNumber: 'sharedNumber',
  /** The next numbers that are to be given out are lost, or in use already. */
  numbersBehind: 'numbersBehind',
} as const;

export type StoreProblem = (typeof StoreProblem)[keyof typeof StoreProblem];

/** One record with something wrong. */
export interface Finding {
  readonly problem: StoreProblem;
  readonly kind: StoredKind;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly reason: string;
}

const recordsPerReport = 10_000;

/** Reads all of a database once and says what is wrong with it. */
export class Inspection {
  readonly #database: Database;
  readonly #onProgress: (what: string, records: number) => void;
  readonly #reader = new ByteReader();
  readonly #sessions = new Set<number>();
  readonly #ended = new Set<number>();
  /** Messages that sound entries refer to; those that are found are taken out again. */
  readonly #references = new References();
  /** How many records of each kind there are, damaged ones included. */
  readonly counts: Map<StoredKind, number> = new Map();
  /** The highest numbers in use. */
  highestMessage = 0;
  highestSession = 0;

  constructor(database: Database, onProgress: (what: string, records: number) => void = () => {}) {
    this.#database = database;
    this.#onProgress = onProgress;
  }

  /** The findings as they turn up. Records may be removed on the way: what depends on them takes it into account. */
  async *findings(): AsyncGenerator<Finding, void, undefined> {
    // Sessions first: everything else belongs to one. Messages after the queues that refer to them.
    for (const kind of kinds) yield* this.#scan(kind.range, kind.name);
    if (this.#references.size > 0) yield* this.#findMissingMessages();
    yield* this.#checkNumbers();
  }

  async *#scan(range: KeyRange, what: StoredKind): AsyncGenerator<Finding, void, undefined> {
    let records = 0;
    for await (const page of pagesOf(this.#database, range)) {
      for (const entry of page) {
        const finding = this.#check(entry, what);
        if (finding !== undefined) yield finding;
      }
      const before = records;
      records += page.length;
      this.counts.set(what, (this.counts.get(what) ?? 0) + page.length);
      if (Math.floor(records / recordsPerReport) > Math.floor(before / recordsPerReport)) {
        this.#onProgress(what, records);
      }
    }
    if (records > 0) this.#onProgress(what, records);
  }

  #check([key, value]: Entry, kind: StoredKind): Finding | undefined {
    try {
      if (key.length < minKeyBytes(kind)) throw new DamagedRecord('its key is too short');
      return this.#examine(key, value, kind);
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
      return { problem: StoreProblem.damaged, kind, key, value, reason: error.message };
    }
  }

  #examine(key: Buffer, value: Buffer, kind: StoredKind): Finding | undefined {
    switch (kind) {
      case 'session':
        return this.#examineSession(key, value);
      case 'ended':
        this.#reader.open(key, value);
        this.#ended.add(this.#sawSession(numberAt(key, 1)));
        return undefined;
      case 'subscription':
        readSubscription(
          this.#reader.open(key, value),
          numberAt(key, 1),
          textFrom(key, behindNumber),
        );
        return this.#examineOwner(key, value, kind);
      case 'received':
        this.#reader.open(key, value);
        return this.#examineOwner(key, value, kind);
      case 'will':
        // One of a session that ends with its connection has no record of that session.
        readWill(this.#reader.open(key, value), this.#sawSession(numberAt(key, 1)));
        return undefined;
      case 'retained':
        this.#sawMessage(readMessage(this.#reader.open(key, value)).number);
        return undefined;
      case 'queue':
        return this.#examineQueued(key, value);
      case 'message':
        return this.#examineMessage(key, value);
      case 'quarantined':
        return undefined;
      case 'other':
        if (key[0] !== Prefix.meta) throw new DamagedRecord('no record has such a key');
        // These two are looked at by themselves.
        if (key.equals(identityKey) || key.equals(numbersKey)) return undefined;
        this.#reader.open(key, value);
        return undefined;
    }
  }

  #examineSession(key: Buffer, value: Buffer): Finding | undefined {
    const { session } = readSession(this.#reader.open(key, value), textFrom(key, 1));
    if (this.#sessions.has(session)) {
      const reason = `its number ${session} is that of another session`;
      return { problem: StoreProblem.sharedNumber, kind: 'session', key, value, reason };
    }
    this.#sessions.add(this.#sawSession(session));
    return undefined;
  }

  #examineOwner(key: Buffer, value: Buffer, kind: StoredKind): Finding | undefined {
    const session = this.#sawSession(numberAt(key, 1));
    if (this.#sessions.has(session) || this.#ended.has(session)) return undefined;
    const reason = `there is no session ${session}`;
    return { problem: StoreProblem.orphaned, kind, key, value, reason };
  }

  #examineQueued(key: Buffer, value: Buffer): Finding | undefined {
    const { message } = readQueueEntry(this.#reader.open(key, value));
    const orphan = this.#examineOwner(key, value, 'queue');
    if (orphan === undefined && message !== 0) this.#references.add(this.#sawMessage(message));
    return orphan;
  }

  #examineMessage(key: Buffer, value: Buffer): Finding | undefined {
    const number = this.#sawMessage(numberAt(key, 1));
    readMessage(this.#reader.open(key, value));
    if (this.#references.count(number) === 0) {
      const reason = 'no queue refers to it';
      return { problem: StoreProblem.unreferenced, kind: 'message', key, value, reason };
    }
    while (this.#references.count(number) > 0) this.#references.remove(number);
    return undefined;
  }

  async *#findMissingMessages(): AsyncGenerator<Finding, void, undefined> {
    const kind = 'queue';
    for await (const page of pagesOf(this.#database, rangeOf(Prefix.queue))) {
      for (const [key, value] of page) {
        const message = this.#messageOf(key, value);
        if (message === 0 || this.#references.count(message) === 0) continue;
        const reason = `its message ${message} is missing or damaged`;
        yield { problem: StoreProblem.missingMessage, kind, key, value, reason };
      }
    }
  }

  /** 0 where the first pass had something to say already. */
  #messageOf(key: Buffer, value: Buffer): number {
    if (this.#check([key, value], 'queue') !== undefined) return 0;
    const { message } = readQueueEntry(this.#reader.open(key, value));
    // The check has counted it once more.
    this.#references.remove(message);
    return message;
  }

  async *#checkNumbers(): AsyncGenerator<Finding, void, undefined> {
    const key = numbersKey;
    const value = (await this.#database.get(key)) ?? Buffer.alloc(0);
    const isUsed = this.highestMessage > 0 || this.highestSession > 0;
    if (value.length === 0 && !isUsed) return;
    const reason = this.#reasonAgainst(key, value);
    if (reason === undefined) return;
    yield { problem: StoreProblem.numbersBehind, kind: 'other', key, value, reason };
  }

  #reasonAgainst(key: Buffer, value: Buffer): string | undefined {
    if (value.length === 0) return 'the record of the next numbers is missing';
    let next: NextNumbers;
    try {
      next = readNumbers(this.#reader.open(key, value));
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
      return error.message;
    }
    if (next.message <= this.highestMessage) {
      return `the next message is to be ${next.message}, but there is a ${this.highestMessage}`;
    }
    if (next.session <= this.highestSession) {
      return `the next session is to be ${next.session}, but there is a ${this.highestSession}`;
    }
    return undefined;
  }

  #sawMessage(number: number): number {
    this.highestMessage = Math.max(this.highestMessage, number);
    return number;
  }

  #sawSession(number: number): number {
    this.highestSession = Math.max(this.highestSession, number);
    return number;
  }
}

/** What a finding is about, for people. */
export function nameOf({ kind, key }: Finding): string {
  if (key.equals(numbersKey)) return 'next numbers';
  if (kindOf(key) === 'other' || key.length < minKeyBytes(kind)) return key.toString('hex');
  return describeKey(key);
}
