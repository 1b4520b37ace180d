import {
  chmod,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBroker } from '@sluice/core';
import { ReasonCode } from '@sluice/packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aPlugin } from '../../core/test/support/test-broker.ts';
import { type BanList, type BanListOptions, banList } from '../src/ban-list.ts';
import { limitedBroker } from './limited-broker.ts';

async function start(options: BanListOptions = {}) {
  let bans: BanList | undefined;
  const broker = await limitedBroker((clock) => {
    bans = banList({ ...options, clock });
    const named = aPlugin(({ hook }) => {
      hook('authenticate', ({ clientId }) =>
        clientId === 'mallory-phone'
          ? { allowed: true, grant: { identity: 'mallory' } }
          : undefined,
      );
    }, 'named');
    return [named, bans];
  });
  if (bans === undefined) throw new Error('there is no ban list');
  return { ...broker, bans };
}

/** A directory that is removed when the test is over. */
async function temporaryFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-limits-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return join(directory, 'bans.json');
}

describe('banList', () => {
  it('closes the stream of a banned address without a word', async () => {
    const { world, told } = await start({ bans: [{ address: '192.0.2.0/24' }] });
    const client = world.client(5, { remoteAddress: '192.0.2.9' });
    await world.settle();
    expect(client.closed).toBe(true);
    expect(client.history).toEqual([]);
    expect(told).toEqual([expect.objectContaining({ limit: 'ban-list', action: 'refused' })]);
    const other = world.client(5, { remoteAddress: '192.0.3.9' });
    expect((await other.connect()).reasonCode).toBe(0);
  });

  it.each([
    [5, ReasonCode.banned],
    [4, 5],
  ] as const)('refuses CONNECT of a banned client or user: version %s', async (version, code) => {
    const { world } = await start({ bans: [{ clientId: 'bad' }, { user: 'mallory' }] });
    expect((await world.client(version).connect({ clientId: 'bad' })).reasonCode).toBe(code);
    const mallory = { clientId: 'm', userName: 'mallory' };
    expect((await world.client(version).connect(mallory)).reasonCode).toBe(code);
    expect((await world.client(version).connect({ clientId: 'good' })).reasonCode).toBe(0);
  });

  it('disconnects a user that only the authenticator knew', async () => {
    const { world } = await start({ bans: [{ user: 'mallory' }] });
    const client = await world.connect('mallory-phone');
    await world.settle();
    expect(client.closed).toBe(true);
    expect(client.disconnectCode).toBe(ReasonCode.administrativeAction);
  });

  it('disconnects at once whom a new ban hits, and nobody else', async () => {
    const { world, bans, told } = await start();
    const byId = await world.connect('by-id');
    const byUser = await world.connect('by-user', { userName: 'ben' });
    const byAddress = world.client(5, { remoteAddress: '2001:db8::7' });
    await byAddress.connect({ clientId: 'by-address' });
    const other = await world.connect('other');
    for (const ban of [{ clientId: 'by-id' }, { user: 'ben' }, { address: '2001:db8::/32' }]) {
      const added = bans.add(ban);
      await world.settle();
      await added;
    }
    await world.settle();
    expect([byId, byUser, byAddress].map(({ disconnectCode }) => disconnectCode)).toEqual(
      Array(3).fill(ReasonCode.administrativeAction),
    );
    expect(other.closed).toBe(false);
    expect(told.map(({ clientId }) => clientId)).toEqual(['by-id', 'by-user', 'by-address']);
  });

  it('disconnects nobody who came another way, where it is a plug-in of a scope', async () => {
    const { world } = await limitedBroker(() => []);
    const bans = banList();
    const scope = await world.broker.scope({ name: 'public', plugins: [bans] });
    const house = await world.connect('house', { userName: 'mallory' });
    const guest = world.client(5, {}, scope);
    await guest.connect({ clientId: 'guest', userName: 'mallory' });
    await bans.add({ user: 'mallory' });
    await world.settle();
    expect([house.closed, guest.closed]).toEqual([false, true]);
  });

  it('bans everywhere where it is in use, also when one of these places is closed', async () => {
    const bans = banList();
    const { world } = await limitedBroker(() => [bans]);
    const { world: other } = await limitedBroker(() => [bans]);
    const scope = await other.broker.scope({ name: 'public', plugins: [bans] });
    const inBoth = [await world.connect('a'), await other.connect('a')];
    await Promise.all([bans.add({ clientId: 'a' }), world.settle(), other.settle()]);
    expect(inBoth.map(({ closed }) => closed)).toEqual([true, true]);

    const client = await world.connect('b');
    await Promise.all([scope.close(), other.settle()]);
    await Promise.all([bans.add({ clientId: 'b' }), world.settle()]);
    expect(client.closed).toBe(true);
  });

  it('lets in again when a ban is removed, or its time is over', async () => {
    const { world, bans } = await start();
    await bans.add({ clientId: 'a' });
    await bans.add({ clientId: 'b', until: world.environment.now() + 1_000, reason: 'flood' });
    expect(bans.list()).toHaveLength(2);
    expect(await bans.remove({ clientId: 'a' })).toBe(true);
    expect(await bans.remove({ clientId: 'a' })).toBe(false);
    expect((await world.client().connect({ clientId: 'a' })).reasonCode).toBe(0);
    expect((await world.client().connect({ clientId: 'b' })).reasonCode).toBe(ReasonCode.banned);
    await world.advance(1_000);
    expect((await world.client().connect({ clientId: 'b' })).reasonCode).toBe(0);
    expect(bans.list()).toEqual([]);
  });

  it('keeps bans in a file', async () => {
    const file = await temporaryFile();
    const bans = banList({ file });
    const broker = await createBroker({ plugins: [bans] });
    await Promise.all([bans.add({ clientId: 'a', until: 4e12 }), bans.add({ user: 'mallory' })]);
    await bans.add({ address: '192.0.2.0/24', reason: 'flood' });
    await bans.remove({ user: 'mallory' });
    await broker.close();
    const expected = [
      { clientId: 'a', until: 4e12 },
      { address: '192.0.2.0/24', reason: 'flood' },
    ];
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ bans: expected });
    expect(await readdir(join(file, '..'))).toEqual(['bans.json']);

    const again = banList({ file });
    await (await createBroker({ plugins: [again] })).close();
    expect(again.list()).toEqual(expected);
  });

  it.each(['{', '{}', '{"bans":[{"clientId":""}]}', '[]'])(
    'fails the start with a file that is broken: %s',
    async (text) => {
      const file = await temporaryFile();
      await writeFile(file, text);
      await expect(createBroker({ plugins: [banList({ file })] })).rejects.toThrow(
        expect.objectContaining({ code: 'SLUICE_LIMITS_BANS_FILE' }),
      );
    },
  );

  it('bans even if the file cannot be written, and says so', async () => {
    const bans = banList({ file: join(await temporaryFile(), 'no', 'directory') });
    const broker = await createBroker({ plugins: [bans] });
    onTestFinished(() => broker.close());
    await expect(bans.add({ clientId: 'a' })).rejects.toThrow(
      expect.objectContaining({ code: 'SLUICE_LIMITS_BANS_FILE' }),
    );
    expect(bans.list()).toHaveLength(1);
    await bans.reload();
    expect(bans.list()).toHaveLength(1);
  });

  it('refuses bans and options that cannot be right', async () => {
    const code = expect.objectContaining({ code: 'SLUICE_LIMITS_OPTIONS' });
    expect(() => banList({ bans: [{}] })).toThrow(code);
    expect(() => banList({ file: '' })).toThrow(code);
    expect(() => banList({ path: 'x' } as BanListOptions)).toThrow(code);
    await expect(banList().add({ clientId: 'a', user: 'b' })).rejects.toThrow(code);
  });

  it('reads its file again: others come in, and who is banned now goes', async () => {
    const file = await temporaryFile();
    await writeFile(file, '{ "bans": [{ "clientId": "a" }] }');
    const { world, bans } = await start({ file, bans: [{ clientId: 'always' }] });
    const client = await world.connect('b');
    // An editor of Windows may begin it with a byte order mark.
    await writeFile(file, '\uFEFF{ "bans": [{ "clientId": "b" }] }');
    await bans.reload();
    await world.settle();
    expect(client.closed).toBe(true);
    expect(bans.list()).toEqual([{ clientId: 'always' }, { clientId: 'b' }]);
    expect((await world.client(5).connect({ clientId: 'a' })).reasonCode).toBe(0);
  });

  it('does not bring back what was removed, when it reads its file again', async () => {
    const { bans } = await start({ file: await temporaryFile(), bans: [{ clientId: 'a' }] });
    expect(await bans.remove({ clientId: 'a' })).toBe(true);
    await bans.reload();
    expect(bans.list()).toEqual([]);
  });

  it('leaves its file to those who may read it', async () => {
    const file = await temporaryFile();
    await writeFile(file, '{ "bans": [] }');
    await chmod(file, 0o664);
    const { bans } = await start({ file });
    await bans.add({ clientId: 'a' });
    expect((await stat(file)).mode & 0o777).toBe(0o664);
  });

  it('writes through a symbolic link', async () => {
    const target = await temporaryFile();
    const file = `${target}.link`;
    await writeFile(target, '{ "bans": [] }');
    await symlink(target, file);
    const { bans } = await start({ file });
    await bans.add({ clientId: 'a' });
    expect(JSON.parse(await readFile(target, 'utf8'))).toEqual({ bans: [{ clientId: 'a' }] });
    expect(await readlink(file)).toBe(target);
  });

  it('loses no change that is made while it reads its file again', async () => {
    const file = await temporaryFile();
    const { bans } = await start({ file });
    await bans.add({ clientId: 'a' });
    const reloading = bans.reload();
    await Promise.all([bans.add({ clientId: 'b' }), bans.remove({ clientId: 'a' })]);
    await reloading;
    expect(bans.list()).toEqual([{ clientId: 'b' }]);
    await bans.reload();
    expect(bans.list()).toEqual([{ clientId: 'b' }]);
  });

  it('keeps its bans when the file is broken', async () => {
    const file = await temporaryFile();
    const { bans } = await start({ file });
    await bans.add({ clientId: 'a' });
    await writeFile(file, '{ "bans": 7 }');
    await expect(bans.reload()).rejects.toMatchObject({ code: 'SLUICE_LIMITS_BANS_FILE' });
    expect(bans.list()).toEqual([{ clientId: 'a' }]);
  });

  it('has nothing to read again without a file', async () => {
    const { bans } = await start({ bans: [{ clientId: 'a' }] });
    await bans.reload();
    expect(bans.list()).toEqual([{ clientId: 'a' }]);
  });
});
