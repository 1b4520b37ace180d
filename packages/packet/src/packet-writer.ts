import { Buffer } from 'node:buffer';
import { isUint8Array } from 'node:util/types';
import { hasLoneSurrogate } from './text.ts';

const maxRemainingLength = 0x0fff_ffff;
const shortText = 64;

/** Fills a buffer of exactly the size that was counted before, from the fixed header on. */
export class PacketWriter {
  readonly bytes: Buffer;
  at = 0;

  /** `attached` bytes belong to the packet but are sent from elsewhere: the payload behind a head. */
  constructor(firstByte: number, bodyBytes: number, attached = 0) {
    const remainingLength = bodyBytes + attached;
    if (remainingLength > maxRemainingLength) {
      throw new RangeError(`a packet cannot have ${remainingLength} bytes: 268,435,455 at most`);
    }
    this.bytes = Buffer.allocUnsafe(1 + variableByteIntegerSize(remainingLength) + bodyBytes);
    this.u8(firstByte);
    this.variableByteInteger(remainingLength);
  }

  u8(value: number): void {
    this.bytes[this.at++] = inRange(value, 0xff);
  }

  u16(value: number): void {
    inRange(value, 0xffff);
    this.bytes[this.at++] = value >> 8;
    this.bytes[this.at++] = value;
  }

  u32(value: number): void {
    this.at = this.bytes.writeUInt32BE(inRange(value, 0xffff_ffff), this.at);
  }

  variableByteInteger(value: number): void {
    let rest = inRange(value, maxRemainingLength);
    while (rest > 0x7f) {
      this.bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest >>= 7;
    }
    this.bytes[this.at++] = rest;
  }

  packetId(value: number): void {
    if (value === 0) throw new RangeError('packet identifier 0 cannot be encoded');
    this.u16(value);
  }

  text(value: string): void {
    const start = this.at + 2;
    const length = this.#ascii(value, start) ? value.length : this.bytes.write(value, start);
    this.u16(length);
    this.at = start + length;
  }

  /** Short ASCII, which topics nearly always are: a call into C++ costs more than this loop. */
  #ascii(value: string, start: number): boolean {
    if (value.length > shortText) return false;
    for (let index = 0; index < value.length; index++) {
      const unit = value.charCodeAt(index);
      if (unit >= 0x80) return false;
      this.bytes[start + index] = unit;
    }
    return true;
  }

  binary(value: Uint8Array): void {
    this.u16(value.length);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    this.bytes.set(value, this.at);
    this.at += value.length;
  }
}

export function variableByteIntegerSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20_0000 ? 3 : 4;
}

/** Bytes of a string with its length. Throws on one that no string of MQTT can hold. */
export function textSize(value: string): number {
  const length = Buffer.byteLength(value);
  if (length > 0xffff) throw new RangeError(`a string of ${length} bytes: 65,535 at most`);
  if (value.includes('\0')) throw new TypeError('a string with U+0000 cannot be encoded');
  // An ASCII string has as many bytes as code units, and nothing to look for.
  if (length !== value.length && hasLoneSurrogate(value)) {
    throw new TypeError('a string with a lone surrogate cannot be encoded');
  }
  return 2 + length;
}

/** Bytes of binary data with its length. Throws on what is none. */
export function binarySize(value: Uint8Array): number {
  checkBytes(value);
  if (value.length > 0xffff) throw new RangeError(`${value.length} bytes of data: 65,535 at most`);
  return 2 + value.length;
}

/** Throws on what would be copied element by element, of which none need be a byte: a string, a wider array. */
export function checkBytes(value: Uint8Array): void {
  if (!isUint8Array(value)) throw new TypeError('data and payloads must be bytes: a Uint8Array');
}

/** Two bits that may be 0, 1 or 2: of more, some would land in the bits beside them. */
export function twoBits(value: number, what: string): number {
  if (value === 0 || value === 1 || value === 2) return value;
  throw new RangeError(`${what} ${value} is not 0, 1 or 2`);
}

function inRange(value: number, max: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new RangeError(`${value} is not a whole number from 0 to ${max}`);
}
