import { type PageName, PlaceChanges } from './place-changes.ts';
import type { PlaceFacts } from './records/journal-record.ts';
import { Prefix } from './records/keys.ts';
import { changePlaces, type Places } from './records/page.ts';

// Each fold writes every page that was changed since the last one, so it waits until it is worth it, ...
const minOperations = 16 * 1024;
const operationsPerPage = 28;
// ... but neither memory nor a start may suffer from it.
const maxBytes = 16 * 1024 * 1024;

/**
 * The journal as far as it is not folded into pages: its changes in memory, and which records it has on disk. While it is
 * folded there are two stretches of it, the older of which changes no more.
 */
export class Journal {
  #oldest = new PlaceChanges();
  #newest: PlaceChanges = this.#oldest;
  /** Records from this one on may be there. */
  first = 1;
  /** The number that the next record has. */
  next = 1;
  /** Records up to this one are in pages, too. */
  folded = 0;
  #foldedThen = 0;

  /** Tells the numbers of the first and the last record that were found; none of them is folded. */
  startAt(first: number, last: number): void {
    this.first = first;
    this.folded = first - 1;
    this.next = last + 1;
  }

  /** Where a reader begins: with all that follows it, now and later, it makes up for what a page does not say. */
  get oldest(): PlaceChanges {
    return this.#oldest;
  }

  get newest(): PlaceChanges {
    return this.#newest;
  }

  /** Adds what a record says that is in the store: from one of its facts to another. */
  add(facts: PlaceFacts, from = 0, end: number = facts.length): void {
    facts.copy(this.#newest, from, end);
  }

  /** Notes how long a record was of which all was added. */
  countRecord(bytes: number): void {
    this.#newest.countRecord(bytes);
  }

  /** Whether it has become long enough to be folded, or longer than it should be. */
  get isDue(): boolean {
    const { operations, pages, bytes } = this.#newest;
    if (bytes >= maxBytes) return true;
    return operations >= minOperations && operations >= operationsPerPage * pages;
  }

  get isEmpty(): boolean {
    return this.#oldest === this.#newest && this.#newest.operations === 0;
  }

  get isFolding(): boolean {
    return this.#oldest !== this.#newest;
  }

  /** What there is now is to be folded; what comes is kept apart from it. */
  beginFold(): void {
    const changes = new PlaceChanges();
    this.#newest.next = changes;
    this.#newest = changes;
    this.#foldedThen = this.next - 1;
  }

  /** All pages are written: who reads them now needs only what came later. */
  endFold(): void {
    this.#oldest = this.#newest;
    this.folded = this.#foldedThen;
  }

  /** Pages of a session's queue that are changed, at most so many. */
  pagesOf(session: number, limit: number): PageName[] {
    const pages = new Set<number>();
    for (const changes of this.#all) {
      for (const page of changes.numbersOf(Prefix.queue, session)) {
        if (pages.size < limit) pages.add(page);
      }
    }
    return Array.from(pages, (page) => ({ prefix: Prefix.queue, session, page }));
  }

  /** Makes of a page what it is to become. */
  change(name: PageName, places: Places): void {
    for (const changes of this.#all) changePlaces(places, changes.get(name) ?? []);
  }

  forgetPage(name: PageName): void {
    for (const changes of this.#all) changes.forgetPage(name);
  }

  forgetSession(session: number): void {
    for (const changes of this.#all) changes.forgetSession(session);
  }

  get #all(): readonly PlaceChanges[] {
    return this.isFolding ? [this.#oldest, this.#newest] : [this.#newest];
  }
}
