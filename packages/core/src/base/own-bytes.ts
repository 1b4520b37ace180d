/** Whether a value is a Uint8Array, also of another context of Node. */
export function isBytes(value: unknown): value is Uint8Array {
  if (value instanceof Uint8Array) return true;
  return ArrayBuffer.isView(value) && (value as Uint8Array)[Symbol.toStringTag] === 'Uint8Array';
}

/**
 * A copy of bytes in memory of exactly its size. `Buffer.prototype.slice` would be a view, and `Buffer.from`
 * would pin a pool.
 */
export function ownBytes(bytes: Uint8Array, start = 0, end: number = bytes.length): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}

/** The same bytes as a Buffer, which is what applications expect a payload to be: `String(message.payload)`. */
export function asBuffer(bytes: Uint8Array): Buffer {
  if (bytes instanceof Buffer) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
