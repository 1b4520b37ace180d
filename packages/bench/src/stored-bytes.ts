import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { Level } from 'level';

/** What the store of a broker that has ended holds. */
export interface StoredBytes {
  /** Size of all files, with what is written twice or no longer needed. */
  readonly files: number;
  /** Lengths of all keys and values; only of a LevelDB. */
  readonly live?: number;
  /** Values with room for a whole payload; only of a LevelDB. */
  readonly bodies?: number;
}

/** Looks into the store below a directory, whichever broker left it there. */
export async function storedBytes(directory: string, payloadBytes: number): Promise<StoredBytes> {
  const names = await readdir(directory, { recursive: true });
  let files = 0;
  for (const name of names) {
    const entry = await stat(path.join(directory, name));
    if (entry.isFile()) files += entry.size;
  }
  const database = ['.', ...names].find((name) =>
    existsSync(path.join(directory, name, 'CURRENT')),
  );
  if (database === undefined) return { files };
  return { files, ...(await contents(path.join(directory, database), payloadBytes)) };
}

async function contents(location: string, payloadBytes: number) {
  const options = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;
  const database = new Level<Buffer, Buffer>(location, { ...options, createIfMissing: false });
  let live = 0;
  let bodies = 0;
  try {
    for await (const [key, value] of database.iterator()) {
      live += key.length + value.length;
      if (value.length >= payloadBytes) bodies++;
    }
  } finally {
    await database.close();
  }
  return { live, bodies };
}
