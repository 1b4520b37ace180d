import { topicMatches } from '@sluice/packet';
import type { Client } from '@sluice/plugin';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Access } from '../src/access.ts';
import { loadRules, type RuleEntry } from '../src/rules-file.ts';
import { clientOf } from './fakes.ts';

async function accessOf(rules: readonly RuleEntry[], client: Client): Promise<Access> {
  return new Access(await loadRules({ rules }, true), client);
}

/** The rules as their documentation states them, with nothing clever. */
function naively(
  rules: readonly RuleEntry[],
  client: Client,
  action: string,
  fits: (filter: string) => boolean,
): boolean {
  const listOf = <Value>(value: Value | readonly Value[]) =>
    (Array.isArray(value) ? value : [value]) as Value[];
  const applying = rules.filter(({ who, action: named, topic }) => {
    if (who?.user !== undefined && !listOf(who.user).includes(client.identity)) return false;
    if (who?.clientId !== undefined && !listOf(who.clientId).includes(client.clientId))
      return false;
    if (who?.anonymous && client.identity !== '') return false;
    const actions = listOf<string>(named);
    const included = action === 'receive' ? ['all', 'receive', 'subscribe'] : ['all', action];
    if (!included.some((one) => actions.includes(one))) return false;
    return listOf(topic).some((text) => {
      if (text.includes('%u') && client.identity === '') return false;
      return fits(text.replace('%c', client.clientId).replace('%u', client.identity));
    });
  });
  return (
    applying.some(({ effect }) => effect === 'allow') &&
    applying.every(({ effect }) => effect === 'allow')
  );
}

describe('any rules, against a naive reading of them', () => {
  const level = fc.constantFrom('a', 'b', '$s');
  const joined = (levels: fc.Arbitrary<string>) =>
    fc.array(levels, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const topicName = joined(level);
  const withEnd = (filter: fc.Arbitrary<string>) =>
    fc.tuple(filter, fc.boolean()).map(([text, open]) => (open ? `${text}/#` : text));
  const filter = fc.oneof(fc.constant('#'), withEnd(joined(fc.oneof(level, fc.constant('+')))));
  const pattern = fc.oneof(
    filter,
    withEnd(joined(fc.constantFrom('a', '+', '%c', '%u'))).filter(
      (text) => !/%c.*%c|%u.*%u/.test(text),
    ),
  );
  const name = fc.constantFrom('a', 'b');
  const action = fc.constantFrom('publish', 'subscribe', 'receive');
  const rule: fc.Arbitrary<RuleEntry> = fc.record(
    {
      effect: fc.constantFrom('allow', 'allow', 'deny'),
      action: fc.oneof(action, fc.constant('all'), fc.uniqueArray(action, { minLength: 1 })),
      topic: fc.oneof(pattern, fc.array(pattern, { minLength: 1, maxLength: 3 })),
      who: fc.oneof(
        fc.record({ user: name }),
        fc.record({ clientId: fc.array(name, { minLength: 1 }) }),
        fc.record({ user: name, clientId: name }),
        fc.record({ anonymous: fc.constant(true) }),
      ),
    },
    { requiredKeys: ['effect', 'action', 'topic'] },
  ) as fc.Arbitrary<RuleEntry>;
  const rules = fc.array(rule, { maxLength: 6 });
  const client = fc
    .tuple(name, fc.oneof(name, fc.constant('')))
    .map(([id, user]) => clientOf(id, user));

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

  it('decides the same on topics', async () => {
    await fc.assert(
      fc.asyncProperty(rules, client, topicName, async (entries, who, topic) => {
        const access = await accessOf(entries, who);
        const fits = (text: string) => topicMatches(text, topic);
        for (const _ of ['judged', 'remembered']) {
          expect(access.mayPublish(topic)).toBe(naively(entries, who, 'publish', fits));
          expect(access.mayReceive(topic)).toBe(naively(entries, who, 'receive', fits));
        }
      }),
      { numRuns: 400, seed: 1 },
    );
  });

  it('decides the same on filters, and all of a subscription without denials arrives', async () => {
    await fc.assert(
      fc.asyncProperty(rules, client, filter, async (entries, who, asked) => {
        const access = await accessOf(entries, who);
        const granted = access.maySubscribe(asked);
        expect(granted).toBe(naively(entries, who, 'subscribe', (text) => covers(text, asked)));
        expect(access.maySubscribe(`$share/g/${asked}`)).toBe(granted);
        if (!granted || entries.some(({ effect }) => effect === 'deny')) return;
        const matching = allTopics.filter((topic) => topicMatches(asked, topic));
        expect(matching.filter((topic) => !access.mayReceive(topic))).toEqual([]);
      }),
      { numRuns: 300, seed: 2 },
    );
  });
});
