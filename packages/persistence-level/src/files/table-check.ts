// LevelDB checks no checksum of a table, and ends the process where what it reads makes no sense: where a key is too
// short, out of order (in a compaction) or outside of its table (two of a level overlap), or where more memory is
// announced than there is. A block that cannot be uncompressed or parsed it reports; but then no compaction succeeds
// any more, and no write after that. So a damaged block is tolerated only when nothing but values in it can be wrong.

import { open } from 'node:fs/promises';
import { ByteReader, DamagedRecord } from '../records/byte-reader.ts';
import type { ListedTable } from './manifest.ts';
import {
  compareKeys,
  isSealed,
  keySuffixBytes,
  parseBlock,
  type TableEntry,
  unseal,
  userKeyOf,
} from './table-block.ts';
import {
  DamagedLayout,
  endOf,
  type IndexedBlock,
  indexedBlocks,
  type ReadPart,
  readIndex,
} from './table-layout.ts';

/** A block of a table that is not what was written. */
export interface DamagedBlock {
  /** Name of the table's file. */
  readonly table: string;
  /** Where in the file the block begins. */
  readonly byte: number;
  readonly reason: string;
  /** Only values are wrong: the records that they belong to are found by their own checksums, the others are sound. */
  readonly isTolerable: boolean;
}

/** What is known of a table from elsewhere. */
export interface TableFacts extends Partial<ListedTable> {
  readonly lastSequence: number;
}

/** Index and filter of most tables are read at once, with the end. */
const tailBytes = 64 * 1024;
/** More is read at once only if a single block is larger. */
const maxReadBytes = 512 * 1024;

/** Checks a table, its index and filter, and the data unless `onlyLayout`. Settles with what is damaged. */
export async function checkTable(
  path: string,
  table: string,
  facts: TableFacts,
  onlyLayout = false,
): Promise<readonly DamagedBlock[]> {
  const file = await open(path, 'r');
  const damaged: DamagedBlock[] = [];
  const load: ReadPart = async (offset, bytes) => {
    const buffer = Buffer.allocUnsafe(bytes);
    let filled = 0;
    while (filled < bytes) {
      const part = await file.read(buffer, filled, bytes - filled, offset + filled);
      if (part.bytesRead === 0) break;
      filled += part.bytesRead;
    }
    return buffer.subarray(0, filled);
  };
  try {
    const { size } = await file.stat();
    const tailAt = Math.max(0, size - tailBytes);
    const tail = await load(tailAt, size - tailAt);
    const read: ReadPart = (offset, bytes) =>
      offset < tailAt
        ? load(offset, bytes)
        : Promise.resolve(tail.subarray(offset - tailAt, offset - tailAt + bytes));
    const index = await readIndex(size, read);
    const blocks = onlyLayout ? [] : indexedBlocks(index);
    let lower: Buffer | undefined;
    for (const group of groupsOf(blocks)) {
      const start = group[0]?.offset ?? 0;
      const bytes = await read(start, endOf(group.at(-1) as IndexedBlock) - start);
      for (const block of group) {
        const stored = bytes.subarray(block.offset - start, endOf(block) - start);
        if (!isSealed(stored)) {
          const isLast = block === blocks.at(-1);
          const reason = reasonAgainst(stored, block, lower, isLast, facts);
          const isTolerable = reason === undefined;
          damaged.push({
            table,
            byte: block.offset,
            reason: reason ?? 'values in it',
            isTolerable,
          });
        }
        lower = block.limit;
      }
    }
  } catch (error) {
    if (!(error instanceof DamagedLayout)) throw error;
    damaged.push({ table, byte: error.byte, reason: error.message, isTolerable: false });
  } finally {
    await file.close();
  }
  return damaged;
}

/** Whether a key and its value may stand in a table. Its length is not to be trusted. */
export function isPlausible({ key, value }: TableEntry, lastSequence: number): boolean {
  if (key.length < keySuffixBytes) return false;
  const suffix = key.readBigUInt64LE(key.length - keySuffixBytes);
  const type = Number(suffix & 0xffn);
  // A deletion has no value: with one it would hide a record that was never removed.
  if (type > 1 || (type === 0 && value.length > 0)) return false;
  return suffix >> 8n <= BigInt(lastSequence);
}

/** Blocks that are read at once. */
function* groupsOf(blocks: readonly IndexedBlock[]): Generator<IndexedBlock[]> {
  let group: IndexedBlock[] = [];
  for (const block of blocks) {
    if (group.length > 0 && endOf(block) - (group[0]?.offset ?? 0) > maxReadBytes) {
      yield group;
      group = [];
    }
    group.push(block);
  }
  if (group.length > 0) yield group;
}

/** Why a damaged block cannot be tolerated. `lower` is a key that all of it is behind. */
function reasonAgainst(
  stored: Buffer,
  { limit }: IndexedBlock,
  lower: Buffer | undefined,
  isLast: boolean,
  { smallest, largest, lastSequence }: TableFacts,
): string | undefined {
  const contents = unseal(stored);
  if (contents === undefined) return 'data that cannot be uncompressed';
  const { entries, flaw } = parseBlock(contents);
  if (flaw !== undefined) return `data, ${flaw}`;
  const [first, last] = [entries[0]?.key, entries.at(-1)?.key];
  if (first === undefined || last === undefined) return 'data without a record';
  if (!entries.every((entry) => isPlausible(entry, lastSequence))) {
    return 'data, a key of it cannot be right';
  }
  const isOrdered = entries.every(
    ({ key }, i) => i === 0 || compareKeys(entries[i - 1]?.key as Buffer, key) < 0,
  );
  const startsRight =
    lower !== undefined
      ? compareKeys(lower, first) < 0
      : smallest === undefined || compareKeys(smallest, first) === 0;
  const endsRight =
    compareKeys(last, limit) <= 0 &&
    (!isLast || largest === undefined || compareKeys(last, largest) === 0);
  if (!isOrdered || !startsRight || !endsRight) return 'data, its keys are out of order';
  // If no value shows the damage, it is in what has no checksum of its own: sequence numbers, types, deletions.
  return entries.some(isDamagedRecord) ? undefined : 'data, though its records are sound';
}

const reader = new ByteReader();

function isDamagedRecord({ key, value }: TableEntry): boolean {
  const isDeletion = key[key.length - keySuffixBytes] === 0;
  if (isDeletion) return false;
  try {
    reader.open(userKeyOf(key), value);
    return false;
  } catch (error) {
    if (error instanceof DamagedRecord) return true;
    throw error;
  }
}
