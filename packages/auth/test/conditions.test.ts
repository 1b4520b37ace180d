import { describe, expect, it } from 'vitest';
import { AccessControl } from '../src/rules/access-control.ts';
import type { RuleEntry } from '../src/rules/rules-file.ts';
import { loadRules, subjectFor } from './fakes.ts';

async function accessOf(rules: readonly RuleEntry[], subject = subjectFor('plc-7', 'anna')) {
  return new AccessControl(await loadRules({ rules }, true)).ofSubject(subject);
}

const everything: RuleEntry = { effect: 'allow', action: 'all', topic: '#' };

describe('maxQos', () => {
  it('bounds what is published and granted; the most generous permission counts', async () => {
    const access = await accessOf([
      { effect: 'allow', action: ['publish'], topic: 'a/#', maxQos: 0 },
      { effect: 'allow', action: ['publish'], topic: 'a/b', maxQos: 1 },
      { effect: 'allow', action: 'subscribe', topic: 'a/#', maxQos: 1 },
      { effect: 'allow', action: 'subscribe', topic: 'a/b', maxQos: 0 },
    ]);
    const highest = (topic: string) =>
      ([0, 1, 2] as const).filter((qos) => access.mayPublish(topic, qos, false));
    expect(highest('a/x')).toEqual([0]);
    expect(highest('a/b')).toEqual([0, 1]);
    expect(highest('b')).toEqual([]);
    expect(access.grantedQos('a/b')).toBe(1);
    expect(access.grantedQos('a/#')).toBe(1);
    expect(access.mayReceive('a/x')).toBe(true);
  });
});

describe('retain', () => {
  it('makes a permission one for messages without it, or a denial one for those with it', async () => {
    const plainOnly: RuleEntry = { effect: 'allow', action: 'publish', topic: '#', retain: false };
    const noRetained: RuleEntry = { effect: 'deny', action: 'publish', topic: '#', retain: true };
    for (const rules of [[plainOnly], [everything, noRetained]]) {
      const access = await accessOf(rules);
      expect(access.mayPublish('a', 2, false)).toBe(true);
      expect(access.mayPublish('a', 0, true)).toBe(false);
    }
  });

  it('is remembered apart for one topic', async () => {
    const access = await accessOf([
      { effect: 'allow', action: 'publish', topic: 'a', retain: true, maxQos: 0 },
      { effect: 'allow', action: 'publish', topic: 'a', retain: false, maxQos: 1 },
    ]);
    for (const _ of ['judged', 'remembered']) {
      expect(access.mayPublish('a', 0, true)).toBe(true);
      expect(access.mayPublish('a', 1, true)).toBe(false);
      expect(access.mayPublish('a', 1, false)).toBe(true);
      expect(access.mayPublish('a', 2, false)).toBe(false);
    }
  });
});

describe('share', () => {
  const filters = ['jobs/a', '$share/g/jobs/a', '$share/h/jobs/a'];

  it.each<[string, NonNullable<RuleEntry['share']>, string[]]>([
    ['any group', true, filters.slice(1)],
    ['no group', false, filters.slice(0, 1)],
    ['one group', 'g', ['$share/g/jobs/a']],
    ['some groups', ['h', 'i'], ['$share/h/jobs/a']],
  ])('of a permission means %s', async (_, share, expected) => {
    const access = await accessOf([
      { effect: 'allow', action: 'subscribe', topic: 'jobs/#', share },
    ]);
    expect(filters.filter((filter) => access.grantedQos(filter) !== undefined)).toEqual(expected);
    expect(access.mayReceive('jobs/a')).toBe(true);
    expect(access.grantedQos('$share/g/#')).toBeUndefined();
  });

  it('of a denial leaves the topic to the other subscriptions', async () => {
    const access = await accessOf([
      everything,
      { effect: 'deny', action: 'subscribe', topic: 'jobs/#', share: false },
    ]);
    expect(filters.filter((filter) => access.grantedQos(filter) !== undefined)).toEqual(
      filters.slice(1),
    );
    expect(access.mayReceive('jobs/a')).toBe(true);
  });
});

describe('who', () => {
  const rule = (who: RuleEntry['who']): RuleEntry[] => [{ ...everything, ...(who && { who }) }];

  it.each<[string, RuleEntry['who'], boolean]>([
    ['a role', { role: 'operator' }, true],
    ['one of the roles', { role: ['guest', 'viewer'] }, true],
    ['another role', { role: 'guest' }, false],
    ['a role by its letters', { role: 'Operator' }, false],
    ['role and user', { role: 'viewer', user: 'anna' }, true],
    ['role and another user', { role: 'viewer', user: 'ben' }, false],
    ['a pattern of client ids', { clientIdPattern: 'plc-*' }, true],
    ['one of the patterns', { clientIdPattern: ['x*', '*-7'] }, true],
    ['another pattern', { clientIdPattern: 'plc' }, false],
    ['pattern and client id', { clientIdPattern: 'plc-*', clientId: 'plc-8' }, false],
    ['no pattern in client ids', { clientId: 'plc-*' }, false],
  ])('is %s: %j', async (_, who, expected) => {
    const subject = subjectFor('plc-7', 'anna', ['operator', 'viewer']);
    expect((await accessOf(rule(who), subject)).mayReceive('a')).toBe(expected);
  });
});

describe('conditions without an effect', () => {
  it.each([
    ['a QoS of a denial', { effect: 'deny', maxQos: 1 }, 'maxQos goes with "allow" only'],
    ['a QoS of receiving', { action: 'receive', maxQos: 1 }, 'maxQos goes with the actions'],
    ['a QoS of everything', { action: 'all', maxQos: 1 }, 'maxQos goes with the actions'],
    ['a QoS of 3', { action: 'publish', maxQos: 3 }, 'maxQos must be a whole number from 0 to 2'],
    ['retain of subscribing', { action: 'subscribe', retain: true }, 'retain goes with the action'],
    ['retain of everything', { action: 'all', retain: false }, 'split the rule'],
    ['retain as a text', { action: 'publish', retain: 'no' }, 'retain must be true or false'],
    ['share of publishing', { action: 'publish', share: true }, 'share goes with the action'],
    ['a group with a wildcard', { action: 'subscribe', share: 'g/+' }, 'no name of a share group'],
    ['no group', { action: 'subscribe', share: [] }, 'share is an empty list'],
  ])('are refused: %s', async (_, changes, message) => {
    const rules = [{ effect: 'allow', action: 'publish', topic: 'a', ...changes }];
    await expect(loadRules({ rules }, true)).rejects.toThrow(message);
  });
});
