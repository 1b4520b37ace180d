import { join } from 'node:path';
import { Level } from 'level';

/** The database below a store's path. */
export function databasePath(path: string): string {
  return join(path, 'store');
}

/** Opens the database of a closed store to look at its keys, or to damage them. */
export async function withDatabase<Result>(
  path: string,
  use: (database: Level<Buffer, Buffer>) => Promise<Result>,
): Promise<Result> {
  const database = new Level<Buffer, Buffer>(databasePath(path), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  await database.open();
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

/** Keys by their prefix. */
export function keysOf(path: string, prefix: string): Promise<Buffer[]> {
  return withDatabase(path, async (database) => {
    const keys = await database.keys().all();
    return keys.filter((key) => key[0] === prefix.charCodeAt(0));
  });
}

/** Flips one bit of the value of each key with a prefix, at an offset from its end. */
export async function damageRecords(path: string, prefix: string): Promise<void> {
  await withDatabase(path, async (database) => {
    for (const [key, value] of await database.iterator().all()) {
      if (key[0] !== prefix.charCodeAt(0)) continue;
      const last = value.length - 1;
      value[last] = (value[last] ?? 0) ^ 4;
      await database.put(key, value);
    }
  });
}
