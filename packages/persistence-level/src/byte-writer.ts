import { recordChecksum } from './checksum.ts';

/** Every value begins with a version byte and the checksum of its key and payload. */
export const headerBytes = 5;
export const recordVersion = 1;

const initialBytes = 64 * 1024;
const maxKeptBytes = 1024 * 1024;

/** Builds one value after another in one buffer: what `seal` returns is good until the next `start`. */
export class ByteWriter {
  #buffer: Buffer = Buffer.allocUnsafe(initialBytes);
  #length = headerBytes;

  start(): this {
    // One large message must not be paid for ever after.
    if (this.#buffer.length > maxKeptBytes) this.#buffer = Buffer.allocUnsafe(initialBytes);
    this.#length = headerBytes;
    return this;
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
    return this;
  }

  /** An integer from 0 to 2^53 - 1: seven bits a byte, the lowest first. */
  integer(value: number): this {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
    return this;
  }

  /** Any number, Infinity included; undefined is kept as NaN. */
  time(value: number | undefined): this {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleBE(value ?? Number.NaN, this.#length);
    return this;
  }

  text(value: string): this {
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

  /** The finished value for a key. */
  seal(key: Buffer): Buffer {
    const value = this.#buffer.subarray(0, this.#length);
    value[0] = recordVersion;
    value.writeUInt32BE(recordChecksum(key, value, headerBytes), 1);
    return value;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
