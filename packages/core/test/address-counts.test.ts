import { expect, test } from 'vitest';
import { AddressCounts, countedAddress } from '../src/connection/address-counts.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ['no address', 'no address'],
])('%s counts as %s', (address, expected) => {
  expect(countedAddress(address)).toBe(expected);
});

test('what is over is not counted any more', () => {
  const counts = new AddressCounts();
  counts.opened('a');
  counts.opened('a');
  counts.known('a');
  expect([counts.connections('a'), counts.strangers('a')]).toEqual([2, 1]);
  counts.closed('a');
  counts.known('a');
  counts.closed('a');
  expect([counts.connections('a'), counts.strangers('a')]).toEqual([0, 0]);
});
