// The format of Snappy, as LevelDB compresses blocks with it:
//
//   bytes of the result (varint) | elements      two lowest bits of an element's first byte: its kind
//   00 literal: length - 1 in 6 bits, or 60..63 for 1..4 bytes that hold it | as many bytes
//   01, 10, 11 copy of what was written so far: length and distance in 2, 3 or 5 bytes altogether

/** What a stream of Snappy says; undefined unless it is whole, and gives what it announces, at most `maxBytes`. */
export function uncompressSnappy(input: Buffer, maxBytes: number): Buffer | undefined {
  let at = 0;
  let announced = 0;
  for (let factor = 1; ; factor *= 0x80) {
    const byte = input[at++];
    if (byte === undefined || factor > 2 ** 28) return undefined;
    announced += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
  }
  if (announced > maxBytes) return undefined;
  const output = Buffer.allocUnsafe(announced);
  let written = 0;
  while (at < input.length) {
    const tag = input[at++] as number;
    const kind = tag & 3;
    const longLiteral = kind === 0 && tag >= 60 << 2 ? (tag >>> 2) - 59 : 0;
    const extra = kind === 0 ? longLiteral : ([0, 1, 2, 4][kind] as number);
    if (at + extra > input.length) return undefined;
    const value = extra === 0 ? 0 : input.readUIntLE(at, extra);
    at += extra;
    if (kind === 0) {
      const length = (longLiteral > 0 ? value : tag >>> 2) + 1;
      if (at + length > input.length || written + length > announced) return undefined;
      input.copy(output, written, at, at + length);
      at += length;
      written += length;
      continue;
    }
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const distance = kind === 1 ? ((tag >>> 5) << 8) + value : value;
    if (distance === 0 || distance > written || written + length > announced) return undefined;
    // Byte by byte: a copy may reach into what it writes itself.
    for (const end = written + length; written < end; written++) {
      output[written] = output[written - distance] as number;
    }
  }
  return written === announced ? output : undefined;
}
