// A LevelDB table:
//
//   data block* | filter block? | metaindex block | index block | handles of these two, padded to 40 | magic (8)
//
// The index has an entry for each data block: a key not before its last and before the first of the next one, and its
// handle. LevelDB checks no checksum of all that, and trusts the index.

import {
  type BlockHandle,
  compareKeys,
  encodeHandle,
  isSealed,
  keySuffixBytes,
  type ParsedBlock,
  parseBlock,
  readHandle,
  trailerBytes,
  unseal,
} from './table-block.ts';

export interface IndexedBlock extends BlockHandle {
  /** No key of the block is greater. */
  readonly limit: Buffer;
}

/** Thrown where a table cannot be found its way in: its footer, an index or a filter is damaged. */
export class DamagedLayout extends Error {
  readonly byte: number;

  constructor(byte: number, reason: string) {
    super(reason);
    this.byte = byte;
  }
}

/** Reads a part of a table; shorter where the table ends. */
export type ReadPart = (offset: number, bytes: number) => Promise<Buffer>;

const footerBytes = 48;
const magic = 0xdb4775248b80fb57n;

/** The data blocks of a table, in order, and everything else of it checked. Throws DamagedLayout. */
export async function readLayout(size: number, read: ReadPart): Promise<readonly IndexedBlock[]> {
  const footerAt = size - footerBytes;
  if (footerAt < 0) throw new DamagedLayout(0, 'it is too short for a table');
  const footer = await read(footerAt, footerBytes);
  if (footer.length < footerBytes || footer.readBigUInt64LE(footerBytes - 8) !== magic) {
    throw new DamagedLayout(footerAt, 'its footer');
  }
  const metaindex = readHandle(footer);
  const index = readHandle(footer, metaindex.next);
  const dataEnd = metaindex.handle.offset;
  if (
    endOf(index.handle) !== footerAt ||
    endOf(metaindex.handle) !== index.handle.offset ||
    !(dataEnd >= 0)
  ) {
    throw new DamagedLayout(footerAt, 'its footer');
  }
  const block = async ({ offset, bytes }: BlockHandle, what: string): Promise<ParsedBlock> => {
    const found = await read(offset, bytes + trailerBytes);
    const contents = isSealed(found) ? unseal(found) : undefined;
    if (contents === undefined) throw new DamagedLayout(offset, what);
    return parseBlock(contents);
  };
  const blocks = indexedBlocks(await block(index.handle, 'its index'), index.handle.offset);
  const { entries } = await block(metaindex.handle, 'its list of filters');
  const end = blocks.reduce((offset, data) => {
    if (data.offset !== offset) throw new DamagedLayout(index.handle.offset, 'its index');
    return endOf(data);
  }, 0);
  let filtersEnd = end;
  for (const { value } of entries) {
    const { handle } = readHandle(value);
    if (handle.offset !== filtersEnd || !(endOf(handle) <= dataEnd)) {
      throw new DamagedLayout(dataEnd, 'its list of filters');
    }
    // A filter is no block of entries, but sealed like one. A wrong one makes records unfindable.
    if (!isSealed(await read(handle.offset, handle.bytes + trailerBytes))) {
      throw new DamagedLayout(handle.offset, 'its filter');
    }
    filtersEnd = endOf(handle);
  }
  if (filtersEnd !== dataEnd) throw new DamagedLayout(dataEnd, 'its list of filters');
  return blocks;
}

/** The footer for a table whose metaindex and index are there. */
export function encodeFooter(metaindex: BlockHandle, index: BlockHandle): Buffer {
  const footer = Buffer.alloc(footerBytes);
  Buffer.concat([encodeHandle(metaindex), encodeHandle(index)]).copy(footer);
  footer.writeBigUInt64LE(magic, footerBytes - 8);
  return footer;
}

/** Where the next block begins. */
export function endOf({ offset, bytes }: BlockHandle): number {
  return offset + bytes + trailerBytes;
}

function indexedBlocks({ entries, flaw }: ParsedBlock, byte: number): IndexedBlock[] {
  const blocks = entries.map(({ key, value }) => ({ ...readHandle(value).handle, limit: key }));
  const isOrdered = blocks.every(
    ({ limit }, i) =>
      limit.length >= keySuffixBytes &&
      (i === 0 || compareKeys(blocks[i - 1]?.limit as Buffer, limit) < 0),
  );
  if (flaw !== undefined || !isOrdered) throw new DamagedLayout(byte, 'its index');
  return blocks;
}
