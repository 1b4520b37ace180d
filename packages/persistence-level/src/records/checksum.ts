import { crc32 } from 'node:zlib';

// Calling into zlib costs more than a short record does: most have some ten to two hundred bytes.
const maxBytesHere = 256;

// Eight bytes a step, each looked up in a table of its own, take two thirds of the time of one byte a step.
const bytesPerStep = 8;
const tables = new Int32Array(bytesPerStep * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  tables[byte] = value;
}
for (let i = 256; i < tables.length; i++) {
  const before = tables[i - 256] as number;
  tables[i] = (tables[before & 0xff] as number) ^ (before >>> 8);
}

/** CRC-32, as zlib's, of the bytes from `start` to `end`, continued from an earlier one. */
export function checksum(bytes: Buffer, start: number, end: number, before = 0): number {
  if (end - start > maxBytesHere) return crc32(bytes.subarray(start, end), before);
  let sum = ~before;
  let at = start;
  for (; at + bytesPerStep <= end; at += bytesPerStep) {
    sum =
      ofByte(7, sum ^ (bytes[at] as number)) ^
      ofByte(6, (sum >>> 8) ^ (bytes[at + 1] as number)) ^
      ofByte(5, (sum >>> 16) ^ (bytes[at + 2] as number)) ^
      ofByte(4, (sum >>> 24) ^ (bytes[at + 3] as number)) ^
      ofByte(3, bytes[at + 4] as number) ^
      ofByte(2, bytes[at + 5] as number) ^
      ofByte(1, bytes[at + 6] as number) ^
      ofByte(0, bytes[at + 7] as number);
  }
  for (; at < end; at++) sum = ofByte(0, sum ^ (bytes[at] as number)) ^ (sum >>> 8);
  return ~sum >>> 0;
}

/** What a byte contributes that is followed by so many in the same step. */
function ofByte(following: number, byte: number): number {
  return tables[(following << 8) + (byte & 0xff)] as number;
}

/** Of a payload under its key: a value found under another key is damage too. */
export function recordChecksum(key: Buffer, value: Buffer, payloadStart: number): number {
  return checksum(value, payloadStart, value.length, checksum(key, 0, key.length));
}
