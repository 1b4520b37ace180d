import type { Database } from './database.ts';
import type { KeyRange } from './records/keys.ts';

export type Entry = readonly [key: Buffer, value: Buffer];
export type DatabaseSnapshot = ReturnType<Database['snapshot']>;

// A page is what one turn of the event loop has to deal with: about half a millisecond of work.
const entriesPerPage = 250;
const bytesPerPage = 128 * 1024;

/** Entries in key order, a page at a time, so that a whole store can be read beside other work. */
export async function* pagesOf(
  database: Database,
  range: Partial<KeyRange>,
  snapshot?: DatabaseSnapshot,
): AsyncGenerator<readonly Entry[], void, undefined> {
  const iterator = database.iterator({
    ...range,
    highWaterMarkBytes: bytesPerPage,
    fillCache: false,
    ...(snapshot !== undefined && { snapshot }),
  });
  try {
    for (;;) {
      const entries = await iterator.nextv(entriesPerPage);
      if (entries.length === 0) return;
      yield entries;
    }
  } finally {
    await iterator.close();
  }
}
