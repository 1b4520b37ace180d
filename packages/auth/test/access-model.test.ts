import { parseSharedFilter, type Qos, topicMatches } from '@sluice/packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccessControl } from '../src/rules/access-control.ts';
import { explain } from '../src/rules/explain.ts';
import type { RuleEntry } from '../src/rules/rules-file.ts';
import type { RuleWho } from '../src/rules/who.ts';
import { loadRules } from './fakes.ts';

interface Person {
  readonly clientId: string;
  readonly identity: string;
  readonly roles: readonly string[];
  readonly attributes: { readonly t?: string };
}

/** What is asked: fits tells whether a pattern without placeholders is about it. */
interface Question {
  readonly action: 'publish' | 'subscribe' | 'receive';
  readonly qos: Qos;
  readonly retain: boolean;
  readonly group: string | undefined;
  readonly fits: (filter: string) => boolean;
}

const listOf = <Value>(value: Value | readonly Value[]) =>
  (Array.isArray(value) ? value : [value]) as Value[];

function isMeant(who: RuleWho | undefined, person: Person): boolean {
  const { user, clientId, clientIdPattern, role, anonymous } = who ?? {};
  if (user !== undefined && !listOf(user).includes(person.identity)) return false;
  if (clientId !== undefined && !listOf(clientId).includes(person.clientId)) return false;
  if (role !== undefined && !listOf(role).some((one) => person.roles.includes(one))) return false;
  if (anonymous && person.identity !== '') return false;
  if (clientIdPattern === undefined) return true;
  return listOf(clientIdPattern).some((pattern) =>
    new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(person.clientId),
  );
}

/** Whether a rule is about the question, by its documentation. */
function isAbout(rule: RuleEntry, person: Person, question: Question): boolean {
  const { action, qos, retain, group, fits } = question;
  const named = listOf<string>(rule.action);
  const isPartial = rule.effect === 'deny' && rule.share !== undefined;
  const also = action === 'receive' && !isPartial ? ['subscribe'] : [];
  if (![action, 'all', ...also].some((one) => named.includes(one))) return false;
  if (action === 'publish' && rule.retain !== undefined && rule.retain !== retain) return false;
  if (action === 'publish' && qos > (rule.maxQos ?? 2)) return false;
  if (action === 'subscribe' && rule.share !== undefined) {
    const { share } = rule;
    const isIn = typeof share === 'boolean' ? share === (group !== undefined) : undefined;
    if (!(isIn ?? (group !== undefined && listOf(share as string).includes(group)))) return false;
  }
  return listOf(rule.topic).some((text) => {
    const values = { '%c': person.clientId, '%u': person.identity, '%{t}': person.attributes.t };
    let filled = text;
    for (const [name, value] of Object.entries(values)) {
      if (!text.includes(name)) continue;
      // Names of these tests are harmless: only missing ones differ.
      if (value === undefined || value === '') {
        if (rule.effect === 'allow') return false;
        filled = filled.replace(name, value ?? '+');
      } else filled = filled.replace(name, value);
    }
    return fits(filled);
  });
}

/** The rules as their documentation states them, with nothing clever. */
function naively(rules: readonly RuleEntry[], person: Person, question: Question): boolean {
  const about = rules.filter(
    (rule) => isMeant(rule.who, person) && isAbout(rule, person, question),
  );
  return (
    about.some(({ effect }) => effect === 'allow') &&
    about.every(({ effect }) => effect === 'allow')
  );
}

const level = fc.constantFrom('a', 'b', '$s');
const joined = (levels: fc.Arbitrary<string>) =>
  fc.array(levels, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const topicName = joined(level);
const withEnd = (filter: fc.Arbitrary<string>) =>
  fc.tuple(filter, fc.boolean()).map(([text, open]) => (open ? `${text}/#` : text));
const filter = fc.oneof(fc.constant('#'), withEnd(joined(fc.oneof(level, fc.constant('+')))));
const pattern = fc.oneof(
  filter,
  withEnd(joined(fc.constantFrom('a', '+', '%c', '%u', '%{t}'))).filter(
    (text) => !/%c.*%c|%u.*%u|%\{t\}.*%\{t\}/.test(text),
  ),
);
const name = fc.constantFrom('a', 'b');
const names = fc.oneof(name, fc.uniqueArray(name, { minLength: 1 }));
const who: fc.Arbitrary<RuleWho> = fc.oneof(
  fc.record(
    {
      user: names,
      clientId: names,
      clientIdPattern: fc.constantFrom('*', 'a*', '*b', 'a', 'a*b', '*ab*'),
      role: names,
    },
    { requiredKeys: [] },
  ),
  fc.record({ anonymous: fc.constant(true as const) }),
);
const action = fc.constantFrom('publish' as const, 'subscribe' as const, 'receive' as const);
const qos = fc.constantFrom<Qos>(0, 1, 2);
const what = fc.oneof(
  fc.record({ action: fc.oneof(action, fc.uniqueArray(action, { minLength: 1 })) }),
  fc.record({ action: fc.constant('all' as const) }),
  fc.record({ action: fc.constant('publish' as const), retain: fc.boolean() }),
  fc.record({
    action: fc.constant('subscribe' as const),
    share: fc.oneof(fc.boolean(), names),
  }),
  fc.record({ action: fc.constantFrom('publish' as const, 'subscribe' as const), maxQos: qos }),
);
const rule: fc.Arbitrary<RuleEntry> = fc
  .record({
    effect: fc.constantFrom('allow' as const, 'allow' as const, 'deny' as const),
    topic: fc.oneof(pattern, fc.array(pattern, { minLength: 1, maxLength: 3 })),
    who: fc.option(
      who.filter((one) => Object.keys(one).length > 0),
      { nil: undefined },
    ),
    what,
  })
  // A denial has no QoS.
  .filter(({ effect, what: conditions }) => effect === 'allow' || !('maxQos' in conditions))
  .map(
    ({ what: conditions, who: whom, effect, topic }): RuleEntry => ({
      effect,
      topic,
      ...conditions,
      ...(whom && { who: whom }),
    }),
  );
const rules = fc.array(rule, { maxLength: 6 });
const person: fc.Arbitrary<Person> = fc.record({
  clientId: fc.constantFrom('a', 'b', 'ab', 'bab'),
  identity: fc.oneof(name, fc.constant('')),
  roles: fc.uniqueArray(name),
  attributes: fc.record({ t: name }, { requiredKeys: [] }),
});

// "z" stands for any text in no filter; four levels tell any two filters of three levels apart.
const allTopics = [1, 2, 3, 4].flatMap((depth) =>
  Array.from({ length: 4 ** depth }, (_, code) =>
    Array.from(
      { length: depth },
      (_, at) => ['a', 'b', '$s', 'z'][Math.floor(code / 4 ** at) % 4],
    ).join('/'),
  ),
);
const covers = (outer: string, inner: string) =>
  allTopics.every((topic) => !topicMatches(inner, topic) || topicMatches(outer, topic));

const controlOf = async (entries: readonly RuleEntry[]) =>
  new AccessControl(await loadRules({ rules: entries }, true));
const accessOf = (control: AccessControl, who: Person) =>
  control.ofSubject({ ...who, roles: new Set(who.roles) });

describe('any rules, against a naive reading of them', () => {
  it('decide the same on topics, and explain what they decide', async () => {
    await fc.assert(
      fc.asyncProperty(rules, person, topicName, qos, fc.boolean(), async (...given) => {
        const [entries, somebody, topic, level, retain] = given;
        const control = await controlOf(entries);
        const access = accessOf(control, somebody);
        const fits = (text: string) => topicMatches(text, topic);
        const question = { qos: level, retain, group: undefined, fits };
        const publish = naively(entries, somebody, { action: 'publish', ...question });
        const receive = naively(entries, somebody, { action: 'receive', ...question });
        for (const _ of ['judged', 'remembered']) {
          expect(access.mayPublish(topic, level, retain)).toBe(publish);
          expect(access.mayReceive(topic)).toBe(receive);
        }
        const asked = { ...somebody, topic, qos: level, retain };
        const rolesNow = () => [];
        expect(explain({ action: 'publish', ...asked }, control, rolesNow).allowed).toBe(publish);
        const { allowed, rule: decided } = explain(
          { action: 'receive', ...asked },
          control,
          rolesNow,
        );
        expect(allowed).toBe(receive);
        if (decided === undefined) expect(allowed).toBe(false);
        else expect(fits(decided.pattern)).toBe(true);
      }),
      { numRuns: 600, seed: 1 },
    );
  });

  it('decide the same on filters, and all of a subscription without denials arrives', async () => {
    const group = fc.option(name, { nil: undefined });
    await fc.assert(
      fc.asyncProperty(rules, person, filter, group, async (entries, somebody, inner, share) => {
        const control = await controlOf(entries);
        const access = accessOf(control, somebody);
        const asked = share === undefined ? inner : `$share/${share}/${inner}`;
        expect(parseSharedFilter(asked)?.shareName).toBe(share);
        const granted = access.grantedQos(asked);
        const fits = (text: string) => covers(text, inner);
        const question = {
          action: 'subscribe',
          qos: 0,
          retain: false,
          group: share,
          fits,
        } as const;
        const expected = naively(entries, somebody, question);
        expect(granted !== undefined).toBe(expected);
        const explained = explain(
          { action: 'subscribe', ...somebody, topic: asked },
          control,
          () => [],
        );
        expect(explained).toMatchObject({ allowed: expected, grantedQos: granted });
        if (granted === undefined || entries.some(({ effect }) => effect === 'deny')) return;
        const matching = allTopics.filter((topic) => topicMatches(inner, topic));
        expect(matching.filter((topic) => !access.mayReceive(topic))).toEqual([]);
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  it('grant a subscription the highest QoS that one permission has', async () => {
    await fc.assert(
      fc.asyncProperty(rules, person, filter, async (entries, somebody, asked) => {
        const granted = accessOf(await controlOf(entries), somebody).grantedQos(asked);
        const withAtLeast = (least: Qos) =>
          entries.filter(({ effect, maxQos = 2 }) => effect === 'deny' || maxQos >= least);
        const fits = (text: string) => covers(text, asked);
        const question = {
          action: 'subscribe',
          qos: 0,
          retain: false,
          group: undefined,
          fits,
        } as const;
        const levels = ([2, 1, 0] as const).filter((least) =>
          naively(withAtLeast(least), somebody, question),
        );
        expect(granted).toBe(levels[0]);
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});
