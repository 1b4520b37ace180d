import type { Database } from './database.ts';
import { pagesOf } from './entry-pages.ts';
import { type Finding, StoreProblem } from './finding.ts';
import { countLive, PageMerge } from './merged-pages.ts';
import { type PageName, PlaceChanges } from './place-changes.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import { readJournalRecord } from './records/journal-record.ts';
import {
  behindNumber,
  identityKey,
  type KeyRange,
  numberAt,
  numbersKey,
  type PagePrefix,
  Prefix,
  pageKey,
  rangeOf,
  textFrom,
} from './records/keys.ts';
import { type Places, readPage } from './records/page.ts';
import {
  type NextNumbers,
  readMessage,
  readNumbers,
  readSession,
  readSubscription,
  readWill,
} from './records/records.ts';
import { References } from './references.ts';
import { kinds, minKeyBytes, type StoredKind } from './stored-kinds.ts';

type PageOfKind = 'queue' | 'received';

const prefixOf: Readonly<Record<PageOfKind, PagePrefix>> = {
  queue: Prefix.queue,
  received: Prefix.received,
};
const noValue: Buffer = Buffer.alloc(0);
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
  readonly #changes = new PlaceChanges();
  #merge = new PageMerge(this.#changes);
  /** How many records of each kind there are, damaged ones included; of pages, what is in them. */
  readonly counts: Map<StoredKind, number> = new Map();
  /** How much the record that was checked last counts for. */
  #live = 1;
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
      const before = records;
      for (const [key, value] of page) {
        const findings = this.#check(key, value, what);
        records += this.#live;
        yield* findings;
      }
      if (Math.floor(records / recordsPerReport) > Math.floor(before / recordsPerReport)) {
        this.#onProgress(what, records);
      }
    }
    if (what === 'queue' || what === 'received') {
      for (const [name, places] of this.#merge.rest(prefixOf[what])) {
        const findings = this.#examinePlaces(what, name, noValue, places, places);
        records += this.#live;
        yield* findings;
      }
    }
    if (records === 0) return;
    this.counts.set(what, (this.counts.get(what) ?? 0) + records);
    this.#onProgress(what, records);
  }

  #check(key: Buffer, value: Buffer, kind: StoredKind): readonly Finding[] {
    this.#live = 1;
    try {
      if (key.length < minKeyBytes(kind)) throw new DamagedRecord('its key is too short');
      if (kind === 'queue' || kind === 'received') return this.#examinePage(key, value, kind);
      const finding = this.#examine(key, value, kind);
      return finding === undefined ? [] : [finding];
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
      return [{ problem: StoreProblem.damaged, kind, key, value, reason: error.message }];
    }
  }

  #examinePage(key: Buffer, value: Buffer, kind: PageOfKind): readonly Finding[] {
    const prefix = prefixOf[kind];
    const name = { prefix, session: numberAt(key, 1), page: numberAt(key, behindNumber) };
    const places = readPage(this.#reader.open(key, value), prefix);
    const changes = this.#merge.over(name, places);
    return this.#examinePlaces(kind, name, value, places, changes);
  }

  /** What the journal says of a session that was swept is no problem: nobody will see it again. */
  #examinePlaces(
    kind: PageOfKind,
    { prefix, session, page }: PageName,
    value: Buffer,
    places: Readonly<Places>,
    changes: Readonly<Places> | undefined,
  ): readonly Finding[] {
    this.#sawSession(session);
    if (this.#sessions.has(session) || this.#ended.has(session)) {
      this.#live = countLive(places);
      for (const entry of places) this.#refer(entry);
      return [];
    }
    const reason = `there is no session ${session}`;
    const key = pageKey(prefix, session, page);
    const findings: Finding[] = [];
    places.forEach((entry, place) => {
      // A start takes the message along with what the journal still says of it.
      if (changes?.[place]) this.#refer(entry);
      else if (entry)
        findings.push({ problem: StoreProblem.orphaned, kind, key, value, place, reason });
    });
    this.#live = findings.length;
    return findings;
  }

  #refer(entry: Places[number]): void {
    if (entry && entry.message !== 0) this.#references.add(this.#sawMessage(entry.message));
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
      case 'journal':
        this.#examineJournal(key, value);
        return undefined;
      case 'will':
        // One of a session that ends with its connection has no record of that session.
        readWill(this.#reader.open(key, value), this.#sawSession(numberAt(key, 1)));
        return undefined;
      case 'retained':
        this.#sawMessage(readMessage(this.#reader.open(key, value)).number);
        return undefined;
      case 'message':
        return this.#examineMessage(key, value);
      case 'queue':
      case 'received':
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

  #examineJournal(key: Buffer, value: Buffer): void {
    const facts = readJournalRecord(this.#reader.open(key, value));
    facts.copy(this.#changes, 0, facts.length);
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
    this.#merge = new PageMerge(this.#changes);
    for await (const page of pagesOf(this.#database, rangeOf(Prefix.queue))) {
      for (const [key, value] of page) yield* this.#missingIn(key, value);
    }
    for (const [{ session, page }, places] of this.#merge.rest(Prefix.queue)) {
      yield* this.#missingOf(pageKey(Prefix.queue, session, page), noValue, places);
    }
  }

  /** Nothing where the first pass had something to say already. */
  #missingIn(key: Buffer, value: Buffer): readonly Finding[] {
    try {
      if (key.length < minKeyBytes('queue')) return [];
      const places = readPage(this.#reader.open(key, value), Prefix.queue);
      const [session, page] = [numberAt(key, 1), numberAt(key, behindNumber)];
      this.#merge.over({ prefix: Prefix.queue, session, page }, places);
      return this.#missingOf(key, value, places);
    } catch (error) {
      if (error instanceof DamagedRecord) return [];
      throw error;
    }
  }

  #missingOf(key: Buffer, value: Buffer, places: Readonly<Places>): readonly Finding[] {
    const session = numberAt(key, 1);
    const findings: Finding[] = [];
    // While one that ended is swept, the journal still names what is gone already.
    if (!this.#sessions.has(session)) return findings;
    places.forEach((entry, place) => {
      if (!entry || this.#references.count(entry.message) === 0) return;
      const problem = StoreProblem.missingMessage;
      const reason = `its message ${entry.message} is missing or damaged`;
      findings.push({ problem, kind: 'queue', key, value, place, reason });
    });
    return findings;
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
