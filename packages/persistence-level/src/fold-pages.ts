import type { Database } from './database.ts';
import { isRot, unreadable } from './errors.ts';
import type { PageName, PlaceChanges } from './place-changes.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import { ByteWriter } from './records/byte-writer.ts';
import { pageKey } from './records/keys.ts';
import { changePlaces, type Places, readPage, writePage } from './records/page.ts';

type ChainedBatch = ReturnType<Database['batch']>;

/** A page as it is on disk, to be read and to be written anew. */
export interface StoredPage {
  readonly name: PageName;
  readonly key: Buffer;
  readonly value: Buffer | undefined;
  /** Why it could not be read. */
  readonly damage?: string;
}

/** Reads pages; those that are not there, or lie in a block that rotted, have no value. */
export async function readStoredPages(
  database: Database,
  names: readonly PageName[],
): Promise<StoredPage[]> {
  if (names.length === 0) return [];
  const keys = names.map(({ prefix, session, page }) => pageKey(prefix, session, page));
  try {
    const values = await database.getMany(keys);
    return names.map((name, i) => ({ name, key: keys[i] as Buffer, value: values[i] }));
  } catch (error) {
    if (!isRot(error)) throw error;
  }
  const pages: StoredPage[] = [];
  for (const [i, name] of names.entries()) {
    pages.push(await readStoredPage(database, name, keys[i] as Buffer));
  }
  return pages;
}

async function readStoredPage(
  database: Database,
  name: PageName,
  key: Buffer,
): Promise<StoredPage> {
  try {
    return { name, key, value: await database.get(key) };
  } catch (error) {
    if (!isRot(error)) throw error;
    return { name, key, value: undefined, damage: unreadable(error) };
  }
}

/** A page of which nothing on disk counts any more. */
export function newPage(name: PageName): StoredPage {
  return { name, key: pageKey(name.prefix, name.session, name.page), value: undefined };
}

/** Puts changes into pages. */
export class PageFolder {
  readonly #reader = new ByteReader();
  readonly #writer = new ByteWriter();
  readonly #putAside: (batch: ChainedBatch, page: StoredPage, reason: string) => void;

  /** `putAside` gets pages that are damaged: what changed since is kept all the same. */
  constructor(putAside: (batch: ChainedBatch, page: StoredPage, reason: string) => void) {
    this.#putAside = putAside;
  }

  /** Adds to a batch what becomes of the pages. Pages without changes, since their session was swept, stay as they are. */
  fold(batch: ChainedBatch, pages: readonly StoredPage[], changes: PlaceChanges): void {
    for (const page of pages) {
      const changed = changes.get(page.name);
      if (changed === undefined) continue;
      const places = this.placesOf(page, (reason) => this.#putAside(batch, page, reason));
      changePlaces(places, changed);
      if (writePage(this.#writer.start(), page.name.prefix, places)) {
        batch.put(page.key, this.#writer.seal(page.key));
      } else if (page.value !== undefined || page.damage !== undefined) {
        batch.del(page.key);
      }
    }
  }

  /** What a page holds: nothing when it is damaged. */
  placesOf(
    { name, key, value, damage }: StoredPage,
    onDamage: (reason: string) => void = () => {},
  ): Places {
    if (damage !== undefined) onDamage(damage);
    if (value === undefined) return [];
    try {
      return readPage(this.#reader.open(key, value), name.prefix);
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
      onDamage(error.message);
      return [];
    }
  }
}
