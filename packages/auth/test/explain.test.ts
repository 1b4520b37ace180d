import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { auth } from '../src/auth.ts';
import { temporaryDirectory } from './fakes.ts';

const users = { users: [{ name: 'anna', roles: ['operator'] }] };

async function aPlugin(text: string) {
  const path = join(await temporaryDirectory(), 'rules.json');
  await writeFile(path, text);
  const plugin = auth({ users, rules: path });
  await plugin.load();
  return { plugin, path };
}

const text = `{
  "rules": [
    { "effect": "allow", "action": "publish", "topic": ["x", "home/%c/#"], "maxQos": 1 },
    { "effect": "allow", "action": "subscribe", "topic": "jobs/#", "who": { "role": "operator" } },

    { "effect": "deny", "action": "all", "topic": "home/+/lock" }
  ]
}`;

it('names the rule that decides, its line and its pattern', async () => {
  const { plugin, path } = await aPlugin(text);
  const question = { action: 'publish', clientId: 'c1', topic: 'home/c1/lamp' } as const;
  expect(plugin.explain(question)).toEqual({
    allowed: true,
    reason: 'This rule allows it, and none denies it.',
    rule: {
      source: path,
      index: 0,
      line: 3,
      effect: 'allow',
      topic: 'home/%c/#',
      pattern: 'home/c1/#',
    },
    grantedQos: undefined,
  });
  expect(plugin.explain({ ...question, topic: 'home/c1/lock' })).toMatchObject({
    allowed: false,
    reason: 'This rule denies it, which beats every permission.',
    rule: { index: 2, line: 6 },
  });
  expect(plugin.explain({ ...question, qos: 2 })).toMatchObject({
    allowed: false,
    reason: 'This rule allows it up to QoS 1 only, and no other allows more.',
    rule: { index: 0 },
  });
  expect(plugin.explain({ ...question, clientId: 'c2' })).toEqual({
    allowed: false,
    reason: 'No rule allows it, which denies it.',
    rule: undefined,
    grantedQos: undefined,
  });
});

it('takes roles of the users file, and those of the question', async () => {
  const { plugin } = await aPlugin(text);
  const question = { action: 'subscribe', topic: 'jobs/#', qos: 1 } as const;
  expect(plugin.explain(question).allowed).toBe(false);
  expect(plugin.explain({ ...question, identity: 'anna' })).toMatchObject({
    allowed: true,
    grantedQos: 1,
  });
  expect(plugin.explain({ ...question, roles: ['operator'] }).allowed).toBe(true);
});

it.each([
  ['publish', 'home/+', 'no topic name'],
  ['receive', '#', 'no topic name'],
  ['subscribe', 'home/#/x', 'no topic filter'],
  ['subscribe', '$share/g', 'no topic filter'],
] as const)('denies to %s %j, which nobody can', async (action, topic, reason) => {
  const { plugin } = await aPlugin(text);
  const answer = plugin.explain({ action, topic, roles: ['operator'] });
  expect(answer).toMatchObject({ allowed: false, rule: undefined });
  expect(answer.reason).toContain(reason);
});

it('says so where there are no rules, or nothing is loaded', async () => {
  const open = auth({ users });
  await open.load();
  const question = { action: 'receive', topic: 'a' } as const;
  expect(open.explain(question)).toMatchObject({ allowed: true, rule: undefined });
  expect(() => auth({ users }).explain(question)).toThrow('Nothing is loaded yet');
});
