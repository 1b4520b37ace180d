import { Buffer } from 'node:buffer';
import { generateKeyPairSync } from 'node:crypto';
import { createBroker } from '@sluice/core';
import { PacketType, ReasonCode } from '@sluice/packet';
import type { LimitedEvent, Plugin } from '@sluice/plugin';
import { SignJWT } from 'jose';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startTestBroker } from '../../core/test/support/test-broker.ts';
import type { TestClient } from '../../core/test/support/test-client.ts';
import { auth } from '../src/auth.ts';
import type { RuleEntry } from '../src/rules/rules-file.ts';
import type { UsersFile } from '../src/users/users-file.ts';
import { cheapHash } from './fakes.ts';

const [annas, bens] = [cheapHash('right'), cheapHash('right')];
const both: UsersFile = {
  users: [
    { name: 'anna', password: annas },
    { name: 'ben', password: bens },
  ],
};

/** CONNECT, and its answer, however long hashing or a signature takes. */
async function connack(client: TestClient, fields: Parameters<TestClient['connect']>[0]) {
  const tried = client.connect(fields).catch(() => undefined);
  let packet = await tried;
  await expect
    .poll(async () => {
      packet ??= await client.receive('connack').catch(() => undefined);
      return packet;
    })
    .toBeDefined();
  return packet;
}

const login = (name: string, password = 'right') => ({
  clientId: name,
  userName: name,
  password: Buffer.from(password),
});

describe('in a broker', () => {
  it('a user who is removed is disconnected with 0x87, the others stay', async () => {
    let users = both;
    const plugin = auth({ users: { load: () => users } });
    const world = await startTestBroker({ plugins: [plugin] });
    const [anna, ben] = [world.client(), world.client()];
    expect(await connack(anna, login('anna'))).toMatchObject({ reasonCode: 0 });
    expect(await connack(ben, login('ben'))).toMatchObject({ reasonCode: 0 });
    users = { users: both.users.slice(1) };
    let isDone = false;
    const reloaded = plugin.reload().finally(() => {
      isDone = true;
    });
    while (!isDone) await world.settle();
    await reloaded;
    expect(anna.disconnectCode).toBe(ReasonCode.notAuthorized);
    expect([anna.closed, ben.closed]).toEqual([true, false]);
    expect(await connack(world.client(), login('anna'))).toMatchObject({
      reasonCode: ReasonCode.badUserNameOrPassword,
    });
  });

  it('a subscription that rules deny now is gone, also when they allow it again', async () => {
    let rules: RuleEntry[] = [{ effect: 'allow', action: 'all', topic: '#' }];
    const plugin = auth({ rules: { load: () => ({ rules }) } });
    const world = await startTestBroker({ plugins: [plugin] });
    const client = await world.connect('c1');
    await client.subscribe('a');
    await client.subscribe('b');
    const use = async (others: RuleEntry[]) => {
      rules = others;
      let isDone = false;
      const reloaded = plugin.reload().finally(() => {
        isDone = true;
      });
      while (!isDone) await world.settle();
      await reloaded;
    };
    const before = rules;
    await use([...rules, { effect: 'deny', action: 'subscribe', topic: 'a' }]);
    await use(before);
    await world.publish('a', 'gone');
    await world.publish('b', 'here');
    expect(await client.payloads()).toEqual(['here']);
  });

  it('who guesses is refused with 0x97, 3.1.1 with 3, and the hook limited is told', async () => {
    const limited: LimitedEvent[] = [];
    const watch: Plugin = {
      name: 'watch',
      setup: ({ hook }) => hook('limited', (event) => limited.push(event)),
    };
    const plugins = [auth({ users: both, attempts: { maxFailuresPerUser: 2 } }), watch];
    const world = await startTestBroker({ plugins });
    for (let n = 0; n < 2; n++) {
      expect(await connack(world.client(), login('anna', 'wrong'))).toMatchObject({
        reasonCode: ReasonCode.badUserNameOrPassword,
      });
    }
    expect(limited).toEqual([]);
    expect(await connack(world.client(), login('anna'))).toMatchObject({
      reasonCode: ReasonCode.quotaExceeded,
    });
    expect(await connack(world.client(4), login('anna'))).toMatchObject({ reasonCode: 3 });
    expect(limited).toMatchObject([
      { limit: 'maxFailuresPerUser', action: 'refused', clientId: 'anna' },
      { limit: 'maxFailuresPerUser', action: 'refused', clientId: 'anna' },
    ]);
    expect(await connack(world.client(), login('ben'))).toMatchObject({ reasonCode: 0 });
  });
});

describe('one auth() for two', () => {
  const rules = { rules: [] };

  it('is refused while it is in use: who is removed would stay connected to one of them', async () => {
    const plugin = auth({ rules });
    const broker = await createBroker({ plugins: [plugin] });
    onTestFinished(() => broker.close());
    const refused = { code: 'SLUICE_PLUGIN_TWICE' };
    await expect(broker.scope({ name: 'public', plugins: [plugin] })).rejects.toMatchObject(
      refused,
    );
    await expect(createBroker({ plugins: [plugin] })).rejects.toMatchObject(refused);
  });

  it('is taken one after the other, also after a start that failed', async () => {
    let isBroken = true;
    const load = () => {
      if (isBroken) throw new Error('not yet');
      return rules;
    };
    const plugin = auth({ rules: { load } });
    await expect(createBroker({ plugins: [plugin] })).rejects.toThrow('not yet');
    isBroken = false;
    await (await createBroker({ plugins: [plugin] })).close();
    await (await createBroker({ plugins: [plugin] })).close();
  });
});

it('a source is asked once to tell of changes, and tells the broker that runs', async () => {
  const tellers: (() => void)[] = [];
  const load = vi.fn(() => ({ rules: [] }));
  const plugin = auth({ rules: { load, onChange: (changed) => void tellers.push(changed) } });
  const errors: Error[] = [];
  for (const expected of [2, 4]) {
    const broker = await createBroker({ plugins: [plugin] });
    broker.on('error', (error) => errors.push(error));
    for (const tell of tellers) tell();
    await expect.poll(() => load.mock.calls.length).toBe(expected);
    await broker.close();
    for (const tell of tellers) tell();
  }
  expect([tellers.length, load.mock.calls.length, errors]).toEqual([1, 4, []]);
});

describe('a client with a token', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = { publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
  const properties = (token: string) => ({
    authenticationMethod: 'JWT',
    authenticationData: Buffer.from(token),
  });

  async function inTime() {
    const world = await startTestBroker({
      plugins: [auth({ jwt: { keys, algorithms: ['ES256'], clockToleranceSeconds: 0 } })],
    });
    // One time for the broker and for the tokens.
    vi.useFakeTimers({ toFake: ['Date'], now: world.environment.now() });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const token = (seconds: number, sub = 'anna') =>
      new SignJWT({ sub })
        .setProtectedHeader({ alg: 'ES256' })
        .setExpirationTime(world.environment.now() / 1_000 + seconds)
        .sign(privateKey);
    const client = world.client();
    const connected = await connack(client, {
      clientId: 'c1',
      properties: properties(await token(60)),
    });
    expect(connected).toMatchObject({ reasonCode: 0 });
    return { world, client, token };
  }

  it('is disconnected with 0xA0 when the token ends', async () => {
    const { world, client } = await inTime();
    await world.advance(59_000);
    expect(client.closed).toBe(false);
    await world.advance(1_000);
    expect(client.disconnectCode).toBe(ReasonCode.maximumConnectTime);
  });

  it('stays when it sends a new one in time, and goes when that one ends', async () => {
    const { world, client, token } = await inTime();
    await world.advance(30_000);
    vi.setSystemTime(world.environment.now());
    client.send({
      type: PacketType.auth,
      reasonCode: ReasonCode.reauthenticate,
      properties: properties(await token(60)),
    });
    await expect
      .poll(() => client.receive('auth').catch(() => undefined))
      .toMatchObject({ reasonCode: 0 });
    await world.advance(59_000);
    expect(client.closed).toBe(false);
    await world.advance(1_000);
    expect(client.disconnectCode).toBe(ReasonCode.maximumConnectTime);
  });

  it('is disconnected with 0x87 when the new one is for somebody else', async () => {
    const { world, client, token } = await inTime();
    client.send({
      type: PacketType.auth,
      reasonCode: ReasonCode.reauthenticate,
      properties: properties(await token(60, 'ben')),
    });
    await expect
      .poll(async () => {
        await world.settle();
        return client.disconnectCode;
      })
      .toBe(ReasonCode.notAuthorized);
  });
});
