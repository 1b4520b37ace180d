// A LevelDB table:
//
//   data block* | filter block? | metaindex block | index block | handles of these two, padded to 40 | magic (8)
//
// The index has an entry for each data block: a key not before its last and before the first of the next one, and its
// handle. LevelDB checks no checksum of all that, and trusts the index: so does this, once the checksum is right.

import {
  type BlockHandle,
  encodeHandle,
  isSealed,
  keySuffixBytes,
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

/** The entries of a table's index, whose checksum is right as those of everything else but data. Throws DamagedLayout. */
export async function readIndex(size: number, read: ReadPart): Promise<Buffer> {
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
  const load = async ({ offset, bytes }: BlockHandle, what: string): Promise<Buffer> => {
    const block = await read(offset, bytes + trailerBytes);
    if (!isSealed(block)) throw new DamagedLayout(offset, what);
    return block;
  };
  const contents = unseal(await load(index.handle, 'its index'));
  const filters = unseal(await load(metaindex.handle, 'its list of filters'));
  if (contents === undefined) throw new DamagedLayout(index.handle.offset, 'its index');
  for (const { value } of parseBlock(filters ?? Buffer.alloc(0)).entries) {
    const { handle } = readHandle(value);
    if (!(endOf(handle) <= dataEnd)) throw new DamagedLayout(dataEnd, 'its list of filters');
    // A filter is no block of entries, but sealed like one. A wrong one makes records unfindable.
    await load(handle, 'its filter');
  }
  return contents;
}

/** The data blocks that an index names, in order. Throws DamagedLayout. */
export function indexedBlocks(index: Buffer): IndexedBlock[] {
  const { entries, flaw } = parseBlock(index);
  let end = 0;
  const blocks = entries.map(({ key, value }) => {
    const { handle } = readHandle(value);
    if (handle.offset !== end || key.length < keySuffixBytes) {
      throw new DamagedLayout(end, 'its index');
    }
    end = endOf(handle);
    // Field by field: a spread takes several times as long, and a store has a block for each 4 KB.
    return { offset: handle.offset, bytes: handle.bytes, limit: key };
  });
  if (flaw !== undefined) throw new DamagedLayout(end, 'its index');
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
