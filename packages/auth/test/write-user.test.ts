import { Buffer } from 'node:buffer';
import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Proceed } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { auth } from '../src/auth.ts';
import { verifyPassword } from '../src/passwords/password.ts';
import type { UsersFile } from '../src/users/users-file.ts';
import { writeUser } from '../src/users/write-user.ts';
import { loadUsers, loginOf, plugIn, stepOf, temporaryDirectory } from './fakes.ts';
import { ScramClient } from './scram-client.ts';

async function freshPath(): Promise<string> {
  return join(await temporaryDirectory(), 'users.json');
}

async function usersIn(path: string): Promise<UsersFile['users']> {
  return (JSON.parse(await readFile(path, 'utf8')) as UsersFile).users;
}

/** The two ways to log in with a users file. */
async function loginsOf(path: string) {
  const { authenticate, exchange } = await plugIn(auth({ users: path }));
  const unused = () => expect.fail('the hook is not registered');
  return { login: authenticate ?? unused, exchange: exchange ?? unused };
}

describe('writeUser', () => {
  it('creates the file for its owner only, adds, and replaces in place', async () => {
    const path = await freshPath();
    expect(await writeUser(path, 'anna', 'one')).toBe('added');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await writeUser(path, 'ben', 'two')).toBe('added');
    expect(await writeUser(path, 'anna', 'three')).toBe('replaced');

    const [anna, ben] = await usersIn(path);
    expect([anna?.name, ben?.name]).toEqual(['anna', 'ben']);
    expect(await verifyPassword('three', anna?.password ?? '')).toBe(true);
    expect(await verifyPassword('two', ben?.password ?? '')).toBe(true);
    expect((await loadUsers(path)).passwords.size).toBe(2);
    expect(await readdir(join(path, '..'))).toEqual(['users.json']);
  });

  it('writes a password for a login and for SCRAM, and replaces both', async () => {
    const path = await freshPath();
    await writeUser(path, 'anna', 'one');
    const [before] = await usersIn(path);
    await writeUser(path, 'anna', 'two');
    const [after] = await usersIn(path);
    expect(after?.scram).toMatch(/^scram-sha-256\$100000\$/);
    expect(after?.scram).not.toBe(before?.scram);

    const { login, exchange } = await loginsOf(path);
    for (const [password, allowed] of [
      ['two', true],
      ['one', false],
    ] as const) {
      expect(await login(loginOf('anna', password))).toMatchObject({ allowed });
      const client = new ScramClient('anna', password);
      const challenge = exchange(stepOf(client.first())) as Proceed;
      expect(exchange(stepOf(client.final(challenge.data)))).toMatchObject({ allowed });
    }
  });

  it.each([
    ['bytes that are no text', 'anna', Buffer.of(0xff)],
    ['control characters', 'anna', 'one\n'],
    ['a name that clients send in another form', '\u212B', 'one'],
  ])('leaves SCRAM out for %s', async (_, name, password) => {
    const path = await freshPath();
    await writeUser(path, name, password);
    const [user] = await usersIn(path);
    expect(user).not.toHaveProperty('scram');
    expect(await verifyPassword(password, user?.password ?? '')).toBe(true);
    expect((await loadUsers(path)).passwords.size).toBe(1);
  });

  it('keeps the permissions of a file that was there, and a symbolic link', async () => {
    const path = await freshPath();
    await writeFile(path, '{ "users": [] }');
    await chmod(path, 0o640);
    const link = `${path}.link`;
    await symlink(path, link);
    await writeUser(link, 'anna', 'one');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await usersIn(path)).toHaveLength(1);
  });

  it('leaves a broken file as it is', async () => {
    const path = await freshPath();
    await writeFile(path, '{ "users": [');
    await expect(writeUser(path, 'anna', 'one')).rejects.toMatchObject({
      code: 'SLUICE_AUTH_USERS_FILE',
    });
    expect(await readFile(path, 'utf8')).toBe('{ "users": [');
    expect(await readdir(join(path, '..'))).toEqual(['users.json']);
  });

  it('loses nobody when two write at once: one of them is refused, or both are in', async () => {
    const path = await freshPath();
    const results = await Promise.allSettled([
      writeUser(path, 'anna', 'one'),
      writeUser(path, 'ben', 'two'),
    ]);
    const written = results.filter(({ status }) => status === 'fulfilled');
    expect(written.length).toBeGreaterThan(0);
    expect(await usersIn(path)).toHaveLength(written.length);
  });

  it('refuses while another writer is at work', async () => {
    const path = await freshPath();
    await writeFile(`${path}.new`, '');
    await expect(writeUser(path, 'anna', 'one')).rejects.toThrow('somebody else is writing it');
    expect(await readdir(join(path, '..'))).toEqual(['users.json.new']);
  });

  it('names the failure where the directory does not exist', async () => {
    const path = join(await temporaryDirectory(), 'none', 'users.json');
    await expect(writeUser(path, 'anna', 'one')).rejects.toThrow('cannot be written (ENOENT)');
  });

  it.each(['', 'a\0b', '\ud800'])('refuses the name %j', async (name) => {
    const path = await freshPath();
    await expect(writeUser(path, name, 'one')).rejects.toMatchObject({
      code: 'SLUICE_AUTH_OPTIONS',
    });
  });
});
