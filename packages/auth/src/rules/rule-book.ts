import { appliesTo, type Rule } from './rule.ts';
import type { Subject } from './subject.ts';

/** Rules, found by what they name: thousands of rules for one user each cost the others nothing. */
export class RuleBook {
  readonly #general: Rule[] = [];
  readonly #byUser = new Map<string, Rule[]>();
  readonly #byClientId = new Map<string, Rule[]>();
  readonly #byRole = new Map<string, Rule[]>();

  constructor(rules: readonly Rule[]) {
    for (const rule of rules) {
      const { users, clientIds, roles } = rule.who;
      // Under one of the things that it names: all of them are checked later.
      if (users !== undefined) file(this.#byUser, users, rule);
      else if (clientIds !== undefined) file(this.#byClientId, clientIds, rule);
      else if (roles !== undefined) file(this.#byRole, roles, rule);
      else this.#general.push(rule);
    }
  }

  /** The rules that apply to somebody, in the order of the file. */
  rulesFor(subject: Subject): readonly Rule[] {
    const found = new Set([
      ...this.#general,
      ...(this.#byUser.get(subject.identity) ?? []),
      ...(this.#byClientId.get(subject.clientId) ?? []),
    ]);
    for (const role of subject.roles) {
      for (const rule of this.#byRole.get(role) ?? []) found.add(rule);
    }
    return [...found]
      .filter((rule) => appliesTo(rule, subject))
      .sort((one, other) => one.place.index - other.place.index);
  }
}

function file(drawers: Map<string, Rule[]>, names: ReadonlySet<string>, rule: Rule): void {
  for (const name of names) {
    const drawer = drawers.get(name);
    if (drawer === undefined) drawers.set(name, [rule]);
    else drawer.push(rule);
  }
}
