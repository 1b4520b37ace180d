import { headerBytes, recordVersion } from './byte-writer.ts';
import { checksum } from './checksum.ts';
import { numberAt, textFrom } from './keys.ts';
import { bytesOf32Bits, holds32Bits, read32Bits } from './seven-bits.ts';

/** Why a record cannot be trusted; caught where records are read, never thrown to the application. */
export class DamagedRecord extends Error {
  override readonly name = 'DamagedRecord';
}

const float = Buffer.alloc(8);
const initialBytes = 4096;
const maxBytesPerUnit = 3;
const maxUnitsHere = 40;
// V8 copies a slice of so many units; a longer one would keep all of the key in memory.
const maxUnitsCopied = 12;

/** Writes a text as UTF-8 and returns where it ends. */
function writeText(bytes: Buffer, text: string, start: number): number {
  if (text.length > maxUnitsHere) return start + bytes.write(text, start);
  // Calling into `write` costs more than a short text does: all keys of pages, and most sessions and subscriptions.
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return start + bytes.write(text, start);
    bytes[start + i] = unit;
  }
  return start + text.length;
}

/** Reads what a ByteWriter wrote, one value after another. */
export class ByteReader {
  #key: Buffer = Buffer.alloc(0);
  /** What it was read from; undefined where that was bytes. */
  #keyAsText: string | undefined;
  #keyBytes = 0;
  #buffer: Buffer = this.#key;
  #position = 0;
  #end = 0;
  #text: Buffer = this.#key;

  /** Begins with a value. Throws DamagedRecord unless version and checksum fit. */
  open(key: Buffer, value: Buffer): this {
    this.#key = key;
    this.#keyAsText = undefined;
    this.#keyBytes = key.length;
    return this.#begin(value, 0, value.length);
  }

  /**
   * Begins with an entry that was read as UTF-8. Bytes that are none have become other ones: that is found as any
   * damage is. `bytes` and `rest` must not be used, because the next entry takes the same place.
   */
  openText(key: string, value: string): this {
    const needed = (key.length + value.length) * maxBytesPerUnit;
    if (needed > this.#text.length) this.#text = Buffer.alloc(Math.max(2 * needed, initialBytes));
    this.#key = this.#text;
    this.#keyAsText = key;
    this.#keyBytes = writeText(this.#text, key, 0);
    return this.#begin(this.#text, this.#keyBytes, writeText(this.#text, value, this.#keyBytes));
  }

  #begin(buffer: Buffer, start: number, end: number): this {
    if (end - start < headerBytes) throw new DamagedRecord('it is too short');
    if (buffer[start] !== recordVersion) {
      throw new DamagedRecord(`its version ${buffer[start]} is unknown`);
    }
    const payload = start + headerBytes;
    const expected = checksum(buffer, payload, end, checksum(this.#key, 0, this.#keyBytes));
    if (!holds32Bits(buffer, expected, start + 1)) {
      throw new DamagedRecord('its checksum does not match');
    }
    this.#buffer = buffer;
    this.#position = payload;
    this.#end = end;
    return this;
  }

  get keyBytes(): number {
    return this.#keyBytes;
  }

  /** The number of 8 bytes at an offset of the key. */
  keyNumber(offset: number): number {
    return numberAt(this.#key, offset);
  }

  /** The text that ends the key. */
  keyText(offset: number): string {
    const text = this.#keyAsText;
    // As long as it has a byte for each unit, the offset is the same in both.
    if (text?.length === this.#keyBytes && text.length - offset <= maxUnitsCopied) {
      return text.slice(offset);
    }
    return textFrom(this.#key, offset, this.#keyBytes);
  }

  get atEnd(): boolean {
    return this.#position >= this.#end;
  }

  byte(): number {
    if (this.#position >= this.#end) throw new DamagedRecord('it ends too early');
    return this.#buffer[this.#position++] as number;
  }

  integer(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x3f) * factor;
      if (byte < 0x40) return value;
      factor *= 0x40;
    }
  }

  time(): number | undefined {
    const start = this.#take(2 * bytesOf32Bits);
    float.writeUInt32BE(read32Bits(this.#buffer, start) >>> 0, 0);
    float.writeUInt32BE(read32Bits(this.#buffer, start + bytesOf32Bits) >>> 0, 4);
    const value = float.readDoubleBE(0);
    return Number.isNaN(value) ? undefined : value;
  }

  text(): string {
    const start = this.#take(this.integer());
    return this.#buffer.toString('utf8', start, this.#position);
  }

  bytes(): Uint8Array {
    const start = this.#take(this.integer());
    return this.#buffer.subarray(start, this.#position);
  }

  /** Goes over a text or bytes. */
  skip(): void {
    this.#take(this.integer());
  }

  rest(): Uint8Array {
    const start = this.#take(this.#end - this.#position);
    return this.#buffer.subarray(start, this.#position);
  }

  /** Moves on and returns where it was. */
  #take(bytes: number): number {
    const start = this.#position;
    if (start + bytes > this.#end) throw new DamagedRecord('it ends too early');
    this.#position = start + bytes;
    return start;
  }
}
