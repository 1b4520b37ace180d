import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeText } from '../src/text.ts';

/** As Node has it, which is what longer texts are decoded with. */
function expected(bytes: Buffer): string | undefined {
  return bytes.includes(0) || !isUtf8(bytes) ? undefined : bytes.toString('utf8');
}

function decoded(bytes: Buffer): string | undefined {
  const around = Buffer.concat([Buffer.from('é'), bytes, Buffer.from('é')]);
  try {
    return decodeText(around, 2, 2 + bytes.length);
  } catch {
    return undefined;
  }
}

// Bytes at the edges of what may follow what, so that most of the forms are met.
const anEdge = fc.constantFrom(
  ...[0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf],
  ...[0xe0, 0xe1, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xf8, 0xff],
);
const someBytes = fc.oneof(
  fc.array(anEdge, { maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 6 }).map((text) => Buffer.from(text)),
);

test('short texts are taken and refused as long ones are', () => {
  fc.assert(
    fc.property(someBytes, (bytes) => {
      expect(decoded(bytes)).toBe(expected(bytes));
    }),
    { numRuns: 20_000 },
  );
});

test('each character alone', () => {
  for (let code = 1; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const text = String.fromCodePoint(code);
    if (decodeText(Buffer.from(text), 0, Buffer.byteLength(text)) !== text) {
      throw new Error(`U+${code.toString(16)}`);
    }
  }
});
