import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cheapHash, loadUsers, temporaryDirectory } from './fakes.ts';
import { keysOf } from './scram-client.ts';

const hash = cheapHash('right');
const scram = keysOf('right');
const user = (name: unknown, password: unknown = hash) => ({ name, password });
const scramUser = (keys: unknown, name = 'anna') => ({ name, scram: keys });

async function faultOf(given: string | object): Promise<Error> {
  const error = await loadUsers(given).then(
    () => expect.fail('it was accepted'),
    (thrown: Error) => thrown,
  );
  expect(error).toMatchObject({ name: 'BrokerError', code: 'SLUICE_AUTH_USERS_FILE' });
  expect(error.cause).toBeUndefined();
  return error;
}

async function fileOf(content: string | Uint8Array): Promise<string> {
  const path = join(await temporaryDirectory(), 'users.json');
  await writeFile(path, content);
  return path;
}

describe('loadUsers', () => {
  it('reads a file, and the same value from code', async () => {
    const document = { users: [user('anna'), user('+'), user('a/#'), user('__proto__')] };
    const path = await fileOf(`\uFEFF${JSON.stringify(document)}`);
    const names = ['anna', '+', 'a/#', '__proto__'];
    expect([...(await loadUsers(path)).passwords.keys()]).toEqual(names);
    expect([...(await loadUsers(document)).passwords.keys()]).toEqual(names);
  });

  it('takes keys for SCRAM beside a password, in place of one, or for nobody', async () => {
    const both = { ...user('anna'), scram };
    const { passwords, scramKeys } = await loadUsers({
      users: [both, user('ben'), scramUser(scram, 'carl')],
    });
    expect([...passwords.keys()]).toEqual(['anna', 'ben']);
    expect([...scramKeys.keys()]).toEqual(['anna', 'carl']);
    expect((await loadUsers({ users: [user('anna')] })).scramKeys.size).toBe(0);
  });

  it.each([
    ['not an object', [], 'the top level must be an object'],
    ['no users', {}, 'the top level lacks the key "users"'],
    ['users not a list', { users: {} }, 'users must be a list'],
    ['unknown key above', { users: [], user: [] }, 'the top level has the unknown key "user"'],
    ['not a record', { users: ['anna'] }, 'users[0] must be an object'],
    ['null', { users: [null] }, 'users[0] must be an object'],
    ['no name', { users: [{ password: hash }] }, 'users[0] lacks the key "name"'],
    ['no password', { users: [{ name: 'anna' }] }, 'users[0] has neither password nor scram'],
    [
      'unknown key',
      { users: [user('a'), { ...user('b'), admin: true }] },
      'users[1] has the unknown key "admin"',
    ],
    ['name not a text', { users: [user(7)] }, 'users[0].name must be'],
    ['empty name', { users: [user('')] }, 'users[0].name must be'],
    ['U+0000 in the name', { users: [user('a\0b')] }, 'users[0].name must be'],
    ['lone surrogate', { users: [user('\ud800')] }, 'users[0].name must be'],
    ['name too long', { users: [user('u'.repeat(65_536))] }, 'users[0].name must be'],
    ['password not a text', { users: [user('a', 7)] }, 'users[0].password must be a text'],
    ['password in plain', { users: [user('a', 'hunter2')] }, 'users[0].password is not a hash'],
    [
      'hash bomb',
      { users: [user('a', hash.replace('1024', '2097152'))] },
      'users[0].password is not a hash',
    ],
    ['keys not a text', { users: [scramUser(7)] }, 'users[0].scram must be a text'],
    ['keys in plain', { users: [scramUser('hunter2')] }, 'users[0].scram is not a hash'],
    [
      'keys beside a broken password',
      { users: [{ ...user('a', 'hunter2'), scram }] },
      'users[0].password is not a hash',
    ],
    [
      'a name that clients send in another form',
      { users: [user('a'), scramUser(scram, '\u212B')] },
      'users[1].name is not as SASLprep leaves it',
    ],
    [
      'duplicate',
      { users: [user('a'), user('b'), user('a')] },
      'users[2].name is also the name of users[0]',
    ],
  ])('refuses: %s', async (_, document, problem) => {
    const error = await faultOf(document);
    expect(error.message).toContain(`options.users: ${problem}`);
    expect(error.message).not.toContain('hunter2');
    expect((await faultOf(await fileOf(JSON.stringify(document)))).message).toContain(problem);
  });

  it('refuses __proto__ as a key', async () => {
    const path = await fileOf('{ "users": [], "__proto__": {} }');
    expect((await faultOf(path)).message).toContain('unknown key "__proto__"');
  });

  it.each([
    ['empty', '', 'the file is empty'],
    ['blank', ' \n', 'the file is empty'],
    ['half written', '{ "users": [ { "name": "anna", "pass', 'it ends too early'],
    ['not JSON', '{\n  "users": [ secret ] }', 'the file is not JSON'],
    ['a comma too many', '{\n  "users": [\n  ],\n}', 'not JSON at line 4, column 1'],
    ['not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), 'the file is not UTF-8'],
  ])('refuses a file that is %s, without quoting it', async (_, content, problem) => {
    const path = await fileOf(content);
    const { message } = await faultOf(path);
    expect(message).toContain(`${path}: `);
    expect(message).toContain(problem);
    expect(message).not.toMatch(/anna|secret/);
  });

  it('refuses a file that is not there, or is a directory', async () => {
    const directory = await temporaryDirectory();
    expect((await faultOf(join(directory, 'none.json'))).message).toContain('(ENOENT)');
    expect((await faultOf(directory)).message).toContain('(EISDIR)');
  });
});
