import type { Dice } from '../../simulation/dice.ts';

/** Bytes that mean something somewhere: ends of lengths, codes, property identifiers, parts of text. */
const words: readonly Uint8Array[] = [
  ...['00', '01', '7f', '80', 'ff', '0000', '0001', 'ffff', '8000', 'ffffff7f', '80808001'],
  ...[
    '00044d515454',
    '00064d5149736470',
    '04',
    '05',
    'c0',
    'c000',
    'e000',
    'f000',
    '2b',
    '23',
    '2f',
  ],
  ...['c280', 'c3a9', 'eda080', 'f09f9880', 'efbfbe', 'c080', 'efbbbf', '00062473686172652f'],
  ...[
    '0b01',
    '1100000000',
    '210001',
    '2300010000',
    '260000',
    '2600016100016200',
    '150000',
    '160000',
  ],
  ...[
    '0101',
    '0200000001',
    '08000161',
    '09000100',
    '1f0000',
    '1c0000',
    '270000ffff',
    '1901',
    '1700',
  ],
].map((hex) => Buffer.from(hex, 'hex'));

/** An input never grows beyond this, but for the rare ones that are blown up. */
const maxBytes = 400;
const maxBlownBytes = 65_536;

/** One to four random changes; then, mostly, the lengths of the packets are put right again. */
export function mutateBytes(bytes: Uint8Array, other: Uint8Array, dice: Dice): Uint8Array {
  const frames = framesOf(bytes);
  const chosen = dice.below(frames.length);
  let frame = frames[chosen] ?? new Uint8Array(0);
  const header = headerBytes(frame);
  for (let changes = dice.between(1, 4); changes > 0; changes--) frame = change(frame, other, dice);
  if (dice.chance(75)) frame = framed(frame, header);
  frames[chosen] = frame;
  if (dice.chance(5)) frames.splice(dice.below(frames.length + 1), 0, frame);
  if (dice.chance(5)) frames.push(other);
  if (dice.chance(3)) frames.splice(dice.below(frames.length), 1);
  const all = Buffer.concat(frames);
  if (dice.below(4_000) === 0) return blownUp(all, dice);
  return all.subarray(0, maxBytes);
}

function change(bytes: Uint8Array, other: Uint8Array, dice: Dice): Uint8Array {
  const at = dice.below(bytes.length + 1);
  const part = bytes.subarray(at, at + dice.between(1, 8));
  switch (dice.below(10)) {
    case 0:
      return changed(bytes, at, (byte) => byte ^ (1 << dice.below(8)));
    case 1:
      return changed(bytes, at, () => dice.below(256));
    case 2:
      return changed(bytes, at, (byte) => byte + (dice.chance(50) ? 1 : -1));
    case 3:
      return spliced(bytes, at, 0, dice.pick(words));
    case 4: {
      const word = dice.pick(words);
      return spliced(bytes, at, word.length, word);
    }
    case 5:
      return spliced(bytes, at, dice.between(1, 8), new Uint8Array(0));
    case 6:
      return spliced(bytes, at, 0, part);
    case 7: {
      const from = dice.below(other.length + 1);
      return spliced(bytes, at, dice.below(4), other.subarray(from, from + dice.between(1, 24)));
    }
    case 8:
      return bytes.subarray(0, at);
    default:
      return spliced(bytes, at, part.length, part.toReversed());
  }
}

function changed(bytes: Uint8Array, at: number, make: (byte: number) => number): Uint8Array {
  if (at >= bytes.length) return bytes;
  const copy = Buffer.from(bytes);
  copy[at] = make(bytes[at] as number);
  return copy;
}

function spliced(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
}

/** Parts of it again and again: what costs more than its length shows then. */
function blownUp(bytes: Uint8Array, dice: Dice): Uint8Array {
  const at = dice.below(bytes.length + 1);
  const part = bytes.subarray(at, at + dice.between(1, 24));
  if (part.length === 0) return bytes;
  const times = dice.below(Math.floor(maxBlownBytes / part.length));
  const parts = new Array<Uint8Array>(times).fill(part);
  const middle = Buffer.concat([bytes.subarray(0, at), ...parts, bytes.subarray(at)]);
  return framed(middle, headerBytes(bytes)).subarray(0, maxBlownBytes);
}

/** The packets, as far as their lengths say; the last one may be cut. At least one. */
export function framesOf(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.subarray(at);
    const size = headerBytes(rest) + announcedBytes(rest);
    frames.push(rest.subarray(0, size));
    at += size;
  }
  return frames.length === 0 ? [new Uint8Array(0)] : frames;
}

/** The bytes behind a header of so many bytes, with a header that says their length. */
export function framed(bytes: Uint8Array, header: number): Uint8Array {
  const body = bytes.subarray(header);
  const length: number[] = [];
  for (let left = body.length; length.length === 0 || left > 0; left >>= 7) {
    length.push(left > 0x7f ? (left & 0x7f) | 0x80 : left);
  }
  return Buffer.concat([bytes.subarray(0, 1), Uint8Array.from(length), body]);
}

/** First byte and Remaining Length. */
export function headerBytes(bytes: Uint8Array): number {
  let at = 1;
  while (at < 4 && (bytes[at] ?? 0) >= 0x80) at++;
  return at + 1;
}

function announcedBytes(bytes: Uint8Array): number {
  let length = 0;
  const end = headerBytes(bytes);
  for (let at = 1; at < end; at++) length |= ((bytes[at] ?? 0) & 0x7f) << (7 * (at - 1));
  return length;
}
