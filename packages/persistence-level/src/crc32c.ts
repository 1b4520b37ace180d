// CRC-32C (Castagnoli), which LevelDB's files use; zlib has another polynomial.

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** The checksum of a part of a buffer. */
export function crc32c(buffer: Buffer, start: number, end: number): number {
  let value = 0xffff_ffff;
  for (let i = start; i < end; i++) {
    value = (table[(value ^ (buffer[i] ?? 0)) & 0xff] ?? 0) ^ (value >>> 8);
  }
  return ~value >>> 0;
}
