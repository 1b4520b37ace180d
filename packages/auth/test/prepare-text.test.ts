import { describe, expect, it } from 'vitest';
import { decodeText, prepareText } from '../src/text/prepare-text.ts';

describe('prepareText', () => {
  it.each([
    // The examples of RFC 4013, section 3.
    ['I\u00ADX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00AA', 'a'],
    ['\u2168', 'IX'],
    ['\u0007', undefined],
    // What is spoken of beyond them.
    [' !~', ' !~'],
    ['a\u00A0b\u3000c', 'a b c'],
    ['\u212B', 'Å'],
    ['A\u030A', 'Å'],
    ['😀', '😀'],
    ['', undefined],
    ['\u00AD', undefined],
    ['a\0', undefined],
    ['a\u007F', undefined],
    ['a\u202Eb', undefined],
    ['a\u2028b', undefined],
    ['\uE000', undefined],
    ['\uD800', undefined],
    ['\uFFFD', undefined],
    ['\uFFFF', undefined],
  ])('of %j is %j', (text, prepared) => {
    expect(prepareText(text)).toBe(prepared);
    if (prepared !== undefined) expect(prepareText(prepared)).toBe(prepared);
  });
});

describe('decodeText', () => {
  it('keeps every byte of UTF-8, and takes nothing else', () => {
    expect(decodeText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\uFEFFa');
    expect(decodeText(Uint8Array.of(0xc0, 0x80))).toBeUndefined();
    expect(decodeText(Uint8Array.of(0xed, 0xa0, 0x80))).toBeUndefined();
  });
});
