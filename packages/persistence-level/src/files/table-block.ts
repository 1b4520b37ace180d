// A block of a LevelDB table:
//
//   entry*                       bytes shared with the key before | own bytes | bytes of the value (varints) | key | value
//   offset of restart (4)*       where an entry shares nothing, so that a search may begin there
//   number of restarts (4)
//
// and behind it one byte for its compression and a checksum over both. A key ends with 8 bytes of LevelDB's own: the
// type of the entry, then its sequence number.

import { crc32c, maskedCrc32c } from './crc32c.ts';
import { uncompressSnappy } from './snappy.ts';

/** Where a block is within its table, without the trailer. */
export interface BlockHandle {
  readonly offset: number;
  readonly bytes: number;
}

export interface TableEntry {
  readonly key: Buffer;
  readonly value: Buffer;
}

export interface ParsedBlock {
  /** As far as they can be read. */
  readonly entries: readonly TableEntry[];
  /** What is wrong with the form of the block, which LevelDB relies on. */
  readonly flaw: string | undefined;
}

/** Compression and checksum. */
export const trailerBytes = 5;
/** Type and sequence number at the end of a key. */
export const keySuffixBytes = 8;

const Compression = { none: 0, snappy: 1 } as const;
// LevelDB allocates as much as a damaged block announces: a process that is given less memory than that ends.
const maxGrowth = 64;

/** Whether a block and its trailer are what was written. */
export function isSealed(block: Buffer): boolean {
  const end = block.length - 4;
  return end > 0 && block.readUInt32LE(end) === maskedCrc32c(crc32c(block, 0, end));
}

/** A block as it is written to a table: with its trailer. */
export function seal(contents: Buffer): Buffer {
  const block = Buffer.alloc(contents.length + trailerBytes);
  contents.copy(block);
  block[contents.length] = Compression.none;
  block.writeUInt32LE(maskedCrc32c(crc32c(block, 0, block.length - 4)), block.length - 4);
  return block;
}

/** The contents of a block that has its trailer; undefined when they cannot be uncompressed. */
export function unseal(block: Buffer): Buffer | undefined {
  const stored = block.subarray(0, -trailerBytes);
  const compression = block[stored.length];
  if (compression === Compression.none) return stored;
  if (compression !== Compression.snappy) return undefined;
  return uncompressSnappy(stored, maxGrowth * stored.length);
}

/** Takes a block apart. Nothing is trusted. */
export function parseBlock(contents: Buffer): ParsedBlock {
  const restarts = contents.length < 4 ? 0 : contents.readUInt32LE(contents.length - 4);
  const restartsAt = contents.length - 4 * (restarts + 1);
  const hasRestarts = restarts > 0 && restartsAt >= 0;
  const end = hasRestarts ? restartsAt : contents.length;
  const entries: TableEntry[] = [];
  const starts = new Set<number>([0]);
  let key: Buffer = Buffer.alloc(0);
  let at = 0;
  while (at < end) {
    const start = at;
    const shared = readVarint(contents, at);
    const own = readVarint(contents, shared.next);
    const valueBytes = readVarint(contents, own.next);
    const keyAt = valueBytes.next;
    const valueAt = keyAt + own.value;
    // A length that is no varint is infinite.
    if (shared.value > key.length || !(valueAt + valueBytes.value <= end)) {
      return { entries, flaw: `its entry at ${start} goes too far` };
    }
    const ownKey = contents.subarray(keyAt, valueAt);
    key = shared.value === 0 ? ownKey : Buffer.concat([key.subarray(0, shared.value), ownKey]);
    at = valueAt + valueBytes.value;
    entries.push({ key, value: contents.subarray(valueAt, at) });
    if (shared.value === 0) starts.add(start);
  }
  if (!hasRestarts) return { entries, flaw: 'its restart points are gone' };
  let before = -1;
  for (let i = 0; i < restarts; i++) {
    const restart = contents.readUInt32LE(restartsAt + 4 * i);
    if (!starts.has(restart) || restart <= before || (i === 0 && restart > 0)) {
      return { entries, flaw: 'its restart points are wrong' };
    }
    before = restart;
  }
  return { entries, flaw: undefined };
}

/** Puts entries together to the contents of a block. */
export function buildBlock(entries: readonly TableEntry[]): Buffer {
  const parts: Buffer[] = [];
  const restarts: number[] = [];
  let bytes = 0;
  for (const { key, value } of entries) {
    const head = Buffer.concat([varint(0), varint(key.length), varint(value.length)]);
    parts.push(head, key, value);
    restarts.push(bytes);
    bytes += head.length + key.length + value.length;
  }
  // A block without entries has one restart as well.
  if (restarts.length === 0) restarts.push(0);
  const tail = Buffer.alloc(4 * (restarts.length + 1));
  for (const [i, restart] of restarts.entries()) tail.writeUInt32LE(restart, 4 * i);
  tail.writeUInt32LE(restarts.length, 4 * restarts.length);
  return Buffer.concat([...parts, tail]);
}

/** The order of keys in a table: by bytes, and the newest first. Both must be long enough for their suffix. */
export function compareKeys(one: Buffer, other: Buffer): number {
  const order = Buffer.compare(userKeyOf(one), userKeyOf(other));
  if (order !== 0) return order;
  const [first, second] = [one, other].map((key) => key.readBigUInt64LE(key.length - 8));
  return first === second ? 0 : (first as bigint) > (second as bigint) ? -1 : 1;
}

/** The part of a key that is not LevelDB's own. */
export function userKeyOf(key: Buffer): Buffer {
  return key.subarray(0, key.length - keySuffixBytes);
}

export function readHandle(
  bytes: Buffer,
  start = 0,
): { readonly handle: BlockHandle; readonly next: number } {
  const offset = readVarint(bytes, start);
  const length = readVarint(bytes, offset.next);
  return { handle: { offset: offset.value, bytes: length.value }, next: length.next };
}

export function encodeHandle({ offset, bytes }: BlockHandle): Buffer {
  return Buffer.concat([varint(offset), varint(bytes)]);
}

/** Infinity for bytes that are no number. */
function readVarint(
  bytes: Buffer,
  start: number,
): { readonly value: number; readonly next: number } {
  let value = 0;
  let next = start;
  for (let factor = 1; factor < 2 ** 53; factor *= 0x80) {
    const byte = bytes[next++];
    if (byte === undefined) break;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, next };
  }
  return { value: Number.POSITIVE_INFINITY, next };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
