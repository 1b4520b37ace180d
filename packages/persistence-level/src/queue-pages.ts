import type { Database } from './database.ts';
import { isRot } from './errors.ts';
import { readStoredPages } from './fold-pages.ts';
import type { PageName } from './place-changes.ts';
import { behindNumber, numberAt, Prefix, pageKey, rangeOfQueue } from './records/keys.ts';

const readAheadBytes = 64 * 1024;
const pagesAtOnce = 32;

/** Some pages of a queue, by key and value, in order. */
export interface QueuePages {
  readonly entries: readonly (readonly [key: Buffer, value: Buffer])[];
  /** The last page that was looked for; Infinity when there are no more. */
  readonly through: number;
}

/**
 * Reads the pages of a queue from one on, about `most` at a time. A block that rotted takes with it the pages that lie in
 * it, of which `onUnreadable` is told, and nothing else.
 */
export async function* readQueuePages(
  database: Database,
  session: number,
  first: number,
  most: number,
  onUnreadable: (key: Buffer, reason: string) => void,
): AsyncGenerator<QueuePages, void, undefined> {
  let next = first;
  const iterator = database.iterator({
    ...rangeOfQueue(session, first),
    highWaterMarkBytes: readAheadBytes,
  });
  try {
    for (;;) {
      const entries = await iterator.nextv(most);
      await findRot(database, session, next, entries);
      const last = entries.at(-1);
      const through = last === undefined ? Infinity : numberAt(last[0], behindNumber);
      yield { entries, through };
      if (last === undefined) return;
      next = through + 1;
    }
  } catch (error) {
    if (!isRot(error)) throw error;
  } finally {
    await iterator.close();
  }
  yield* readOneByOne(database, session, next, onUnreadable);
}

/**
 * LevelDB steps over a block that it cannot read, and says so at the end of a range. A page that is not there, behind one
 * that is, would lie in such a block.
 */
async function findRot(
  database: Database,
  session: number,
  first: number,
  entries: readonly (readonly [key: Buffer, value: Buffer])[],
): Promise<void> {
  const missing: Buffer[] = [];
  let expected = first;
  for (const [key] of entries) {
    const page = numberAt(key, behindNumber);
    if (page !== expected) missing.push(pageKey(Prefix.queue, session, expected));
    expected = page + 1;
  }
  if (missing.length > 0) await database.getMany(missing);
}

async function* readOneByOne(
  database: Database,
  session: number,
  first: number,
  onUnreadable: (key: Buffer, reason: string) => void,
): AsyncGenerator<QueuePages, void, undefined> {
  const range = { ...rangeOfQueue(session, first), reverse: true, limit: 1 };
  const [last] = await database.keys(range).all();
  const end = last === undefined ? first : numberAt(last, behindNumber) + 1;
  for (let from = first; from < end; from += pagesAtOnce) {
    const names: PageName[] = [];
    const through = Math.min(from + pagesAtOnce, end) - 1;
    for (let page = from; page <= through; page++) {
      names.push({ prefix: Prefix.queue, session, page });
    }
    const entries: [Buffer, Buffer][] = [];
    for (const { key, value, damage } of await readStoredPages(database, names)) {
      if (damage !== undefined) onUnreadable(key, damage);
      if (value !== undefined) entries.push([key, value]);
    }
    yield { entries, through };
  }
  yield { entries: [], through: Infinity };
}
