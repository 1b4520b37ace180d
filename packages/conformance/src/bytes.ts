import { Buffer } from 'node:buffer';

/** A byte, bytes in hexadecimal (blanks are ignored), or the bytes themselves. */
export type Part = number | string | Uint8Array;

/** Parts behind each other. */
export function bytes(...parts: readonly Part[]): Uint8Array {
  return Buffer.concat(parts.map(toBytes));
}

/** A packet of any kind, right or wrong: its first byte, a Remaining Length that fits, and its body. */
export function rawPacket(firstByte: number, ...body: readonly Part[]): Uint8Array {
  const content = bytes(...body);
  return bytes(firstByte, vbi(content.length), content);
}

/** A Variable Byte Integer in its shortest form. */
export function vbi(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = value;
  do {
    digits.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.from(digits);
}

export function u16(value: number): Uint8Array {
  return Buffer.from([value >>> 8, value & 0xff]);
}

export function u32(value: number): Uint8Array {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(value);
  return four;
}

/** Text, or any bytes in its place, behind their length of two bytes: a UTF-8 string or binary data. */
export function str(content: string | Uint8Array): Uint8Array {
  const encoded = typeof content === 'string' ? Buffer.from(content) : content;
  return bytes(u16(encoded.length), encoded);
}

/** Properties behind their length. */
export function props(...parts: readonly Part[]): Uint8Array {
  const content = bytes(...parts);
  return bytes(vbi(content.length), content);
}

/** Bytes as they stand in reports: `20 02 00 00`. */
export function toHex(content: Uint8Array, maxBytes: number = 256): string {
  const shown = Buffer.from(content.subarray(0, maxBytes)).toString('hex');
  const spaced = shown.replaceAll(/..(?=.)/g, '$& ');
  return content.length > maxBytes ? `${spaced} ... (${content.length} bytes)` : spaced;
}

function toBytes(part: Part): Uint8Array {
  if (typeof part === 'number') return Buffer.from([part]);
  if (typeof part !== 'string') return part;
  const digits = part.replaceAll(/\s/g, '');
  if (!/^(?:[0-9a-f]{2})*$/i.test(digits)) throw new TypeError(`not hexadecimal: ${part}`);
  return Buffer.from(digits, 'hex');
}
