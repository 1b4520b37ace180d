// The file format of LevelDB's log and MANIFEST:
//
//   blocks of 32 KiB, each a row of fragments; none crosses a block, up to 6 bytes at its end stay empty
//   fragment: checksum (4) | length (2) | kind (1) | data        a record is FULL, or FIRST MIDDLE* LAST
//
// LevelDB drops what fails its checksum in a log without a word and goes on behind it. A tail that was cut off or never
// written is what a crash leaves; a bad fragment with good ones behind it is damage.

import { open } from 'node:fs/promises';
import { crc32c, maskedCrc32c } from './crc32c.ts';

const blockBytes = 32 * 1024;
const headerBytes = 7;
const blocksPerRead = 32;

const Kind = { full: 1, first: 2, middle: 3, last: 4 } as const;

export interface LogScan {
  /** Offset of a fragment that is damaged although good ones follow. */
  readonly damagedAt: number | undefined;
}

/** Reads a log, and visits its records as far as they are whole and nothing before them is damaged. */
export async function scanLog(path: string, visit?: (record: Buffer) => void): Promise<LogScan> {
  const file = await open(path, 'r');
  const scan = new Scan(visit);
  try {
    const buffer = Buffer.allocUnsafe(blocksPerRead * blockBytes);
    for (let offset = 0; scan.damagedAt === undefined; ) {
      const bytes = await fill(file, buffer);
      for (let at = 0; at < bytes; at += blockBytes) {
        scan.block(buffer.subarray(at, Math.min(at + blockBytes, bytes)), offset + at);
      }
      offset += bytes;
      if (bytes < buffer.length) break;
    }
  } finally {
    await file.close();
  }
  return scan;
}

async function fill(file: Awaited<ReturnType<typeof open>>, buffer: Buffer): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

class Scan implements LogScan {
  readonly #visit: ((record: Buffer) => void) | undefined;
  #parts: Buffer[] = [];
  #badAt: number | undefined;
  damagedAt: number | undefined;

  constructor(visit: ((record: Buffer) => void) | undefined) {
    this.#visit = visit;
  }

  block(block: Buffer, offset: number): void {
    let at = 0;
    while (at + headerBytes <= block.length) {
      const end = at + headerBytes + block.readUInt16LE(at + 4);
      const fits = end <= block.length;
      if (fits && isSound(block, at, end)) {
        if (this.#badAt === undefined) this.#fragment(block, at, end);
        else this.damagedAt ??= this.#badAt;
      } else {
        this.#badAt ??= offset + at;
      }
      if (!fits) return;
      at = end;
    }
    if (at < block.length && block.length < blockBytes) this.#badAt ??= offset + at;
  }

  #fragment(block: Buffer, at: number, end: number): void {
    if (this.#visit === undefined) return;
    const kind = block[at + 6];
    if (kind === Kind.full || kind === Kind.first) this.#parts = [];
    // A copy: the buffer is read into again.
    this.#parts.push(Buffer.from(block.subarray(at + headerBytes, end)));
    if (kind === Kind.full || kind === Kind.last) this.#visit(Buffer.concat(this.#parts));
  }
}

function isSound(block: Buffer, at: number, end: number): boolean {
  const kind = block[at + 6] ?? 0;
  if (kind < Kind.full || kind > Kind.last) return false;
  return block.readUInt32LE(at) === maskedCrc32c(crc32c(block, at + 6, end));
}
