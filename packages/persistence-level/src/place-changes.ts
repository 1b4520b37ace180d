import { type PagePrefix, Prefix } from './records/keys.ts';
import { type Places, pageOf, placesPerPage } from './records/page.ts';
import type { QueueEntry } from './records/records.ts';

/** Which page of which session. */
export interface PageName {
  readonly prefix: PagePrefix;
  readonly session: number;
  readonly page: number;
}

const bytesPerPage = 350;
const bytesPerEntry = 100;

/**
 * Changed pages of one session by their numbers. Most sessions have one or two of them: the one that was used last is
 * at hand, and a Map, which takes as much as the page itself, is made for the second one.
 */
class PageTable {
  #number: number;
  #places: Places;
  #all: Map<number, Places> | undefined;

  constructor(number: number, places: Places) {
    this.#number = number;
    this.#places = places;
  }

  get(number: number): Places | undefined {
    if (number === this.#number) return this.#places;
    const places = this.#all?.get(number);
    if (places !== undefined) {
      this.#number = number;
      this.#places = places;
    }
    return places;
  }

  add(number: number, places: Places): void {
    this.#all ??= new Map([[this.#number, this.#places]]);
    this.#all.set(number, places);
    this.#number = number;
    this.#places = places;
  }

  remove(number: number): void {
    this.#all ??= new Map([[this.#number, this.#places]]);
    this.#all.delete(number);
    if (number === this.#number) this.#number = -1;
  }

  numbers(): Iterable<number> {
    return this.#all?.keys() ?? [this.#number];
  }

  pages(): Iterable<readonly [number: number, places: Places]> {
    return this.#all?.entries() ?? [[this.#number, this.#places]];
  }
}

class SessionChanges {
  queue: PageTable | undefined;
  received: PageTable | undefined;

  table(prefix: PagePrefix): PageTable | undefined {
    return prefix === Prefix.queue ? this.queue : this.received;
  }

  begin(prefix: PagePrefix, table: PageTable): void {
    if (prefix === Prefix.queue) this.queue = table;
    else this.received = table;
  }
}

/**
 * What the records of a stretch of the journal change in pages: for each place what was there last. Nothing is known
 * of places that they do not name, so no page has to be read for a commit.
 */
export class PlaceChanges {
  readonly #sessions = new Map<number, SessionChanges>();
  #lastEntry: QueueEntry | null = null;
  #entries = 0;
  #journalBytes = 0;
  operations = 0;
  pages = 0;
  /** Changes that came later. */
  next: PlaceChanges | undefined;

  /** About how much memory it takes. */
  get bytes(): number {
    return this.pages * bytesPerPage + this.#entries * bytesPerEntry + this.#journalBytes;
  }

  set(prefix: PagePrefix, session: number, number: number, entry: QueueEntry | null): void {
    this.operations++;
    if (entry !== this.#lastEntry && entry !== null) {
      this.#lastEntry = entry;
      this.#entries++;
    }
    let changes = this.#sessions.get(session);
    if (changes === undefined) {
      changes = new SessionChanges();
      this.#sessions.set(session, changes);
    }
    const page = pageOf(number);
    const table = changes.table(prefix);
    let places = table?.get(page);
    if (places === undefined) {
      places = [];
      this.pages++;
      if (table === undefined) changes.begin(prefix, new PageTable(page, places));
      else table.add(page, places);
    }
    places[number % placesPerPage] = entry;
  }

  /** Notes how long the record was that they came from. */
  countRecord(bytes: number): void {
    this.#journalBytes += bytes;
  }

  get({ prefix, session, page }: PageName): Places | undefined {
    return this.#sessions.get(session)?.table(prefix)?.get(page);
  }

  /**
   * Whether nothing of a page that is on disk counts any more: its first place was taken, and sequences only grow. Where
   * they begin anew, after a start, nothing was left of the queue.
   */
  hasBegun(name: PageName): boolean {
    const first = this.get(name)?.[0];
    return name.prefix === Prefix.queue && !!first && !first.released;
  }

  numbersOf(prefix: PagePrefix, session: number): Iterable<number> {
    return this.#sessions.get(session)?.table(prefix)?.numbers() ?? [];
  }

  *pagesOf(prefix: PagePrefix): IterableIterator<[name: PageName, places: Places]> {
    for (const [session, changes] of this.#sessions) {
      const table = changes.table(prefix);
      if (table === undefined) continue;
      for (const [page, places] of table.pages()) yield [{ prefix, session, page }, places];
    }
  }

  /** Pages and sessions may be forgotten on the way. */
  *names(): IterableIterator<PageName> {
    for (const [session, changes] of this.#sessions) {
      for (const prefix of [Prefix.queue, Prefix.received] as const) {
        for (const page of changes.table(prefix)?.numbers() ?? []) yield { prefix, session, page };
      }
    }
  }

  forgetPage({ prefix, session, page }: PageName): void {
    this.#sessions.get(session)?.table(prefix)?.remove(page);
  }

  forgetSession(session: number): void {
    this.#sessions.delete(session);
  }
}
