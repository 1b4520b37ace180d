import type { Client } from '@sluice/plugin';
import { checkList, checkRecord, fault, readDocument, type Source } from './document.ts';
import { parseTemplate, type Template } from './template.ts';

/** What a rules file holds. The order of the rules does not matter. */
export interface RulesFile {
  readonly rules: readonly RuleEntry[];
}

export interface RuleEntry {
  readonly effect: 'allow' | 'deny';
  /** Everybody when absent. */
  readonly who?: RuleWho;
  readonly action: Action | 'all' | readonly Action[];
  /** Topic filters, in which `%c` is the client identifier, `%u` the user and `%%` a percent sign. */
  readonly topic: string | readonly string[];
}

/** Clients to whom all of these apply. Names are literal: no wildcards, no placeholders. */
export interface RuleWho {
  readonly user?: string | readonly string[];
  readonly clientId?: string | readonly string[];
  /** Clients without a user name. */
  readonly anonymous?: true;
}

/** `subscribe` includes `receive`: what may be subscribed to may arrive, and what may not, may not. */
export type Action = 'publish' | 'subscribe' | 'receive';

/** A rule after checking. */
export interface Rule {
  readonly effect: 'allow' | 'deny';
  readonly who: Who;
  readonly actions: ReadonlySet<Action>;
  readonly topics: readonly Template[];
}

interface Who {
  readonly users: ReadonlySet<string> | undefined;
  readonly clientIds: ReadonlySet<string> | undefined;
}

const actionNames: readonly Action[] = ['publish', 'subscribe', 'receive'];

/** Reads rules from a file, or takes them from code. Without `identities` no rule may depend on a user. */
export async function loadRules(
  given: string | object,
  identities: boolean,
): Promise<readonly Rule[]> {
  const name = typeof given === 'string' ? given : 'options.rules';
  const source: Source = { code: 'SLUICE_AUTH_RULES_FILE', name };
  const document = typeof given === 'string' ? await readDocument(given, source) : given;
  const file = checkRecord(document, 'the top level', { required: ['rules'] }, source);
  const entries = checkList(file.get('rules'), 'rules', source);
  return entries.map((entry, index) => checkRule(entry, `rules[${index}]`, identities, source));
}

export function appliesTo({ who }: Rule, client: Client): boolean {
  if (who.users !== undefined && !who.users.has(client.identity)) return false;
  return who.clientIds === undefined || who.clientIds.has(client.clientId);
}

function checkRule(value: unknown, place: string, identities: boolean, source: Source): Rule {
  const keys = { required: ['effect', 'action', 'topic'], optional: ['who'] };
  const entry = checkRecord(value, place, keys, source);
  const effect = entry.get('effect');
  if (effect !== 'allow' && effect !== 'deny') {
    throw fault(source, `${place}.effect must be "allow" or "deny"`);
  }
  const who = checkWho(entry.get('who'), `${place}.who`, source);
  const topics = checkTexts(entry.get('topic'), `${place}.topic`, source).map(({ text, at }) => {
    const topic = parseTemplate(text, (problem) => fault(source, `${at} ${problem}`));
    if (topic.namesUser && !identities) throw nobodyVerifies(at, source);
    return topic;
  });
  if (who.users !== undefined && !identities) throw nobodyVerifies(`${place}.who`, source);
  return {
    effect,
    who,
    actions: checkActions(entry.get('action'), `${place}.action`, source),
    topics,
  };
}

function checkWho(value: unknown, place: string, source: Source): Who {
  if (value === undefined) return { users: undefined, clientIds: undefined };
  const keys = { required: [], optional: ['user', 'clientId', 'anonymous'] };
  const entry = checkRecord(value, place, keys, source);
  if (entry.size === 0)
    throw fault(source, `${place} names nobody; leave it out to mean everybody`);
  const anonymous = entry.get('anonymous');
  if (anonymous !== undefined && anonymous !== true) {
    throw fault(source, `${place}.anonymous must be true or left out`);
  }
  if (anonymous && entry.has('user')) {
    throw fault(
      source,
      `${place} has both user and anonymous, which nobody is; make two rules of it`,
    );
  }
  return {
    // The identity of an anonymous client is the empty one.
    users: anonymous ? new Set(['']) : checkNames(entry, 'user', place, source),
    clientIds: checkNames(entry, 'clientId', place, source),
  };
}

function checkNames(
  entry: ReadonlyMap<string, unknown>,
  key: string,
  place: string,
  source: Source,
): ReadonlySet<string> | undefined {
  if (!entry.has(key)) return undefined;
  const names = checkTexts(entry.get(key), `${place}.${key}`, source);
  return new Set(names.map(({ text }) => text));
}

function checkActions(value: unknown, place: string, source: Source): ReadonlySet<Action> {
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
  // What was denied must not arrive through a wider filter, and what may be subscribed to must arrive.
  if (actions.has('subscribe')) actions.add('receive');
  return actions;
}

/** A text or a list of them, none empty, each with its place. */
function checkTexts(value: unknown, place: string, source: Source): { text: string; at: string }[] {
  const isList = Array.isArray(value);
  const texts: readonly unknown[] = isList ? value : [value];
  if (texts.length === 0)
    throw fault(source, `${place} is an empty list; remove the rule or fill it`);
  return texts.map((text, index) => {
    const at = isList ? `${place}[${index}]` : place;
    if (typeof text === 'string' && text !== '') return { text, at };
    throw fault(
      source,
      `${at} must be a text that is not empty${isList ? '' : ', or a list of them'}`,
    );
  });
}

function nobodyVerifies(place: string, source: Source): Error {
  return fault(
    source,
    `${place} depends on the user, whom nobody verifies; give options.users, or set options.externalIdentities if another plug-in authenticates`,
  );
}
