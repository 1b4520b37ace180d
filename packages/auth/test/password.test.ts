import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { hashPassword, parsePasswordHash, verifyPassword } from '../src/passwords/password.ts';
import { cheapHash } from './fakes.ts';

const salt = Buffer.alloc(16, 1).toString('base64url');
const key = Buffer.alloc(32, 2).toString('base64url');

describe('hashPassword', () => {
  it('makes a hash that verifies this password only, as text or as bytes', async () => {
    const hash = await hashPassword('Grüße');
    expect(hash).toMatch(/^scrypt\$16384\$8\$1\$/);
    expect(await verifyPassword('Grüße', hash)).toBe(true);
    expect(await verifyPassword(Buffer.from('Grüße'), hash)).toBe(true);
    expect(await verifyPassword('grüße', hash)).toBe(false);
    expect(await verifyPassword('', hash)).toBe(false);
  });

  it('salts', async () => {
    const [one, two] = await Promise.all([hashPassword('same'), hashPassword('same')]);
    expect(one).not.toBe(two);
  });

  it.each([0, 65_536])('refuses a password of %i bytes', async (length) => {
    await expect(hashPassword(Buffer.alloc(length))).rejects.toMatchObject({
      code: 'SLUICE_AUTH_OPTIONS',
    });
  });
});

describe('verifyPassword', () => {
  it('takes a cost above the 32 MiB that Node allows unasked', async () => {
    const heavy = `scrypt$65536$8$1$${salt}$${key}`;
    expect(await verifyPassword('x', heavy)).toBe(false);
  });

  it('names neither password nor hash when the hash is malformed', async () => {
    const error: Error = await verifyPassword('hunter2', 'md5$deadbeef').catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'SLUICE_AUTH_OPTIONS' });
    expect(error.message).not.toMatch(/hunter2|deadbeef/);
  });
});

describe('parsePasswordHash', () => {
  it('reads what is well formed', () => {
    expect(parsePasswordHash(cheapHash('x'))?.cost).toEqual({ N: 1024, r: 1, p: 1 });
    expect(parsePasswordHash(`scrypt$131072$8$1$${salt}$${key}`)).toBeDefined();
  });

  it.each([
    ['another scheme', `argon2$16384$8$1$${salt}$${key}`],
    ['plain text', 'hunter2'],
    ['nothing', ''],
    ['N not a power of two', `scrypt$16383$8$1$${salt}$${key}`],
    ['N too low', `scrypt$512$8$1$${salt}$${key}`],
    ['too much memory', `scrypt$262144$8$1$${salt}$${key}`],
    ['too much work through r', `scrypt$131072$16$1$${salt}$${key}`],
    ['too much work through p', `scrypt$131072$8$2$${salt}$${key}`],
    ['N beyond reason', `scrypt$9007199254740992$8$1$${salt}$${key}`],
    ['r of zero', `scrypt$16384$0$1$${salt}$${key}`],
    ['a sign', `scrypt$16384$-8$1$${salt}$${key}`],
    ['an exponent', `scrypt$1e4$8$1$${salt}$${key}`],
    ['a salt too short', `scrypt$16384$8$1$${salt.slice(4)}$${key}`],
    ['a key too short', `scrypt$16384$8$1$${salt}$${key.slice(4)}`],
    ['a key too long', `scrypt$16384$8$1$${salt}$${'A'.repeat(90)}`],
    ['padding', `scrypt$16384$8$1$${salt}==$${key}`],
    ['plain base64', `scrypt$16384$8$1$${salt.slice(1)}+$${key}`],
    ['bits that are not canonical', `scrypt$16384$8$1$${salt}$${key.slice(0, -1)}J`],
    ['a line break', `scrypt$16384$8$1$${salt}$${key}\n`],
    ['a part too many', `scrypt$16384$8$1$${salt}$${key}$`],
  ])('refuses %s', (_, text) => {
    expect(parsePasswordHash(text)).toBeUndefined();
  });
});
