import { describe, expect, it } from 'vitest';
import { addressGroup } from '../src/attempts/address-group.ts';
import { AttemptLimits, type AttemptSettings } from '../src/attempts/attempt-limits.ts';
import { FailureWindows } from '../src/attempts/failure-windows.ts';

const settings: AttemptSettings = {
  maxFailuresPerAddress: 4,
  maxFailuresPerUser: 2,
  windowSeconds: 60,
};

/** Limits with a clock that the test moves. */
function atTime() {
  const clock = { now: 0 };
  return { clock, limits: new AttemptLimits(settings, () => clock.now) };
}

describe('attempts', () => {
  it('of one user are refused after so many failures, from wherever, until the window is over', () => {
    const { clock, limits } = atTime();
    limits.failed({ address: '10.0.0.1', user: 'anna' });
    clock.now = 30_000;
    limits.failed({ address: '10.0.0.2', user: 'anna' });
    const attempt = { address: '10.0.0.3', user: 'anna' };
    expect(limits.refusal(attempt)).toBe('maxFailuresPerUser');
    expect(limits.refusal({ ...attempt, user: 'ben' })).toBeUndefined();
    clock.now = 59_999;
    expect(limits.refusal(attempt)).toBe('maxFailuresPerUser');
    clock.now = 60_000;
    expect(limits.refusal(attempt)).toBeUndefined();
    limits.failed(attempt);
    expect(limits.refusal(attempt)).toBeUndefined();
  });

  it('from one address are refused after so many failures, as whoever', () => {
    const { limits } = atTime();
    for (let n = 0; n < 4; n++) limits.failed({ address: '10.0.0.1', user: `user-${n}` });
    expect(limits.refusal({ address: '10.0.0.1', user: 'anna' })).toBe('maxFailuresPerAddress');
    expect(limits.refusal({ address: '10.0.0.2', user: 'anna' })).toBeUndefined();
  });

  it('from no address are counted by user only', () => {
    const { limits } = atTime();
    for (let n = 0; n < 9; n++) limits.failed({ address: undefined, user: `user-${n}` });
    expect(limits.refusal({ address: undefined, user: 'anna' })).toBeUndefined();
    limits.failed({ address: undefined, user: 'anna' });
    limits.failed({ address: undefined, user: 'anna' });
    expect(limits.refusal({ address: undefined, user: 'anna' })).toBe('maxFailuresPerUser');
  });

  it('of who logged in there before are counted by themselves', () => {
    const { clock, limits } = atTime();
    const known = { address: '10.0.0.1', user: 'anna' };
    limits.succeeded(known);
    for (let n = 0; n < 9; n++) limits.failed({ address: '10.0.0.1', user: `user-${n}` });
    for (let n = 0; n < 9; n++) limits.failed({ address: '10.0.0.2', user: 'anna' });
    expect(limits.refusal(known)).toBeUndefined();
    limits.failed(known);
    limits.failed(known);
    expect(limits.refusal(known)).toBe('maxFailuresPerUser');
    clock.now = 60_000;
    expect(limits.refusal(known)).toBeUndefined();
    // Nor do they count for the address.
    expect(limits.refusal({ address: '10.0.0.1', user: 'ben' })).toBeUndefined();
  });

  it('keep long names apart', () => {
    const { limits } = atTime();
    const long = 'u'.repeat(65_000);
    limits.failed({ address: undefined, user: `${long}a` });
    limits.failed({ address: undefined, user: `${long}a` });
    expect(limits.refusal({ address: undefined, user: `${long}a` })).toBe('maxFailuresPerUser');
    expect(limits.refusal({ address: undefined, user: `${long}b` })).toBeUndefined();
  });
});

describe('windows', () => {
  it('are bounded in number: what is over goes first, then what ends first', () => {
    const windows = new FailureWindows(1, 100, 3);
    windows.count('a', 0);
    windows.count('b', 10);
    windows.count('c', 20);
    windows.count('d', 30);
    expect(['a', 'b', 'c', 'd'].filter((name) => windows.isFull(name, 30))).toEqual([
      'b',
      'c',
      'd',
    ]);
    windows.count('e', 125);
    expect(windows.size).toBe(2);
    for (let n = 0; n < 1_000; n++) windows.count(`name-${n}`, 130);
    expect(windows.size).toBe(3);
  });
});

describe('the group of an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['::1:ffff:c000:201', '0:0:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:0DB8::1', '2001:db8:0:0::/64'],
    ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['somewhere', 'somewhere'],
  ])('%s is %s', (address, group) => {
    expect(addressGroup(address)).toBe(group);
  });
});
