import { constants, copyFile, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { maskedCrc32c, nextCrc32c } from './crc32c.ts';
import { findManifest, tableNumber } from './file-check.ts';
import {
  type BlockHandle,
  buildBlock,
  compareKeys,
  encodeHandle,
  isSealed,
  parseBlock,
  seal,
  type TableEntry,
  trailerBytes,
  unseal,
} from './table-block.ts';
import { checkTable, isPlausible } from './table-check.ts';
import { DamagedLayout, encodeFooter, endOf, indexedBlocks, readIndex } from './table-layout.ts';

/** A data block of a damaged table, as far as it can be read. */
interface Part {
  /** With its trailer, if it is as it was written. */
  readonly sealed: Buffer | undefined;
  readonly entries: readonly TableEntry[];
}

/**
 * Replaces every damaged table of a store by one with all that can be read of it, which LevelDB's own repair can work with;
 * the table as it was goes to the directory `lost` of the store. Returns the names of those tables.
 */
export async function replaceDamagedTables(path: string): Promise<string[]> {
  const directory = join(path, 'store');
  const files = await readdir(directory).catch((): string[] => []);
  const manifest = await findManifest(directory, files);
  const lastSequence = manifest?.lastSequence ?? Number.MAX_SAFE_INTEGER;
  const replaced: string[] = [];
  // LevelDB's repair takes in every table that is there.
  for (const table of files.filter((file) => tableNumber(file) >= 0)) {
    const file = join(directory, table);
    const facts = { ...manifest?.tables.get(tableNumber(table)), lastSequence };
    if ((await checkTable(file, table, facts)).length === 0) continue;
    const bytes = await readFile(file);
    await keep(file, join(path, 'lost'), table);
    await replace(file, salvage(await partsOf(bytes), lastSequence));
    replaced.push(table);
  }
  return replaced;
}

/** By its index, or, if that cannot be trusted, as far as the checksums show where blocks end. */
async function partsOf(table: Buffer): Promise<Part[]> {
  const read = (offset: number, bytes: number) =>
    Promise.resolve(table.subarray(offset, offset + bytes));
  const indexed = await readIndex(table.length, read).then(indexedBlocks, (error: unknown) => {
    if (error instanceof DamagedLayout) return undefined;
    throw error;
  });
  return (indexed ?? [...foundBlocks(table)]).map((handle) => {
    const stored = table.subarray(handle.offset, endOf(handle));
    const { entries } = parseBlock(unseal(stored) ?? Buffer.alloc(0));
    return { sealed: isSealed(stored) ? stored : undefined, entries };
  });
}

/** Sealed blocks from the beginning of a table. */
function* foundBlocks(table: Buffer): Generator<BlockHandle> {
  let offset = 0;
  let value = -1;
  // The checksum covers the compression, too: it stands behind that byte.
  for (let at = 0; at + trailerBytes <= table.length; at++) {
    value = nextCrc32c(value, table[at] as number);
    if (at === offset || table.readUInt32LE(at + 1) !== maskedCrc32c(~value >>> 0)) continue;
    yield { offset, bytes: at - offset };
    at += trailerBytes - 1;
    offset = at + 1;
    value = -1;
  }
}

/** A table without a filter; empty if nothing is left. */
function salvage(parts: readonly Part[], lastSequence: number): Buffer {
  const blocks: Buffer[] = [];
  const index: TableEntry[] = [];
  let size = 0;
  let before: Buffer | undefined;
  const append = (sealed: Buffer): BlockHandle => {
    const handle = { offset: size, bytes: sealed.length - trailerBytes };
    blocks.push(sealed);
    size = endOf(handle);
    return handle;
  };
  for (const [i, { sealed, entries }] of parts.entries()) {
    const next = parts.slice(i + 1).find((part) => part.sealed !== undefined)?.entries[0]?.key;
    const kept = inOrder(entries, before, sealed === undefined ? next : undefined, lastSequence);
    const last = kept.at(-1);
    if (last === undefined) continue;
    const isWhole = sealed !== undefined && kept.length === entries.length;
    const handle = append(isWhole ? sealed : seal(buildBlock(kept)));
    index.push({ key: last.key, value: encodeHandle(handle) });
    before = last.key;
  }
  if (index.length === 0) return Buffer.alloc(0);
  const metaindex = append(seal(buildBlock([])));
  const footer = encodeFooter(metaindex, append(seal(buildBlock(index))));
  return Buffer.concat([...blocks, footer]);
}

/** Entries that a table may hold behind `before` and before `next`. */
function inOrder(
  entries: readonly TableEntry[],
  before: Buffer | undefined,
  next: Buffer | undefined,
  lastSequence: number,
): TableEntry[] {
  let last = before;
  return entries.filter((entry) => {
    if (!isPlausible(entry, lastSequence)) return false;
    if (last !== undefined && compareKeys(last, entry.key) >= 0) return false;
    if (next !== undefined && compareKeys(entry.key, next) >= 0) return false;
    last = entry.key;
    return true;
  });
}

/** Copies a table to the directory of lost ones, under a name that none has yet. */
async function keep(file: string, lost: string, table: string): Promise<void> {
  await mkdir(lost, { recursive: true });
  for (let copy = 0; ; copy++) {
    const target = join(lost, copy === 0 ? table : `${table}.${copy}`);
    try {
      return await copyFile(file, target, constants.COPYFILE_EXCL);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** At once, so that a repair that is cut off can begin anew. */
async function replace(file: string, bytes: Buffer): Promise<void> {
  if (bytes.length === 0) return await rm(file);
  const temporary = `${file}.new`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
