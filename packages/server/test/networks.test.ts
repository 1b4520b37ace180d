import { describe, expect, it } from 'vitest';
import { Networks } from '../src/networks.ts';

const networks = new Networks(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '::1']);

describe('networks', () => {
  it.each(['10.0.0.1', '10.255.255.255', '192.0.2.7', 'fd12:3456::7', '::1', '::ffff:10.1.2.3'])(
    'have %s',
    (address) => expect(networks.has(address)).toBe(true),
  );

  it.each(['11.0.0.1', '192.0.2.8', '2001:db8::1', '::2', '::ffff:192.0.2.8', 'fe80::1%eth0'])(
    'have no %s',
    (address) => expect(networks.has(address)).toBe(false),
  );

  it.each([undefined, '', 'localhost', '10.0.0'])('have nothing that is no address: %s', (text) => {
    expect(networks.has(text)).toBe(false);
  });

  it('have an address of an interface without the name of that', () => {
    expect(new Networks(['fe80::/10']).has('fe80::1%eth0')).toBe(true);
  });
});
