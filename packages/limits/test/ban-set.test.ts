import { BlockList } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readBan } from '../src/ban.ts';
import { BanSet } from '../src/ban-set.ts';

function setOf(...bans: object[]): BanSet {
  const set = new BanSet();
  for (const ban of bans) set.add(readBan(ban, 'CODE'));
  return set;
}

describe('BanSet', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.7', '::ffff:192.0.2.7', true],
    ['192.0.2.7', '::ffff:192.0.2.8', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['192.0.2.7', 'no address', false],
  ])('%s hits %s: %s', (address, suspect, isHit) => {
    expect(setOf({ address }).hits({ address: suspect }, 0)).toBe(isHit);
  });

  it('tells users from client identifiers', () => {
    const set = setOf({ user: 'anna' });
    expect(set.hits({ clientId: 'anna' }, 0)).toBe(false);
    expect(set.hits({ userName: 'anna' }, 0)).toBe(true);
    expect(set.hits({ identity: 'anna' }, 0)).toBe(true);
  });

  it('forgets bans whose time is over', () => {
    const set = setOf({ address: '192.0.2.7', until: 100 }, { clientId: 'c', until: 200 });
    expect(set.hits({ address: '192.0.2.7' }, 99)).toBe(true);
    expect(set.hits({ address: '192.0.2.7' }, 100)).toBe(false);
    expect(set.hits({ clientId: 'c' }, 199)).toBe(true);
    expect(set.list(200)).toEqual([]);
  });

  it('takes a second ban of the same for a change of its end', () => {
    const set = setOf({ clientId: 'c', until: 100 }, { clientId: 'c', until: 200 });
    expect(set.list(150)).toEqual([{ clientId: 'c', until: 200 }]);
    expect(set.remove({ kind: 'clientId', value: 'c' })).toBe(true);
    expect(set.hits({ clientId: 'c' }, 150)).toBe(false);
    expect(set.remove({ kind: 'clientId', value: 'c' })).toBe(false);
  });

  it('looks at no other ban when one comes, goes or ends', () => {
    let looks = 0;
    const watched = (address: string, until: number) => ({
      get address() {
        looks += 1;
        return address;
      },
      until,
    });
    const set = new BanSet();
    for (let i = 0; i < 1_000; i += 1) set.add(watched(`10.0.${i >> 8}.${i & 255}`, 100 + i));
    const suspect = { address: '10.0.3.0' };
    expect(set.hits(suspect, 0)).toBe(true);
    looks = 0;
    set.add({ address: '192.0.2.7' });
    expect(set.hits(suspect, 0)).toBe(true);
    set.remove({ kind: 'address', value: '192.0.2.7' });
    expect(set.hits(suspect, 0)).toBe(true);
    expect(set.hits(suspect, 100)).toBe(true);
    expect(set.hits({ address: '10.0.0.0' }, 100)).toBe(false);
    expect(looks).toBeLessThan(20);
  });

  it('keeps a network of two bans until both are gone', () => {
    const set = setOf({ address: '192.0.2.0/24' }, { address: '192.0.2.9/24', until: 100 });
    set.add({ address: '192.0.2.0/24', until: 50 });
    expect(set.hits({ address: '192.0.2.7' }, 49)).toBe(true);
    expect(set.hits({ address: '192.0.2.7' }, 50)).toBe(true);
    expect(set.hits({ address: '192.0.2.7' }, 100)).toBe(false);
  });

  it('finds what a BlockList of Node finds', () => {
    const addresses = ['::', '::1', '::ffff:10.1.2.3', '10.1.2.3', '10.1.2.4', '0.0.0.0', 'ff::1'];
    addresses.push('2001:db8::1', '2001:db8:0:1::1', '255.255.255.255', '::10.1.2.3', 'fe80::8000');
    for (const network of addresses) {
      const family = network.includes(':') ? 'ipv6' : 'ipv4';
      for (let prefix = 1; prefix <= (family === 'ipv4' ? 32 : 128); prefix += 1) {
        const list = new BlockList();
        list.addSubnet(network, prefix, family);
        const set = setOf({ address: `${network}/${prefix}` });
        for (const address of addresses) {
          const found = list.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
          expect([network, prefix, address, set.hits({ address }, 0)]).toEqual([
            network,
            prefix,
            address,
            found,
          ]);
        }
      }
    }
  });
});

describe('readBan', () => {
  it.each([
    [undefined],
    [[]],
    [{}],
    [{ clientId: '' }],
    [{ clientId: 'c', user: 'u' }],
    [{ address: 'example.com' }],
    [{ address: '192.0.2.0/33' }],
    [{ address: '192.0.2.0/' }],
    [{ clientId: 'c', until: '2027-01-01' }],
    [{ clientId: 'c', untill: 5 }],
    [{ clientId: 'c', reason: 5 }],
  ])('refuses %j', (ban) => {
    expect(() => readBan(ban, 'CODE')).toThrow(expect.objectContaining({ code: 'CODE' }));
  });
});
