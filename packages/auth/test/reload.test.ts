import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReasonCode } from '@sluice/packet';
import type { AuthenticateEvent, Client, Hooks } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { auth } from '../src/auth.ts';
import type { RulesFile } from '../src/rules/rules-file.ts';
import type { UsersFile } from '../src/users/users-file.ts';
import {
  cheapHash,
  clientOf,
  deliveryOf,
  FakeBroker,
  loginOf,
  plugIn,
  temporaryDirectory,
} from './fakes.ts';

const [annas, bens] = [cheapHash('right'), cheapHash('other')];
const both: UsersFile = {
  users: [
    { name: 'anna', password: annas, roles: ['viewer'] },
    { name: 'ben', password: bens },
  ],
};
const forViewers: RulesFile = {
  rules: [{ effect: 'allow', action: 'all', topic: '#', who: { role: 'viewer' } }],
};
const forNobody: RulesFile = { rules: [] };

/** Users and rules in files, and a broker that has started. */
async function started() {
  const directory = await temporaryDirectory();
  const paths = { users: join(directory, 'users.json'), rules: join(directory, 'rules.json') };
  const write = (what: 'users' | 'rules', content: unknown) =>
    writeFile(paths[what], typeof content === 'string' ? content : JSON.stringify(content));
  await write('users', both);
  await write('rules', forViewers);
  const plugin = auth({ ...paths, watch: false });
  const broker = new FakeBroker();
  const hooks = (await plugIn(plugin, broker)) as Hooks;
  await hooks.start({});
  return { plugin, broker, hooks, write, paths };
}

/** Logs in, on a connection of its own, and is connected then. */
async function loggedIn(
  { hooks, broker }: Pick<Awaited<ReturnType<typeof started>>, 'hooks' | 'broker'>,
  clientId: string,
  name: string,
  password: string,
): Promise<Client> {
  const event = loginOf(name, password);
  const own: AuthenticateEvent = { ...event, clientId, connection: { ...event.connection } };
  const verdict = await hooks.authenticate(own);
  if (!verdict?.allowed) throw new Error('it was refused');
  const { identity = '', attributes = {} } = verdict.grant ?? {};
  const client = { ...clientOf(clientId, identity), attributes, connection: own.connection };
  broker.clients.push(client);
  return client;
}

const mayReceive = (hooks: Hooks, client: Client) =>
  (hooks.authorizeDeliver(deliveryOf(client, 'a')) as { allowed: boolean }).allowed;

describe('reload', () => {
  it('takes other rules at once, for who is connected too, and has the broker ask again', async () => {
    const all = await started();
    const { hooks, broker, plugin, write } = all;
    const anna = await loggedIn(all, 'c1', 'anna', 'right');
    expect(mayReceive(hooks, anna)).toBe(true);
    await write('rules', forNobody);
    await plugin.reload();
    expect(mayReceive(hooks, anna)).toBe(false);
    expect(broker.reauthorized).toBe(1);
    expect(broker.disconnected).toEqual([]);
  });

  it('gives who is connected the roles of now', async () => {
    const all = await started();
    const { hooks, plugin, write } = all;
    const anna = await loggedIn(all, 'c1', 'anna', 'right');
    const ben = await loggedIn(all, 'c2', 'ben', 'other');
    expect([mayReceive(hooks, anna), mayReceive(hooks, ben)]).toEqual([true, false]);
    await write('users', {
      users: [
        { name: 'anna', password: annas },
        { name: 'ben', password: bens, roles: ['viewer'] },
      ],
    });
    await plugin.reload();
    expect([mayReceive(hooks, anna), mayReceive(hooks, ben)]).toEqual([false, true]);
  });

  it.each([
    ['was removed', { users: both.users.slice(1) }],
    [
      'has another password',
      { users: [{ name: 'anna', password: cheapHash('new') }, both.users[1]] },
    ],
    ['has no password any more', { users: [{ name: 'anna', roles: ['x'] }, both.users[1]] }],
  ])('disconnects a user who %s, and nobody else', async (_, users) => {
    const all = await started();
    const { broker, plugin, write } = all;
    await loggedIn(all, 'c1', 'anna', 'right');
    await loggedIn(all, 'c2', 'ben', 'other');
    await write('users', users);
    await plugin.reload();
    expect(broker.disconnected).toMatchObject([
      { clientId: 'c1', options: { reasonCode: ReasonCode.notAuthorized } },
    ]);
    expect(await all.hooks.authenticate(loginOf('anna', 'right'))).toMatchObject({
      allowed: false,
    });
  });

  it('disconnects who was let in while the user was being removed', async () => {
    const all = await started();
    const { hooks, broker, plugin, write } = all;
    const anna = await loggedIn(all, 'c1', 'anna', 'right');
    broker.clients = []; // not connected yet
    await write('users', { users: both.users.slice(1) });
    await plugin.reload();
    expect(broker.disconnected).toEqual([]);
    hooks.connected({ client: anna, sessionPresent: false });
    expect(broker.disconnected).toMatchObject([{ clientId: 'c1' }]);
  });

  it.each([
    ['users', '{ "users": ['],
    ['users', ''],
    ['rules', '{ "rules": [{ "effect": "allow" }] }'],
    ['rules', '[]'],
  ] as const)('leaves broken %s out, keeps those it had, and says so', async (what, content) => {
    const all = await started();
    const { hooks, plugin, write, broker } = all;
    const anna = await loggedIn(all, 'c1', 'anna', 'right');
    await write(what, content);
    await expect(plugin.reload()).rejects.toMatchObject({
      name: 'BrokerError',
      code: `SLUICE_AUTH_${what.toUpperCase()}_FILE`,
    });
    expect(mayReceive(hooks, anna)).toBe(true);
    expect(broker.disconnected).toEqual([]);
    expect(await hooks.authenticate(loginOf('anna', 'right'))).toMatchObject({ allowed: true });
  });

  it('takes good rules also while the users are broken', async () => {
    const all = await started();
    const { hooks, plugin, write } = all;
    const anna = await loggedIn(all, 'c1', 'anna', 'right');
    await write('users', 'broken');
    await write('rules', forNobody);
    await expect(plugin.reload()).rejects.toThrow('users.json');
    expect(mayReceive(hooks, anna)).toBe(false);
  });

  it('says in which line a rule is broken', async () => {
    const { plugin, write, paths } = await started();
    await write(
      'rules',
      '{\n  "rules": [\n    { "effect": "maybe", "action": "all", "topic": "a" }\n  ]\n}',
    );
    await expect(plugin.reload()).rejects.toThrow(`${paths.rules}:3: rules[0].effect must be`);
  });

  it('decides anew when somebody else changed what clients are', async () => {
    const { hooks, broker } = await started();
    const attributes: { roles: string[] } = { roles: [] };
    const [carl, dora] = ['c1', 'c2'].map((id) => ({ ...clientOf(id, 'carl'), attributes }));
    if (carl === undefined || dora === undefined) return expect.fail();
    broker.clients = [carl, dora];
    const verdicts = () => [mayReceive(hooks, carl), mayReceive(hooks, dora)];
    expect(verdicts()).toEqual([false, false]);
    attributes.roles.push('viewer');
    expect(verdicts()).toEqual([false, false]);
    hooks.policyChanged({ clientId: 'c1' });
    expect(verdicts()).toEqual([true, false]);
    hooks.policyChanged({ clientId: undefined });
    expect(verdicts()).toEqual([true, true]);
  });

  it('cannot be asked for before there is a broker', async () => {
    await expect(auth({ rules: forNobody }).reload()).rejects.toMatchObject({
      code: 'SLUICE_AUTH_NOT_READY',
    });
  });
});

describe('a watched file', () => {
  it('is taken when it changes, and reported when it breaks', async () => {
    const { paths, write } = await started();
    const broker = new FakeBroker();
    const hooks = (await plugIn(auth(paths), broker)) as Hooks;
    await hooks.start({});
    const anna = await loggedIn({ hooks, broker }, 'c1', 'anna', 'right');
    await write('rules', '{');
    await expect.poll(() => broker.errors.length).toBeGreaterThan(0);
    expect(broker.errors[0]).toMatchObject({ code: 'SLUICE_AUTH_RULES_FILE' });
    expect(mayReceive(hooks, anna)).toBe(true);
    await write('rules', forNobody);
    await expect.poll(() => mayReceive(hooks, anna)).toBe(false);
    await expect.poll(() => broker.reauthorized).toBeGreaterThan(0);
    await hooks.close({});
  });
});

describe('a source', () => {
  it('is asked at the start and at each change, and keeps its last answer when it fails', async () => {
    let answer: () => RulesFile | Promise<RulesFile> = () => forViewers;
    let changed = () => {};
    const rules = {
      load: () => answer(),
      onChange: (callback: () => void) => {
        changed = callback;
      },
    };
    const broker = new FakeBroker();
    const hooks = (await plugIn(auth({ users: both, rules }), broker)) as Hooks;
    await hooks.start({});
    const anna = await loggedIn({ hooks, broker }, 'c1', 'anna', 'right');
    expect(mayReceive(hooks, anna)).toBe(true);
    answer = () => Promise.reject(new Error('no database'));
    changed();
    await expect.poll(() => broker.errors.map(String)).toEqual(['Error: no database']);
    expect(mayReceive(hooks, anna)).toBe(true);
    answer = () => Promise.resolve(forNobody);
    changed();
    await expect.poll(() => mayReceive(hooks, anna)).toBe(false);
    await hooks.close({});
  });

  it('that gives no answer is asked again at the next change, and what it answers late does not count', async () => {
    let answer: () => RulesFile | Promise<RulesFile> = () => forViewers;
    const plugin = auth({ users: both, rules: { load: () => answer() } });
    const broker = new FakeBroker();
    const hooks = (await plugIn(plugin, broker)) as Hooks;
    await hooks.start({});
    const anna = await loggedIn({ hooks, broker }, 'c1', 'anna', 'right');
    let answerLate: ((rules: RulesFile) => void) | undefined;
    answer = () => new Promise((resolve) => (answerLate = resolve));
    const late = plugin.reload();
    await expect.poll(() => answerLate).toBeDefined();
    answer = () => forNobody;
    await plugin.reload();
    expect(mayReceive(hooks, anna)).toBe(false);
    answerLate?.(forViewers);
    await late;
    expect(mayReceive(hooks, anna)).toBe(false);
    await hooks.close({});
  });

  it('that fails at the start fails it', async () => {
    const rules = { load: () => Promise.reject(new Error('no database')) };
    await expect(plugIn(auth({ rules }))).rejects.toThrow('no database');
  });
});
