import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sluice } from './command.ts';

let directory: string;
let rules: string;
let users: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-acl-'));
  rules = join(directory, 'rules.json');
  users = join(directory, 'users.json');
  writeFileSync(
    rules,
    `{ "rules": [
      { "effect": "allow", "action": "publish", "topic": "home/%c/#", "who": { "user": "plc" }, "maxQos": 1 },
      { "effect": "allow", "action": "subscribe", "topic": "jobs/%{line}/#", "who": { "role": "worker" } },
      { "effect": "allow", "action": "publish", "topic": "log", "retain": false },
      { "effect": "deny", "action": "all", "topic": "home/+/lock" }
    ] }`,
  );
  writeFileSync(users, '{ "users": [{ "name": "plc", "roles": ["worker"] }] }');
});

afterAll(() => rmSync(directory, { recursive: true }));

const test = (...args: string[]) =>
  sluice(['acl', 'test', ...args, '--rules', rules, '--users', users]);

describe('sluice acl test', () => {
  it('says that it is allowed, and by which rule', async () => {
    const { code, stdout } = await test('--user', 'plc', '--client', 'p1', 'publish', 'home/p1/x');
    expect(code).toBe(0);
    expect(stdout).toBe(
      `allowed  publish home/p1/x, QoS 0\nfor      user plc, client p1\nby       ${rules}:2 rules[0]: allow home/%c/#, here home/p1/#\nbecause  This rule allows it, and none denies it.\n`,
    );
  });

  it('needs no users file for rules about users', async () => {
    const question = ['--user', 'plc', '--client', 'p1', 'publish', 'home/p1/x'];
    const { code } = await sluice(['acl', 'test', ...question, '--rules', rules]);
    expect(code).toBe(0);
  });

  it.each<[string, string[], number, string]>([
    ['a denial', ['--user=plc', '--client=p1', 'publish', 'home/p1/lock'], 1, `:5 rules[3]: deny`],
    ['no rule', ['publish', 'elsewhere'], 1, 'No rule allows it'],
    ['the QoS', ['--user=plc', '--client=p1', 'publish', 'home/p1/x', '--qos=2'], 1, 'up to QoS 1'],
    ['RETAIN', ['publish', 'log', '--retain'], 1, 'No rule allows it'],
    ['no RETAIN', ['publish', 'log'], 0, 'rules[2]: allow log'],
    [
      'roles of the file and an attribute',
      ['subscribe', 'jobs/7/#', '--user=plc', '--attribute=line=7'],
      0,
      'allowed  subscribe jobs/7/#, QoS 2',
    ],
    [
      'a role of the question',
      ['subscribe', '$share/g/jobs/7/+', '--role=a,worker', '--attribute=a=b,line=7', '--qos=1'],
      0,
      'QoS 1\nfor      an anonymous client',
    ],
    ['no attribute', ['receive', 'jobs/7/x', '--role=worker'], 1, 'No rule allows it'],
  ])('goes by %s', async (_, args, code, text) => {
    const outcome = await test(...args);
    expect(outcome).toMatchObject({ code, stderr: '' });
    expect(outcome.stdout).toContain(text);
  });

  it('takes the files of a configuration', async () => {
    const config = join(directory, 'sluice.json');
    writeFileSync(config, '{ "users": "users.json", "rules": "rules.json" }');
    expect(await sluice(['acl', 'test', '--config', config, 'publish', 'log'])).toMatchObject({
      code: 0,
    });
  });

  it('shows nothing that moves a cursor', async () => {
    const { stdout } = await test('publish', 'a\u001b[2Jb');
    expect(stdout).toContain('a\\u001b[2Jb');
  });

  it.each<[string, string[], string]>([
    ['no verb', ['acl'], 'sluice acl needs test'],
    ['no action', ['acl', 'test'], 'needs one of publish, subscribe, receive'],
    ['another action', ['acl', 'test', 'read', 'a'], 'needs one of publish'],
    ['no topic', ['acl', 'test', 'publish'], 'publish needs a topic'],
    ['two topics', ['acl', 'test', 'publish', 'a', 'b'], 'Unexpected argument "b"'],
    ['another QoS', ['acl', 'test', 'publish', 'a', '--qos', '3'], '--qos must be'],
    ['half an attribute', ['acl', 'test', 'publish', 'a', '--attribute', 'x'], 'NAME=VALUE'],
    ['another flag', ['acl', 'test', 'publish', 'a', '--host', 'x'], 'Unknown flag --host'],
    ['no rules', ['acl', 'test', 'publish', 'a'], 'SLUICE_NO_RULES'],
    ['missing rules', ['acl', 'test', 'publish', 'a', '--rules', '/nowhere'], 'cannot be read'],
  ])('with %s cannot tell', async (_, args, text) => {
    const outcome = await sluice(args);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(text);
  });

  it('has a help text', async () => {
    const { code, stdout } = await sluice(['acl', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('sluice acl test [flags] publish|subscribe|receive TOPIC');
  });
});
