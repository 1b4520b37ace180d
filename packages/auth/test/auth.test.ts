import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReasonCode } from '@sluice/packet';
import { allow, type Client } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { auth } from '../src/auth.ts';
import type { AuthOptions } from '../src/options.ts';
import type { RuleEntry } from '../src/rules/rules-file.ts';
import {
  cheapHash,
  clientOf,
  deliveryOf,
  loginOf,
  messageOn,
  plugIn,
  temporaryDirectory,
} from './fakes.ts';

const users = { users: [{ name: 'anna', password: cheapHash('right') }] };
const rules: { rules: RuleEntry[] } = {
  rules: [
    { effect: 'allow', action: 'all', topic: 'home/#' },
    { effect: 'deny', action: 'all', topic: 'home/+/lock' },
  ],
};

async function hooksOf(options: AuthOptions) {
  const { authenticate, authorizePublish, authorizeSubscribe, authorizeDeliver } = await plugIn(
    auth(options),
  );
  const unused = () => expect.fail('the hook is not registered');
  return {
    login: authenticate ?? unused,
    publish: (client: Client, topic: string, isWill = false) =>
      (authorizePublish ?? unused)({ client, message: messageOn(topic), isWill }),
    subscribe: (client: Client, filter: string) =>
      (authorizeSubscribe ?? unused)({
        client,
        subscription: {
          filter,
          qos: 2,
          noLocal: false,
          retainAsPublished: false,
          retainHandling: 0,
        },
      }),
    deliver: (client: Client, topic: string) =>
      (authorizeDeliver ?? unused)(deliveryOf(client, topic)),
  };
}

const denied = { allowed: false, reasonCode: ReasonCode.notAuthorized, reasonString: undefined };

describe('the hooks', () => {
  it('are those of what is given', async () => {
    const access = ['authorizePublish', 'authorizeSubscribe', 'authorizeDeliver'];
    const identity = ['connected', 'authenticate', 'exchange'];
    const always = ['start', 'close', 'policyChanged'];
    const hooksWith = async (options: AuthOptions) =>
      Object.keys(await plugIn(auth(options))).filter((name) => !always.includes(name));
    expect(await hooksWith({ users })).toEqual(identity);
    expect(await hooksWith({ rules })).toEqual(access);
    expect(await hooksWith({ users, rules })).toEqual([...identity, ...access]);
    expect(await hooksWith({ certificate: true })).toEqual(['authenticate']);
  });

  it('read files', async () => {
    const directory = await temporaryDirectory();
    const paths = { users: join(directory, 'users.json'), rules: join(directory, 'rules.json') };
    await writeFile(paths.users, JSON.stringify(users));
    await writeFile(paths.rules, JSON.stringify(rules));
    const { login, publish } = await hooksOf(paths);
    expect(await login(loginOf('anna', 'right'))).toMatchObject(allow({ identity: 'anna' }));
    expect(publish(clientOf('c', 'anna'), 'home/hall/lamp')).toBe(allow());
  });

  it('answer with shared verdicts: a delivery allocates none', async () => {
    const { publish, subscribe, deliver } = await hooksOf({ users, rules });
    const client = clientOf('c', 'anna');
    expect(deliver(client, 'home/hall/lamp')).toBe(allow());
    expect(deliver(client, 'home/hall/lock')).toEqual(denied);
    expect(deliver(client, 'home/hall/lock')).toBe(publish(client, 'home/hall/lock'));
    expect(subscribe(client, 'home/#')).toEqual(allow({ maximumQos: 2 }));
    expect(subscribe(client, 'home/#')).toBe(subscribe(client, 'home/+'));
    expect(subscribe(client, 'garden/#')).toEqual(denied);
  });

  it('judge wills as any message', async () => {
    const { publish } = await hooksOf({ rules });
    const client = clientOf('c');
    for (const topic of ['home/hall/lock', '$SYS/home', 'garden']) {
      expect(publish(client, topic, true)).toEqual(denied);
    }
    expect(publish(client, 'home/hall/lamp', true)).toBe(allow());
  });

  it('keep clients of one client id apart, whose connections belong to different users', async () => {
    const own: RuleEntry = { effect: 'allow', action: 'all', topic: 'own/%u' };
    const { deliver } = await hooksOf({ users, rules: { rules: [own] } });
    const anna = clientOf('c', 'anna');
    const ben = clientOf('c', 'ben');
    for (const _ of ['judged', 'remembered']) {
      expect(deliver(anna, 'own/anna')).toBe(allow());
      expect(deliver(ben, 'own/anna')).toEqual(denied);
    }
  });
});

describe('the start', () => {
  it.each(['users', 'rules'] as const)(
    'fails when the file of %s is missing or half written',
    async (option) => {
      const path = join(await temporaryDirectory(), 'file.json');
      const code = `SLUICE_AUTH_${option.toUpperCase()}_FILE`;
      await expect(plugIn(auth({ [option]: path }))).rejects.toMatchObject({ code });
      await writeFile(path, `{ "${option}": [`);
      await expect(plugIn(auth({ [option]: path }))).rejects.toMatchObject({ code });
    },
  );

  it('fails when rules depend on users whom nobody verifies', async () => {
    const named = { rules: [{ ...rules.rules[0], topic: '%u/#' } as RuleEntry] };
    await expect(plugIn(auth({ rules: named }))).rejects.toMatchObject({
      code: 'SLUICE_AUTH_RULES_FILE',
    });
    await expect(plugIn(auth({ rules: named }))).rejects.toThrow('externalIdentities');
    const { publish } = await hooksOf({ rules: named, externalIdentities: true });
    expect(publish(clientOf('c', 'anna'), 'anna/x')).toBe(allow());
  });

  it('takes the roles that another plug-in gives, whatever it calls its way to log in', async () => {
    const guests: RuleEntry = {
      effect: 'deny',
      who: { role: 'guest' },
      action: 'publish',
      topic: 'a',
    };
    const anybody: RuleEntry = { effect: 'allow', action: 'publish', topic: 'a' };
    const given = { rules: [guests, anybody] };
    const { publish } = await hooksOf({ rules: given, externalIdentities: true });
    const attributes = { login: 'password', roles: ['guest'] };
    expect(publish({ ...clientOf('c', 'anna'), attributes }, 'a')).toMatchObject({
      allowed: false,
    });
    expect(publish(clientOf('c', 'ben'), 'a')).toBe(allow());
  });
});
