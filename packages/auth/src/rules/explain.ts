import { isValidTopicFilter, isValidTopicName, type Qos } from '@sluice/packet';
import type { Access } from './access.ts';
import type { AccessControl } from './access-control.ts';
import type { Clause, Decision } from './clauses.ts';
import type { Action, RulePlace } from './rule.ts';

/** May somebody do this? */
export interface AccessQuestion {
  readonly action: Action;
  /** A topic name; for `subscribe` a topic filter, shared ones as `$share/group/filter`. */
  readonly topic: string;
  /** Empty by default, which matches no placeholder. */
  readonly clientId?: string | undefined;
  /** Who it is; anonymous by default. Roles of the users file are added. */
  readonly identity?: string | undefined;
  /** None by default. */
  readonly roles?: readonly string[] | undefined;
  /** None by default. */
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  /** By default 0 for `publish` and 2 for `subscribe`. Of no meaning for `receive`. */
  readonly qos?: Qos | undefined;
  /** false by default. Of a meaning for `publish` only. */
  readonly retain?: boolean | undefined;
}

/** The answer, and the rule that it comes from. */
export interface Explanation {
  readonly allowed: boolean;
  /** One sentence. */
  readonly reason: string;
  /** Undefined where no rule fits, which denies, and where there are no rules, which allows. */
  readonly rule: DecidingRule | undefined;
  /** What a subscription would be granted; undefined for everything else. */
  readonly grantedQos: Qos | undefined;
}

export interface DecidingRule extends RulePlace {
  readonly effect: 'allow' | 'deny';
  /** The topic filter as the rule has it. */
  readonly topic: string;
  /** The topic filter as it is for this client. */
  readonly pattern: string;
}

const withoutRules: Explanation = Object.freeze({
  allowed: true,
  reason: 'There are no rules, so that everybody may do everything.',
  rule: undefined,
  grantedQos: undefined,
});

/** Answers as the hooks would. `control` is undefined where there are no rules. */
export function explain(
  question: AccessQuestion,
  control: AccessControl | undefined,
  rolesNow: (identity: string) => readonly string[],
): Explanation {
  if (control === undefined) return withoutRules;
  const fault = faultOf(question);
  if (fault !== undefined) {
    return { allowed: false, reason: fault, rule: undefined, grantedQos: undefined };
  }
  const { action, topic, clientId = '', identity = '', roles = [], attributes = {} } = question;
  const { qos = action === 'subscribe' ? 2 : 0, retain = false } = question;
  const allRoles = new Set([...roles, ...(identity === '' ? [] : rolesNow(identity))]);
  const access = control.ofSubject({ clientId, identity, roles: allRoles, attributes });
  const decision = decisionOf(access, action, topic, qos, retain);
  const { allowed, clause } = decision;
  return {
    allowed,
    reason: reasonOf(decision),
    rule: clause && ruleOf(clause),
    grantedQos:
      allowed && clause && action === 'subscribe'
        ? (Math.min(qos, clause.rule.maxQos) as Qos)
        : undefined,
  };
}

/** Why the broker would not even ask the rules. */
function faultOf({ action, topic }: AccessQuestion): string | undefined {
  if (action === 'subscribe') {
    return isValidTopicFilter(topic) ? undefined : 'This is no topic filter.';
  }
  return isValidTopicName(topic)
    ? undefined
    : 'This is no topic name: it is empty, or has a wildcard.';
}

function decisionOf(
  access: Access,
  action: Action,
  topic: string,
  qos: Qos,
  retain: boolean,
): Decision {
  switch (action) {
    case 'publish':
      return access.decidePublish(topic, qos, retain);
    case 'subscribe':
      return access.decideSubscribe(topic);
    case 'receive':
      return access.decideReceive(topic);
  }
}

function reasonOf({ allowed, clause }: Decision): string {
  if (clause === undefined) return 'No rule allows it, which denies it.';
  if (allowed) return 'This rule allows it, and none denies it.';
  if (clause.rule.effect === 'deny') return 'This rule denies it, which beats every permission.';
  return `This rule allows it up to QoS ${clause.rule.maxQos} only, and no other allows more.`;
}

function ruleOf({ rule, template, pattern }: Clause): DecidingRule {
  return { ...rule.place, effect: rule.effect, topic: template.text, pattern: pattern.join('/') };
}
