import { open, readdir, readFile, stat, truncate } from 'node:fs/promises';
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

/** LevelDB's tables, with everything moved to one. */
export async function tablesOf(path: string): Promise<string[]> {
  // Opening does that.
  for (let i = 0; i < 2; i++) await withDatabase(path, () => Promise.resolve());
  return filesOf(path, '.ldb');
}

/** Files of a closed store's database whose names end so. */
export async function filesOf(path: string, ending: string): Promise<string[]> {
  const names = await readdir(databasePath(path));
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => join(databasePath(path), name));
}

/** Cuts LevelDB's tables in half. */
export async function cutTables(path: string): Promise<void> {
  for (const table of await tablesOf(path)) {
    await truncate(table, Math.floor((await stat(table)).size / 2));
  }
}

/** Overwrites bytes of a file from a fraction of its length on. */
export async function spoil(path: string, fraction: number, bytes = 16): Promise<void> {
  const { length } = await readFile(path);
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(bytes, 0x5a), 0, bytes, Math.floor(length * fraction));
  await file.close();
}
