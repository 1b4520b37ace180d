import type { Database } from './database.ts';
import { PageFolder, readStoredPages } from './fold-pages.ts';
import { readJournal } from './merged-pages.ts';
import { numberKey, Prefix, quarantineKey } from './records/keys.ts';

const pagesPerStep = 1000;
const recordsPerStep = 10_000;

/**
 * Folds the whole journal of a store that no broker has open. Damaged records of it stay where they are; damaged pages
 * are put aside, and counted. Cut short, it may be begun again.
 */
export async function foldAll(database: Database): Promise<number> {
  const damaged = new Set<string>();
  const journal = await readJournal(database, (key) => damaged.add(key.toString('latin1')));
  let putAside = 0;
  const folder = new PageFolder((batch, { key, value }) => {
    putAside++;
    if (value !== undefined) batch.put(quarantineKey(key), value);
  });
  const names = [...journal.oldest.names()];
  for (let i = 0; i < names.length; i += pagesPerStep) {
    const pages = await readStoredPages(database, names.slice(i, i + pagesPerStep));
    const batch = database.batch();
    folder.fold(batch, pages, journal.oldest);
    await batch.write({ sync: true });
  }
  // The oldest first, as what is left has to be the end of it.
  for (let i = journal.first; i < journal.next; i += recordsPerStep) {
    const batch = database.batch();
    for (let number = i; number < Math.min(i + recordsPerStep, journal.next); number++) {
      const key = numberKey(Prefix.journal, number);
      if (!damaged.has(key.toString('latin1'))) batch.del(key);
    }
    await batch.write({ sync: true });
  }
  return putAside;
}
