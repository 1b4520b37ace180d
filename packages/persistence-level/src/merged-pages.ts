import type { Database } from './database.ts';
import { type DatabaseSnapshot, pagesOf } from './entry-pages.ts';
import { Journal } from './journal.ts';
import type { PageName, PlaceChanges } from './place-changes.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import { readJournalRecord } from './records/journal-record.ts';
import { behindNumber, numberAt, type PagePrefix, Prefix, rangeOf } from './records/keys.ts';
import { changeMessages, changePlaces, type PageMessages, type Places } from './records/page.ts';

type OnDamage = (key: Buffer, value: Buffer, reason: string) => void;

/** Reads what there is of the journal, in order. */
export async function readJournal(
  database: Database,
  onDamage: OnDamage,
  snapshot?: DatabaseSnapshot,
): Promise<Journal> {
  const reader = new ByteReader();
  const found: { first?: number; last: number } = { last: 0 };
  const journal = new Journal();
  for await (const page of pagesOf(database, rangeOf(Prefix.journal), snapshot)) {
    for (const [key, value] of page) {
      try {
        if (key.length < behindNumber) throw new DamagedRecord('its key is too short');
        journal.add(readJournalRecord(reader.open(key, value)));
        journal.countRecord(value.length);
        found.last = numberAt(key, 1);
        found.first ??= found.last;
      } catch (error) {
        if (!(error instanceof DamagedRecord)) throw error;
        onDamage(key, value, error.message);
      }
    }
  }
  journal.startAt(found.first ?? 1, found.last);
  return journal;
}

/** Goes over pages in order and puts the changes of the journal over each; then over those that have no page yet. */
export class PageMerge {
  readonly #changes: PlaceChanges;
  readonly #merged = new Set<Places>();

  constructor(changes: PlaceChanges) {
    this.#changes = changes;
  }

  /** Changes the places that were read of a page, and returns what changed them. */
  over(name: PageName, places: Places): Readonly<Places> | undefined {
    const changes = this.#take(name);
    if (changes !== undefined) changePlaces(places, changes);
    return changes;
  }

  /** The same for a page of which only the messages were read. */
  overMessages(name: PageName, messages: PageMessages): void {
    const changes = this.#take(name);
    if (changes !== undefined) changeMessages(messages, changes);
  }

  /** Pages that were not gone over. */
  *rest(prefix: PagePrefix): IterableIterator<[name: PageName, places: Places]> {
    if (this.#merged.size === this.#changes.pages) return;
    for (const page of this.#changes.pagesOf(prefix)) {
      if (!this.#merged.has(page[1])) yield page;
    }
  }

  #take(name: PageName): Places | undefined {
    const changes = this.#changes.get(name);
    if (changes !== undefined) this.#merged.add(changes);
    return changes;
  }
}

/** How many places hold something. */
export function countLive(places: Readonly<Places>): number {
  let live = 0;
  for (const entry of places) if (entry) live++;
  return live;
}
