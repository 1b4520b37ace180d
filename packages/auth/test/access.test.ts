import type { Client } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import type { Access } from '../src/rules/access.ts';
import { AccessControl } from '../src/rules/access-control.ts';
import type { RuleEntry } from '../src/rules/rules-file.ts';
import { clientOf, loadRules } from './fakes.ts';

async function accessOf(
  rules: readonly RuleEntry[],
  client = clientOf('c1', 'anna'),
): Promise<Access> {
  return new AccessControl(await loadRules({ rules }, true)).of(client);
}

const maySubscribe = (access: Access, filter: string) => access.grantedQos(filter) !== undefined;

const everything: RuleEntry = { effect: 'allow', action: 'all', topic: '#' };

describe('precedence', () => {
  it('denies what no rule allows', async () => {
    const access = await accessOf([]);
    expect(
      access.mayPublish('a', 0, false) || maySubscribe(access, 'a') || access.mayReceive('a'),
    ).toBe(false);
  });

  it('denies what any rule denies, in whatever order and however general', async () => {
    const own: RuleEntry = { ...everything, who: { user: 'anna', clientId: 'c1' }, topic: 'a/b' };
    const denial: RuleEntry = { effect: 'deny', action: 'publish', topic: 'a/#' };
    for (const rules of [
      [own, denial],
      [denial, own],
    ]) {
      const access = await accessOf(rules);
      expect(access.mayPublish('a/b', 0, false)).toBe(false);
      expect(maySubscribe(access, 'a/b')).toBe(true);
    }
  });
});

describe('who', () => {
  const rule = (who: RuleEntry['who']): RuleEntry[] => [{ ...everything, ...(who && { who }) }];
  const anna = clientOf('c1', 'anna');
  const nobody = clientOf('c1', '');

  it.each<[string, RuleEntry['who'], Client, boolean]>([
    ['everybody', undefined, anna, true],
    ['everybody', undefined, nobody, true],
    ['the user', { user: 'anna' }, anna, true],
    ['one of the users', { user: ['ben', 'anna'] }, anna, true],
    ['another user', { user: 'ben' }, anna, false],
    ['a user', { user: 'anna' }, nobody, false],
    ['the client id', { clientId: 'c1' }, anna, true],
    ['another client id', { clientId: ['c2', 'c'] }, anna, false],
    ['user and client id', { user: 'anna', clientId: 'c1' }, anna, true],
    ['user and another client id', { user: 'anna', clientId: 'c2' }, anna, false],
    ['another user and the client id', { user: 'ben', clientId: 'c1' }, anna, false],
    ['the anonymous', { anonymous: true }, nobody, true],
    ['the anonymous', { anonymous: true }, anna, false],
    ['no wildcard', { user: '+', clientId: '#' }, anna, false],
    ['no placeholder', { user: '%u' }, anna, false],
  ])('is %s: %j', async (_, who, client, expected) => {
    expect((await accessOf(rule(who), client)).mayPublish('a', 0, false)).toBe(expected);
  });

  it('goes by the identity, not by the user name', async () => {
    const client = { ...clientOf('c1', 'service-7'), userName: 'anna' };
    const access = await accessOf([{ ...everything, topic: '%u/#' }], client);
    expect(access.mayPublish('service-7/a', 0, false)).toBe(true);
    expect(access.mayPublish('anna/a', 0, false)).toBe(false);
  });
});

describe('actions', () => {
  it.each([
    ['publish', [true, false, false]],
    ['subscribe', [false, true, true]],
    ['receive', [false, false, true]],
    ['all', [true, true, true]],
  ] as const)('%s', async (action, expected) => {
    const allowing = await accessOf([{ effect: 'allow', action, topic: 'a' }]);
    const denying = await accessOf([everything, { effect: 'deny', action, topic: 'a' }]);
    const verdicts = (access: Access) => [
      access.mayPublish('a', 0, false),
      maySubscribe(access, 'a'),
      access.mayReceive('a'),
    ];
    expect(verdicts(allowing)).toEqual(expected);
    expect(verdicts(denying)).toEqual(expected.map((allowed) => !allowed));
  });
});

describe('subscriptions', () => {
  it('must be within one pattern', async () => {
    const access = await accessOf([
      { effect: 'allow', action: 'subscribe', topic: ['a/+', 'b/#'] },
    ]);
    expect(
      ['a/x', 'a/+', 'b', 'b/#', 'b/+/c'].filter((filter) => !maySubscribe(access, filter)),
    ).toEqual([]);
    expect(
      ['#', '+', 'a', 'a/#', 'a/+/+', '+/x', 'c'].filter((filter) => maySubscribe(access, filter)),
    ).toEqual([]);
  });

  it('that a denial meets in part are granted, and that part is withheld', async () => {
    const access = await accessOf([
      everything,
      { effect: 'deny', action: 'subscribe', topic: 'home/+/lock' },
    ]);
    expect(maySubscribe(access, 'home/#')).toBe(true);
    expect(maySubscribe(access, 'home/hall/lock')).toBe(false);
    expect(maySubscribe(access, 'home/+/lock')).toBe(false);
    expect(access.mayReceive('home/hall/lamp')).toBe(true);
    expect(access.mayReceive('home/hall/lock')).toBe(false);
  });

  it('that are shared are judged by their filter', async () => {
    const access = await accessOf([
      everything,
      { effect: 'deny', action: 'subscribe', topic: 'secret/#' },
    ]);
    expect(maySubscribe(access, '$share/g/a')).toBe(true);
    expect(maySubscribe(access, '$share/g/#')).toBe(true);
    expect(maySubscribe(access, '$share/g/secret')).toBe(false);
    expect(maySubscribe(access, '$share/g/$SYS/#')).toBe(false);
    expect(maySubscribe(access, '$share/secret/a')).toBe(true);
  });

  it('that are no filters are refused', async () => {
    const access = await accessOf([everything]);
    const wrong = [
      '',
      'a/#/b',
      'a+',
      'a\0',
      '$share',
      '$share/g',
      '$share/g/',
      '$share//a',
      '$share/+/a',
    ];
    expect(wrong.filter((filter) => maySubscribe(access, filter))).toEqual([]);
  });
});

describe('topics that begin with $', () => {
  it('are reached only by rules that write them out', async () => {
    const wide = await accessOf(
      [{ ...everything, topic: ['#', '+/#', '+/a', '%c/#'] }],
      clientOf('$SYS', 'anna'),
    );
    for (const topic of ['$SYS', '$SYS/a', '$share/g/a']) {
      expect([topic, wide.mayPublish(topic, 0, false), wide.mayReceive(topic)]).toEqual([
        topic,
        false,
        false,
      ]);
    }
    expect(maySubscribe(wide, '$SYS/#')).toBe(false);

    const exact = await accessOf([{ ...everything, topic: '$SYS/broker/#' }]);
    expect(
      exact.mayPublish('$SYS/broker/a', 0, false) && maySubscribe(exact, '$SYS/broker/+'),
    ).toBe(true);
    expect(exact.mayPublish('$SYS/other', 0, false) || maySubscribe(exact, '$SYS/#')).toBe(false);
  });
});

const hostileNames = [
  '+',
  '#',
  'a/#',
  '+/+',
  '/',
  '$SYS',
  '$share',
  'a\0',
  '',
  '/'.repeat(65_535),
  '%u',
  '%c',
  '..',
  '__proto__',
  'constructor',
];

describe('a client whose id or user is hostile', () => {
  it.each(hostileNames)('%j gains nothing but a topic of exactly that name', async (name) => {
    const topic = ['%c/own', 'by-id/%c/#', 'by-user/%u', 'dev-%c/+'];
    const access = await accessOf([{ ...everything, topic }], clientOf(name, name));
    const others = [
      'victim/own',
      'by-id/victim/x',
      'by-user/victim',
      'dev-victim/x',
      '$SYS/own',
      '$share/own',
    ];
    for (const other of others)
      expect(access.mayPublish(other, 0, false) || access.mayReceive(other)).toBe(false);
    for (const wide of [
      '#',
      '+/own',
      'by-id/#',
      'by-id/+/x',
      'by-id/+/#',
      'by-user/+',
      'by-user/#',
      'dev-+/x',
      '+/+',
    ]) {
      expect(maySubscribe(access, wide)).toBe(false);
    }
  });

  it.each(hostileNames)('%j does not escape a denial of its own topics', async (name) => {
    const topic = ['by-id/%c/x', '%u/private'];
    const access = await accessOf(
      [
        { ...everything, topic: ['#', '$SYS/#'] },
        { effect: 'deny', action: 'all', topic },
      ],
      clientOf(name, name),
    );
    expect(access.mayPublish(`by-id/${name}/x`, 0, false)).toBe(false);
    expect(access.mayReceive(`${name}/private`)).toBe(false);
  });
});
