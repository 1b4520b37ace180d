/**
 * A copy of bytes in memory of exactly its size. `Buffer.prototype.slice` would be a view, and `Buffer.from`
 * would pin a pool.
 */
export function ownBytes(bytes: Uint8Array, start = 0, end: number = bytes.length): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}
