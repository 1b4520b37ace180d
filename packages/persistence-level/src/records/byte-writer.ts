import { recordChecksum } from './checksum.ts';
import { bytesOf32Bits, write32Bits } from './seven-bits.ts';

/** Every value begins with a version byte and the checksum of its key and payload. */
export const headerBytes: number = 1 + bytesOf32Bits;
export const recordVersion = 1;

const float = Buffer.alloc(8);

const initialBytes = 64 * 1024;
const maxKeptBytes = 1024 * 1024;
// Calling into Node costs more than a short text does, as most are; up to here its length takes one byte.
const maxCharactersHere = 0x3f;

/**
 * Builds one value after another in one buffer: what `seal` returns is good until the next `start`. A value is valid
 * UTF-8 unless `bytes` or `rest` put something else into it.
 */
export class ByteWriter {
  #buffer: Buffer = Buffer.allocUnsafe(initialBytes);
  #length = headerBytes;
  /** What `seal` returned, while it can be returned again. */
  #sealed: Buffer | undefined;

  start(): this {
    // One large message must not be paid for ever after.
    if (this.#buffer.length > maxKeptBytes) this.#buffer = Buffer.allocUnsafe(initialBytes);
    this.#length = headerBytes;
    this.#sealed = undefined;
    return this;
  }

  /** Flags, below 0x80. */
  byte(value: number): this {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
    return this;
  }

  /** An integer from 0 to 2^53 - 1: six bits a byte, the lowest first, and one that says that more follow. */
  integer(value: number): this {
    this.#reserve(9);
    this.#length = writeInteger(this.#buffer, value, this.#length);
    return this;
  }

  /** A byte and two integers. */
  triple(first: number, second: number, third: number): this {
    this.#reserve(19);
    const buffer = this.#buffer;
    buffer[this.#length] = first;
    const at = writeInteger(buffer, second, this.#length + 1);
    this.#length = writeInteger(buffer, third, at);
    return this;
  }

  /** Any number, Infinity included; undefined is kept as NaN. */
  time(value: number | undefined): this {
    this.#reserve(2 * bytesOf32Bits);
    float.writeDoubleBE(value ?? Number.NaN);
    write32Bits(this.#buffer, float.readUInt32BE(0), this.#length);
    write32Bits(this.#buffer, float.readUInt32BE(4), this.#length + bytesOf32Bits);
    this.#length += 2 * bytesOf32Bits;
    return this;
  }

  text(value: string): this {
    return value.length <= maxCharactersHere && this.#asciiText(value)
      ? this
      : this.#anyText(value);
  }

  #anyText(value: string): this {
    const bytes = Buffer.byteLength(value);
    this.integer(bytes);
    this.#reserve(bytes);
    this.#length += this.#buffer.write(value, this.#length);
    return this;
  }

  bytes(value: Uint8Array): this {
    return this.integer(value.length).rest(value);
  }

  /** Bytes that end the record, and so need no length. */
  rest(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** The finished value for a key. Called again, the same one for another key, in the same place. */
  seal(key: Buffer): Buffer {
    this.#sealed ??= this.#buffer.subarray(0, this.#length);
    const value = this.#sealed;
    value[0] = recordVersion;
    write32Bits(value, recordChecksum(key, value, headerBytes), 1);
    return value;
  }

  /** Whether it is nothing else; what was written of it does not count otherwise. */
  #asciiText(value: string): boolean {
    const { length } = value;
    this.#reserve(1 + length);
    const buffer = this.#buffer;
    let at = this.#length;
    buffer[at++] = length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      buffer[at++] = code;
    }
    this.#length = at;
    return true;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** Returns where it ends. */
function writeInteger(buffer: Buffer, value: number, start: number): number {
  let rest = value;
  let at = start;
  while (rest > 0x3fff_ffff) {
    buffer[at++] = (rest % 0x40) | 0x40;
    rest = Math.floor(rest / 0x40);
  }
  while (rest >= 0x40) {
    buffer[at++] = (rest & 0x3f) | 0x40;
    rest >>= 6;
  }
  buffer[at++] = rest;
  return at;
}
