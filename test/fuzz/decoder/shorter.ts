import { leavingOut } from '../engine/shrink.ts';
import { framed, framesOf, headerBytes } from './mutate-bytes.ts';

/** As far behind the header there may be the length of the properties, or of a string before them. */
const lengthsWithin = 16;

/** The bytes with parts of a packet left out: as they are, or with lengths that are right again. */
export function* shorter(bytes: Uint8Array): Generator<Uint8Array> {
  const frames = framesOf(bytes);
  for (const [index, frame] of frames.entries()) {
    const header = headerBytes(frame);
    const head = frame.subarray(0, header);
    for (const body of shorterBodies([...frame.subarray(header)])) {
      const packet = framed(Buffer.concat([head, Uint8Array.from(body)]), header);
      yield Buffer.concat(frames.with(index, packet));
    }
  }
  for (const left of leavingOut([...bytes])) yield Uint8Array.from(left);
}

/** Every size when they are small: a character of UTF-8 goes as a whole or not at all. */
function* shorterBodies(body: readonly number[]): Generator<readonly number[]> {
  for (let size = body.length; size >= 1; size = size > 24 ? size >> 1 : size - 1) {
    for (let at = 0; at + size <= body.length; at += size > 8 ? size >> 1 : 1) {
      const left = body.toSpliced(at, size);
      yield* withLess(left, size);
      // The beginning of a string: its length stands just before.
      const length = left[at - 1] ?? 0;
      if (length >= size) yield* withLess(left.with(at - 1, length - size), size);
    }
  }
}

/** The bytes themselves, and with each of the first ones lowered by as much as was left out. */
function* withLess(bytes: readonly number[], removed: number): Generator<readonly number[]> {
  yield bytes;
  for (const [at, byte] of bytes.slice(0, lengthsWithin).entries()) {
    if (byte >= removed) yield bytes.with(at, byte - removed);
  }
}
