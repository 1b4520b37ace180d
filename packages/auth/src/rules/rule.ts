import type { Qos } from '@sluice/packet';
import { matchesName, type NamePattern } from './name-pattern.ts';
import type { Subject } from './subject.ts';
import type { Template } from './template.ts';

/** `subscribe` includes `receive`: what may be subscribed to may arrive, and what may not, may not. */
export type Action = 'publish' | 'subscribe' | 'receive';

/** Which subscriptions a rule is about: shared ones or not, or those of some groups; undefined for all. */
export type Sharing = boolean | ReadonlySet<string> | undefined;

/** A rule after checking. */
export interface Rule {
  readonly effect: 'allow' | 'deny';
  readonly who: Who;
  readonly actions: ReadonlySet<Action>;
  readonly topics: readonly Template[];
  /** Of a permission to publish and subscribe. */
  readonly maxQos: Qos;
  /** Only messages with or without RETAIN; undefined for both. */
  readonly retain: boolean | undefined;
  readonly share: Sharing;
  readonly place: RulePlace;
}

/** Where a rule stands. */
export interface RulePlace {
  /** Path of the file, or the option that holds the rules. */
  readonly source: string;
  /** From 0 on. */
  readonly index: number;
  /** From 1 on; undefined for rules that are in no file. */
  readonly line: number | undefined;
}

/** Clients to whom all of these apply that are not undefined. */
export interface Who {
  readonly users: ReadonlySet<string> | undefined;
  readonly clientIds: ReadonlySet<string> | undefined;
  readonly clientIdPatterns: readonly NamePattern[] | undefined;
  readonly roles: ReadonlySet<string> | undefined;
}

export function appliesTo({ who }: Rule, subject: Subject): boolean {
  if (who.users !== undefined && !who.users.has(subject.identity)) return false;
  if (who.clientIds !== undefined && !who.clientIds.has(subject.clientId)) return false;
  if (who.roles !== undefined && !hasOneOf(subject.roles, who.roles)) return false;
  return (
    who.clientIdPatterns === undefined ||
    who.clientIdPatterns.some((pattern) => matchesName(pattern, subject.clientId))
  );
}

function hasOneOf(set: ReadonlySet<string>, wanted: ReadonlySet<string>): boolean {
  for (const one of wanted) {
    if (set.has(one)) return true;
  }
  return false;
}
