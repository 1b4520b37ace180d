import type { Client } from '@sluice/plugin';
import { Access } from './access.ts';
import type { Rule } from './rule.ts';
import { RuleBook } from './rule-book.ts';
import { type Subject, subjectOf } from './subject.ts';

/** The roles that a user has now, wherever the user came from. */
export type RolesNow = (identity: string) => readonly string[];

/** One set of rules, and what came out of it for each client. New rules or roles are a new AccessControl. */
export class AccessControl {
  readonly #book: RuleBook;
  readonly #rolesNow: RolesNow | undefined;
  /** Forgets a client with its connection. */
  readonly #accesses = new WeakMap<Client, Access>();

  constructor(rules: readonly Rule[] | RuleBook, rolesNow?: RolesNow) {
    this.#book = rules instanceof RuleBook ? rules : new RuleBook(rules);
    this.#rolesNow = rolesNow;
  }

  /** The same rules, with nothing decided yet. */
  renewed(): AccessControl {
    return new AccessControl(this.#book, this.#rolesNow);
  }

  /** Decides anew about a client. */
  forget(client: Client): void {
    this.#accesses.delete(client);
  }

  of(client: Client): Access {
    const known = this.#accesses.get(client);
    if (known !== undefined) return known;
    const access = this.ofSubject(subjectOf(client, this.#rolesNow));
    this.#accesses.set(client, access);
    return access;
  }

  ofSubject(subject: Subject): Access {
    return new Access(this.#book.rulesFor(subject), subject);
  }
}
