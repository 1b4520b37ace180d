import { crc32 } from 'node:zlib';

// Calling into zlib costs more than a short record does: most are references of some ten bytes.
const maxBytesHere = 64;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32, as zlib's, of the bytes from `start` to `end`, continued from an earlier one. */
export function checksum(bytes: Buffer, start: number, end: number, before = 0): number {
  if (end - start > maxBytesHere) return crc32(bytes.subarray(start, end), before);
  let sum = ~before;
  for (let i = start; i < end; i++) {
    sum = (sum >>> 8) ^ (table[(sum ^ (bytes[i] as number)) & 0xff] as number);
  }
  return ~sum >>> 0;
}

/** Of a payload under its key: a value found under another key is damage too. */
export function recordChecksum(key: Buffer, value: Buffer, payloadStart: number): number {
  return checksum(value, payloadStart, value.length, checksum(key, 0, key.length));
}
