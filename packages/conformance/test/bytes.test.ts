import { PacketType } from '@sluice/packet';
import { describe, expect, it } from 'vitest';
import { bytes, props, rawPacket, str, toHex, vbi } from '../src/bytes.ts';
import { matches } from '../src/matching.ts';
import { PacketStream } from '../src/packet-stream.ts';

describe('bytes', () => {
  it('are put together from numbers, hexadecimal digits and bytes', () => {
    expect(toHex(bytes(1, '02 03', new Uint8Array([4])))).toBe('01 02 03 04');
    expect(() => bytes('0')).toThrow('not hexadecimal');
  });

  it('make packets with lengths that fit', () => {
    expect(toHex(rawPacket(0x30, str('a'), props('01 01')))).toBe('30 06 00 01 61 02 01 01');
    expect([0, 127, 128, 16_383, 16_384].map((one) => toHex(vbi(one)))).toEqual([
      '00',
      '7f',
      '80 01',
      'ff 7f',
      '80 80 01',
    ]);
  });
});

describe('PacketStream', () => {
  it('cuts packets wherever the chunks end', () => {
    const all = bytes('d0 00', rawPacket(0x30, new Uint8Array(200)), 'd0 00');
    for (const size of [1, 2, 3, 100, 1_000]) {
      const stream = new PacketStream();
      const lengths: number[] = [];
      for (let at = 0; at < all.length; at += size) {
        lengths.push(...stream.push(all.subarray(at, at + size)).map(({ length }) => length));
      }
      expect(lengths).toEqual([2, 203, 2]);
    }
  });

  it('refuses a Remaining Length of five bytes', () => {
    expect(() => new PacketStream().push(bytes('30 80 80 80 80 01'))).toThrow('four bytes');
  });
});

describe('matches', () => {
  const packet = {
    type: PacketType.publish,
    payload: bytes('68 69'),
    properties: { contentType: 'text', userProperties: [['a', 'b']] },
  };

  it.each([
    [{}, true],
    [{ payload: 'hi' }, true],
    [{ payload: 'ho' }, false],
    [{ payload: new Uint8Array([0x68, 0x69]) }, true],
    [{ properties: { contentType: 'text' } }, true],
    [{ properties: { contentType: undefined } }, false],
    [{ properties: { topicAlias: undefined } }, true],
    [{ properties: { userProperties: [['a', 'b']] } }, true],
    [{ properties: { userProperties: [] } }, false],
    [{ type: (type: number) => type === 3 }, true],
  ])('%o: %s', (expected, result) => {
    expect(matches(packet, expected)).toBe(result);
  });
});
