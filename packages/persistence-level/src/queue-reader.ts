import type { Message, QueuedMessage } from '@sluice/plugin';
import type { Database } from './database.ts';
import type { EndedSessions } from './ended-sessions.ts';
import { isRot } from './errors.ts';
import type { Journal } from './journal.ts';
import type { PlaceChanges } from './place-changes.ts';
import type { Quarantine } from './quarantine.ts';
import { readQueuePages } from './queue-pages.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import { behindNumber, numberAt, numberKey, Prefix } from './records/keys.ts';
import { changePlaces, type Places, pageOf, placesPerPage, readPage } from './records/page.ts';
import { type QueueEntry, readMessage } from './records/records.ts';

/** An entry of a queue whose message is missing or damaged. */
export interface LostEntry {
  readonly session: number;
  readonly sequence: number;
}

interface Reference {
  readonly sequence: number;
  readonly entry: QueueEntry;
}

interface Window {
  readonly messages: readonly QueuedMessage[];
  /** Where there may be more. */
  readonly last: number | undefined;
}

/** Pages of one queue as they were on disk when a read began. */
interface StoredPages {
  readonly places: ReadonlyMap<number, Readonly<Places>>;
  /** The last one that was read; Infinity when there are no more. */
  readonly through: number;
}

/**
 * Reads windows of queues: pages as of the moment when the read begins, and over them all changes of the journal since
 * then, as of the moment when the pages are there. What is damaged is left out.
 */
export class QueueReader {
  readonly #database: Database;
  readonly #journal: Journal;
  readonly #quarantine: Quarantine;
  readonly #ended: EndedSessions;
  readonly #settled: () => Promise<void>;
  readonly #reader = new ByteReader();
  /** Entries that were left out and reported, and are to be removed. */
  lost: LostEntry[] = [];
  readonly #reported = new Set<string>();

  /** `settled` settles when commits are that were under way. */
  constructor(
    database: Database,
    journal: Journal,
    quarantine: Quarantine,
    ended: EndedSessions,
    settled: () => Promise<void>,
  ) {
    this.#database = database;
    this.#journal = journal;
    this.#quarantine = quarantine;
    this.#ended = ended;
    this.#settled = settled;
  }

  async read(session: number, after: number, limit: number): Promise<readonly QueuedMessage[]> {
    let found = await this.#window(session, after, limit);
    // What is left out must not make the window look like the last one.
    while (found.messages.length < limit && found.last !== undefined) {
      const more = await this.#window(session, found.last, limit - found.messages.length);
      found = { messages: [...found.messages, ...more.messages], last: more.last };
    }
    return found.messages;
  }

  async #window(session: number, after: number, limit: number): Promise<Window> {
    if (limit <= 0) return { messages: [], last: undefined };
    // Kept until the end: a fold that ends meanwhile does not take away what these pages do not have yet.
    const changes = this.#journal.oldest;
    const references = await this.#references(changes, session, after, limit);
    const messages = await this.#resolve(changes, session, references);
    const last = references.length === limit ? references.at(-1)?.sequence : undefined;
    return { messages, last };
  }

  async #references(
    changes: PlaceChanges,
    session: number,
    after: number,
    limit: number,
  ): Promise<Reference[]> {
    const places = new Map<number, Places>();
    const read = readQueuePages(
      this.#database,
      session,
      pageOf(after + 1),
      2 + Math.ceil(limit / placesPerPage),
      (key, reason) => this.#quarantine.reportUnreadable(key, reason),
    );
    let found: Reference[] = [];
    for await (const { entries, through } of read) {
      for (const [key, value] of entries) {
        const stored = this.#placesOf(key, value);
        if (stored !== undefined) places.set(numberAt(key, behindNumber), stored);
      }
      found = merged({ places, through }, changes, session, after, limit);
      if (found.length === limit) break;
    }
    return found;
  }

  #placesOf(key: Buffer, value: Buffer): Places | undefined {
    try {
      return readPage(this.#reader.open(key, value), Prefix.queue);
    } catch (error) {
      this.#putAside(key, value, error);
      return undefined;
    }
  }

  async #resolve(
    changes: PlaceChanges,
    session: number,
    references: readonly Reference[],
  ): Promise<QueuedMessage[]> {
    const keys: Buffer[] = [];
    for (const { entry } of references) {
      if (!entry.released) keys.push(numberKey(Prefix.message, entry.message));
    }
    // getSync takes half the time while all is cached, but stops everybody for each read from a cold disk.
    const bodies = await this.#bodies(keys);
    const found: QueuedMessage[] = [];
    let next = 0;
    let isSettled = false;
    for (const { sequence, entry } of references) {
      if (entry.released) {
        found.push(queued(sequence, entry, undefined));
        continue;
      }
      const message = this.#message(keys[next] as Buffer, bodies[next]);
      next++;
      if (message !== undefined) {
        found.push(queued(sequence, entry, message));
        continue;
      }
      // A commit may have removed it since, and may be in the store before it is known to be.
      if (!isSettled) await this.#settled();
      isSettled = true;
      const now = latest(changes, session, sequence);
      if (now === null) continue;
      if (now?.released) found.push(queued(sequence, now, undefined));
      else this.#lose(session, sequence, entry.message);
    }
    return found;
  }

  /** A block that rotted takes with it what lies in it, and nothing else. */
  async #bodies(keys: Buffer[]): Promise<(Buffer | undefined)[]> {
    if (keys.length === 0) return [];
    try {
      return await this.#database.getMany(keys);
    } catch (error) {
      if (!isRot(error)) throw error;
    }
    const bodies: (Buffer | undefined)[] = [];
    for (const key of keys) {
      const body = await this.#database.get(key).catch((error: unknown) => {
        if (!isRot(error)) throw error;
        return undefined;
      });
      bodies.push(body);
    }
    return bodies;
  }

  #lose(session: number, sequence: number, message: number): void {
    // It ended since the read began, and is swept.
    if (this.#ended.has(session)) return;
    const name = `${session}/${sequence}`;
    if (this.#reported.has(name)) return;
    this.#reported.add(name);
    const reason = `its message ${message} is missing or damaged`;
    this.#quarantine.reportEntry(session, sequence, reason);
    this.lost.push({ session, sequence });
  }

  #message(key: Buffer, value: Buffer | undefined): Message | undefined {
    if (value === undefined) return undefined;
    try {
      return readMessage(this.#reader.open(key, value));
    } catch (error) {
      this.#putAside(key, value, error);
      return undefined;
    }
  }

  #putAside(key: Buffer, value: Buffer, error: unknown): void {
    if (!(error instanceof DamagedRecord)) throw error;
    this.#quarantine.add(key, value, error.message);
  }
}

/** Without a spread of the entry: V8 keeps what that makes for several collections, megabytes of garbage for each. */
function queued(sequence: number, entry: QueueEntry, message: Message | undefined): QueuedMessage {
  const { qos, retain, released, subscriptionIdentifiers, sharedFilter } = entry;
  const record = { sequence, message, qos, retain, released, subscriptionIdentifiers };
  return sharedFilter === undefined ? record : { ...record, sharedFilter };
}

/** The first entries of a queue behind a sequence, of pages that were read and of all changes there are now. */
function merged(
  stored: StoredPages,
  changes: PlaceChanges,
  session: number,
  after: number,
  limit: number,
): Reference[] {
  const found: Reference[] = [];
  for (const page of pagesToMerge(stored, changes, session, pageOf(after + 1))) {
    const places = [...(stored.places.get(page) ?? [])];
    const name = { prefix: Prefix.queue, session, page };
    for (let each: PlaceChanges | undefined = changes; each !== undefined; each = each.next) {
      const changed = each.get(name);
      if (changed !== undefined) changePlaces(places, changed);
    }
    const first = page * placesPerPage;
    for (let place = 0; place < places.length; place++) {
      const entry = places[place];
      if (!entry || first + place <= after) continue;
      found.push({ sequence: first + place, entry });
      if (found.length === limit) return found;
    }
  }
  return found;
}

function pagesToMerge(
  { places, through }: StoredPages,
  changes: PlaceChanges,
  session: number,
  from: number,
): number[] {
  const pages = new Set(places.keys());
  for (let each: PlaceChanges | undefined = changes; each !== undefined; each = each.next) {
    for (const page of each.numbersOf(Prefix.queue, session)) {
      if (page >= from && page <= through) pages.add(page);
    }
  }
  return [...pages].sort((one, other) => one - other);
}

/** What the changes say of an entry now; undefined when they leave it as it was. */
function latest(
  changes: PlaceChanges,
  session: number,
  sequence: number,
): QueueEntry | null | undefined {
  const name = { prefix: Prefix.queue, session, page: pageOf(sequence) };
  let found: QueueEntry | null | undefined;
  for (let each: PlaceChanges | undefined = changes; each !== undefined; each = each.next) {
    const change = each.get(name)?.[sequence % placesPerPage];
    if (change !== undefined) found = change;
  }
  return found;
}
