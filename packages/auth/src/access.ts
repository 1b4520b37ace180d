import { isValidTopicFilter, parseSharedFilter } from '@sluice/packet';
import type { Client } from '@sluice/plugin';
import { coversFilter, matchesTopic, type Pattern } from './pattern.ts';
import { type Action, appliesTo, type Rule } from './rules-file.ts';
import { fillForAllow, fillForDeny } from './template.ts';
import { TopicVerdicts } from './topic-verdicts.ts';

/** What one client may do. A denial beats every permission; what no rule allows is denied. */
export class Access {
  readonly #subscribe: Patterns;
  readonly #publish: TopicVerdicts;
  readonly #receive: TopicVerdicts;

  constructor(rules: readonly Rule[], client: Client) {
    const own = rules.filter((rule) => appliesTo(rule, client));
    const publish = patternsFor('publish', own, client);
    const receive = patternsFor('receive', own, client);
    this.#subscribe = patternsFor('subscribe', own, client);
    this.#publish = new TopicVerdicts((topic) => decide(publish, matchesTopic, topic));
    this.#receive = new TopicVerdicts((topic) => decide(receive, matchesTopic, topic));
  }

  mayPublish(topic: string): boolean {
    return this.#publish.of(topic);
  }

  mayReceive(topic: string): boolean {
    return this.#receive.of(topic);
  }

  /**
   * Whether one pattern allows all that the filter can match, and none denies all of it. Where a denial
   * meets only a part, `mayReceive` withholds that part. A shared subscription is judged by its filter.
   */
  maySubscribe(requested: string): boolean {
    if (!isValidTopicFilter(requested)) return false;
    const filter = parseSharedFilter(requested)?.filter ?? requested;
    return decide(this.#subscribe, coversFilter, filter.split('/'));
  }
}

interface Patterns {
  readonly allow: readonly Pattern[];
  readonly deny: readonly Pattern[];
}

function patternsFor(action: Action, rules: readonly Rule[], client: Client): Patterns {
  const values = { c: client.clientId, u: client.identity };
  const allow: Pattern[] = [];
  const deny: Pattern[] = [];
  for (const rule of rules) {
    if (!rule.actions.has(action)) continue;
    for (const template of rule.topics) {
      if (rule.effect === 'deny') {
        deny.push(fillForDeny(template, values));
      } else {
        const pattern = fillForAllow(template, values);
        if (pattern !== undefined) allow.push(pattern);
      }
    }
  }
  return { allow, deny };
}

function decide<Asked>(
  { allow, deny }: Patterns,
  fits: (pattern: Pattern, asked: Asked) => boolean,
  asked: Asked,
): boolean {
  return (
    allow.some((pattern) => fits(pattern, asked)) && !deny.some((pattern) => fits(pattern, asked))
  );
}
