import type { KeyRange } from './keys.ts';
import type { Database } from './store.ts';

// Measured: batches of this size with this much read ahead iterate 1 M entries in half the time of `for await`.
const entriesPerRead = 1000;
const readAheadBytes = 256 * 1024;

/** Visits all entries of a range in order. */
export async function scanEntries(
  database: Database,
  range: KeyRange,
  visit: (key: Buffer, value: Buffer) => void,
): Promise<void> {
  const iterator = database.iterator({ ...range, highWaterMarkBytes: readAheadBytes });
  try {
    for (;;) {
      const entries = await iterator.nextv(entriesPerRead);
      if (entries.length === 0) return;
      for (const [key, value] of entries) visit(key, value);
    }
  } finally {
    await iterator.close();
  }
}
