import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRules, temporaryDirectory } from './fakes.ts';

const rule = (changes: object) => ({ effect: 'allow', action: 'publish', topic: 'a', ...changes });

async function faultOf(document: string | object, identities = true): Promise<string> {
  const error = await loadRules(document, identities).then(
    () => expect.fail('it was accepted'),
    (thrown: Error) => thrown,
  );
  expect(error).toMatchObject({ name: 'BrokerError', code: 'SLUICE_AUTH_RULES_FILE' });
  return error.message;
}

describe('loadRules', () => {
  it.each([
    ['a list', [], 'the top level must be an object'],
    ['no rules', {}, 'the top level lacks the key "rules"'],
    ['rules of another type', { rules: 'none' }, 'rules must be a list'],
    ['a rule of another type', { rules: [[]] }, 'rules[0] must be an object'],
    [
      'an unknown key',
      { rules: [rule({}), rule({ user: 'a' })] },
      'rules[1] has the unknown key "user"',
    ],
    [
      'no effect',
      { rules: [{ action: 'publish', topic: 'a' }] },
      'rules[0] lacks the key "effect"',
    ],
    ['another effect', { rules: [rule({ effect: 'Allow' })] }, 'rules[0].effect must be'],
    ['another action', { rules: [rule({ action: 'read' })] }, 'rules[0].action must be'],
    ['"all" in a list', { rules: [rule({ action: ['all'] })] }, 'rules[0].action[0] must be'],
    ['no action', { rules: [rule({ action: [] })] }, 'rules[0].action is an empty list'],
    ['no topic', { rules: [rule({ topic: [] })] }, 'rules[0].topic is an empty list'],
    ['an empty topic', { rules: [rule({ topic: ['a', ''] })] }, 'rules[0].topic[1] must be a text'],
    ['a topic of another type', { rules: [rule({ topic: 7 })] }, 'rules[0].topic must be a text'],
    [
      'a bad filter',
      { rules: [rule({ topic: ['a', 'b/#/c'] })] },
      'rules[0].topic[1] is not a topic filter',
    ],
    ['a bad placeholder', { rules: [rule({ topic: 'a/%x' })] }, 'rules[0].topic has a "%"'],
    [
      'a shared filter',
      { rules: [rule({ topic: '$share/g/a' })] },
      'rules[0].topic begins with $share',
    ],
    ['who of another type', { rules: [rule({ who: 'anna' })] }, 'rules[0].who must be an object'],
    ['who is nobody', { rules: [rule({ who: {} })] }, 'rules[0].who names nobody'],
    [
      'an unknown key in who',
      { rules: [rule({ who: { group: 'a' } })] },
      'rules[0].who has the unknown key "group"',
    ],
    ['no user', { rules: [rule({ who: { user: [] } })] }, 'rules[0].who.user is an empty list'],
    ['an empty user', { rules: [rule({ who: { user: '' } })] }, 'rules[0].who.user must be a text'],
    [
      'an empty client id',
      { rules: [rule({ who: { clientId: ['a', ''] } })] },
      'rules[0].who.clientId[1] must be',
    ],
    [
      'anonymous false',
      { rules: [rule({ who: { anonymous: false } })] },
      'rules[0].who.anonymous must be true',
    ],
    [
      'anonymous and user',
      { rules: [rule({ who: { anonymous: true, user: 'a' } })] },
      'rules[0].who has both',
    ],
  ])('refuses: %s', async (_, document, problem) => {
    expect(await faultOf(document)).toContain(`options.rules: ${problem}`);
  });

  it('names the file', async () => {
    const path = join(await temporaryDirectory(), 'rules.json');
    expect(await faultOf(path)).toContain(`${path}: the file cannot be read (ENOENT)`);
    await writeFile(path, '{ "rules": [ {');
    expect(await faultOf(path)).toContain(`${path}: the file is not JSON, it ends too early`);
    await writeFile(path, '{ "rules": [] }');
    expect(await loadRules(path, true)).toEqual([]);
  });

  it('refuses null, which would be the default', async () => {
    const entry = { ...rule({}), maxQos: null };
    expect(await faultOf({ rules: [entry] })).toContain('rules[0].maxQos is null');
  });

  it.each([
    ['user', rule({ who: { user: 'anna' } }), 'rules[0].who depends on the user'],
    ['anonymous', rule({ who: { anonymous: true } }), 'rules[0].who depends on the user'],
    ['%u', rule({ topic: ['a', '%u/b'] }), 'rules[0].topic[1] depends on the user'],
  ])('refuses %s where nobody verifies users', async (_, entry, problem) => {
    expect(await faultOf({ rules: [entry] }, false)).toContain(problem);
    expect(await loadRules({ rules: [entry] }, true)).toHaveLength(1);
  });

  it('takes client ids and a literal "%%u" where nobody verifies users', async () => {
    const entry = rule({ who: { clientId: 'plc-1' }, topic: ['%c/a', '%%u'] });
    expect(await loadRules({ rules: [entry] }, false)).toHaveLength(1);
  });
});
