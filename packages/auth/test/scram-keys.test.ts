import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { hashPasswordForScram, parseScramKeys } from '../src/scram/scram-keys.ts';
import { keysOf } from './scram-client.ts';

const salt = Buffer.alloc(16, 1).toString('base64url');
const key = Buffer.alloc(32, 2).toString('base64url');
const keys = (iterations: number | string) => `scram-sha-256$${iterations}$${salt}$${key}$${key}`;

describe('hashPasswordForScram', () => {
  it('makes the keys that a client computes from the salt', async () => {
    const stored = await hashPasswordForScram('Grüße', 4_096);
    expect(stored).toBe(
      keysOf('Grüße', 4_096, Buffer.from(stored.split('$')[2] ?? '', 'base64url')),
    );
    expect(await hashPasswordForScram('Grüße', 4_096)).not.toBe(stored);
    expect(parseScramKeys(stored)?.salt).toHaveLength(16);
  });

  it('prepares the password, given as text or as bytes', async () => {
    const stored = await hashPasswordForScram(Buffer.from('a\u00ADb\u2168'), 4_096);
    expect(stored).toBe(
      keysOf('abIX', 4_096, Buffer.from(stored.split('$')[2] ?? '', 'base64url')),
    );
  });

  it.each([
    ['no password', '', 4_096],
    ['bytes that are no text', Buffer.of(0xff), 4_096],
    ['a control character', 'a\u0007', 4_096],
    ['too few iterations', 'a', 4_095],
    ['too many', 'a', 1_000_001],
    ['a part of one', 'a', 4_096.5],
  ])('refuses %s', async (_, password, iterations) => {
    await expect(hashPasswordForScram(password, iterations)).rejects.toMatchObject({
      name: 'BrokerError',
      code: 'SLUICE_AUTH_OPTIONS',
    });
  });
});

describe('parseScramKeys', () => {
  it('reads what is well formed, up to the bounds', () => {
    expect(parseScramKeys(keys(4_096))).toEqual({
      iterations: 4_096,
      salt: Buffer.alloc(16, 1),
      storedKey: Buffer.alloc(32, 2),
      serverKey: Buffer.alloc(32, 2),
    });
    expect(parseScramKeys(keys(1_000_000))?.iterations).toBe(1_000_000);
  });

  it.each([
    ['another scheme', keys(4_096).replace('256', '512')],
    ['nothing', ''],
    ['too few iterations', keys(4_095)],
    ['too many', keys(1_000_001)],
    ['iterations beyond reason', keys('99999999999')],
    ['a leading zero', keys('04096')],
    ['an exponent', keys('1e5')],
    ['a salt too short', keys(4_096).replace(salt, salt.slice(4))],
    ['a key too short', keys(4_096).slice(0, -1)],
    ['a key too long', `${keys(4_096)}A`],
    ['no server key', keys(4_096).slice(0, -44)],
    ['padding', keys(4_096).replace(salt, `${salt}==`)],
    ['plain base64', keys(4_096).replace(salt, `+${salt.slice(1)}`)],
    ['bits that are not canonical', `${keys(4_096).slice(0, -1)}J`],
    ['a line break', `${keys(4_096)}\n`],
  ])('refuses %s', (_, text) => {
    expect(parseScramKeys(text)).toBeUndefined();
  });
});
