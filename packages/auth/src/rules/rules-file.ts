import type { Qos } from '@sluice/packet';
import { checkList, checkRecord, checkTexts, fault, type Source } from '../documents/checks.ts';
import type { Document } from '../documents/document.ts';
import type { DocumentSource } from '../documents/document-source.ts';
import { linesOfEntries } from '../documents/entry-lines.ts';
import { checkConditions } from './conditions.ts';
import type { Action, Rule, RulePlace } from './rule.ts';
import { parseTemplate } from './template.ts';
import { checkWho, type RuleWho } from './who.ts';

/** What a rules file holds. The order of the rules does not matter. */
export interface RulesFile {
  readonly rules: readonly RuleEntry[];
}

export interface RuleEntry {
  readonly effect: 'allow' | 'deny';
  /** Everybody when absent. */
  readonly who?: RuleWho;
  readonly action: Action | 'all' | readonly Action[];
  /** Topic filters, in which `%c` is the client identifier, `%u` the user, `%{name}` an attribute and `%%` a percent sign. */
  readonly topic: string | readonly string[];
  /** Of a permission: the highest QoS to publish with, and that a subscription is granted. 2 by default. */
  readonly maxQos?: Qos;
  /** Only for `publish`: a rule for messages with RETAIN, or for those without it. Both by default. */
  readonly retain?: boolean;
  /** Only for `subscribe`: a rule for shared subscriptions, for others, or for those of these groups. All by default. */
  readonly share?: boolean | string | readonly string[];
}

/** Rules that are kept elsewhere: `load` answers what a rules file would hold. */
export type RuleSource = DocumentSource<RulesFile>;

const actionNames: readonly Action[] = ['publish', 'subscribe', 'receive'];

export function rulesSource(name: string): Source {
  return { code: 'SLUICE_AUTH_RULES_FILE', name };
}

/** Checks rules. Without `identities` none may depend on a user. */
export function checkRulesFile(
  { value, text }: Document,
  identities: boolean,
  source: Source,
): readonly Rule[] {
  const file = checkRecord(value, 'the top level', { required: ['rules'] }, source);
  const lines = text === undefined ? [] : linesOfEntries(text, 'rules');
  return checkList(file.get('rules'), 'rules', source).map((entry, index) =>
    checkRule(entry, { source: source.name, index, line: lines[index] }, identities, source.code),
  );
}

function checkRule(value: unknown, at: RulePlace, identities: boolean, code: string): Rule {
  const place = `rules[${at.index}]`;
  const source = { code, name: at.line === undefined ? at.source : `${at.source}:${at.line}` };
  const keys = {
    required: ['effect', 'action', 'topic'],
    optional: ['who', 'maxQos', 'retain', 'share'],
  };
  const entry = checkRecord(value, place, keys, source);
  const effect = entry.get('effect');
  if (effect !== 'allow' && effect !== 'deny') {
    throw fault(source, `${place}.effect must be "allow" or "deny"`);
  }
  const who = checkWho(entry.get('who'), `${place}.who`, source);
  const topics = checkTexts(entry.get('topic'), `${place}.topic`, source).map((topic) => {
    const template = parseTemplate(topic.text, (problem) =>
      fault(source, `${topic.at} ${problem}`),
    );
    if (template.namesUser && !identities) throw nobodyVerifies(topic.at, source);
    return template;
  });
  const namesUser = who.users !== undefined || who.roles !== undefined;
  if (namesUser && !identities) throw nobodyVerifies(`${place}.who`, source);
  const actions = checkActions(entry.get('action'), `${place}.action`, source);
  const conditions = checkConditions(entry, effect, actions, place, source);
  // What was denied must not arrive through a wider filter, and what may be subscribed to must arrive. Only a
  // denial of some subscriptions, shared ones or others, leaves the topic to the rest.
  const isPartial = effect === 'deny' && conditions.share !== undefined;
  if (actions.has('subscribe') && !isPartial) actions.add('receive');
  return { effect, who, actions, topics, ...conditions, place: at };
}

function checkActions(value: unknown, place: string, source: Source): Set<Action> {
  if (value === 'all') return new Set(actionNames);
  const actions = new Set<Action>();
  for (const { text, at } of checkTexts(value, place, source)) {
    const action = actionNames.find((name) => name === text);
    if (action === undefined) {
      const whole = at === place ? ', or "all"' : '';
      throw fault(source, `${at} must be "publish", "subscribe" or "receive"${whole}`);
    }
    actions.add(action);
  }
  return actions;
}

function nobodyVerifies(place: string, source: Source): Error {
  return fault(
    source,
    `${place} depends on the user, whom nobody verifies; give options.users, options.jwt or options.certificate, or set options.externalIdentities if another plug-in authenticates`,
  );
}
