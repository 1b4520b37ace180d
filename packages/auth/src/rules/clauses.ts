import type { Pattern } from './pattern.ts';
import type { Action, Rule } from './rule.ts';
import type { Subject } from './subject.ts';
import { fillForAllow, fillForDeny, type Template } from './template.ts';

/** A topic filter of a rule, as it is for one client. */
export interface Clause {
  readonly rule: Rule;
  readonly template: Template;
  readonly pattern: Pattern;
}

/** All that rules say to one client about one action. */
export interface Clauses {
  readonly allow: readonly Clause[];
  readonly deny: readonly Clause[];
}

/** What became of a question, and the clause that decided it; none where no rule fits, which denies. */
export interface Decision {
  readonly allowed: boolean;
  readonly clause: Clause | undefined;
}

const unmentioned: Decision = Object.freeze({ allowed: false, clause: undefined });

export function clausesFor(action: Action, rules: readonly Rule[], subject: Subject): Clauses {
  const allow: Clause[] = [];
  const deny: Clause[] = [];
  for (const rule of rules) {
    if (!rule.actions.has(action)) continue;
    for (const template of rule.topics) {
      if (rule.effect === 'deny') {
        deny.push({ rule, template, pattern: fillForDeny(template, subject) });
      } else {
        const pattern = fillForAllow(template, subject);
        if (pattern !== undefined) allow.push({ rule, template, pattern });
      }
    }
  }
  return { allow, deny };
}

/** A denial that fits beats every permission; of these the one with the highest QoS counts. */
export function decide({ allow, deny }: Clauses, fits: (clause: Clause) => boolean): Decision {
  const denial = deny.find(fits);
  if (denial !== undefined) return { allowed: false, clause: denial };
  let best: Clause | undefined;
  for (const clause of allow) {
    const isBetter = best === undefined || clause.rule.maxQos > best.rule.maxQos;
    if (isBetter && fits(clause)) best = clause;
  }
  return best === undefined ? unmentioned : { allowed: true, clause: best };
}
