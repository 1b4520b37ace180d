/** Copies `bytes[start, end)`. Below some 64 bytes a loop beats `set`, which first has to make a view. Returns the end. */
export function copyBytes(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (end - start > 64) {
    target.set(bytes.subarray(start, end), at);
    return at + end - start;
  }
  for (let from = start; from < end; from++) target[at++] = bytes[from] as number;
  return at;
}
