import type { Client } from '@sluice/plugin';
import { Access } from './access.ts';
import type { Rule } from './rules-file.ts';

/** One set of rules, and what came out of it for each client. New rules are a new AccessControl. */
export class AccessControl {
  readonly #rules: readonly Rule[];
  /** Forgets a client with its connection. */
  readonly #accesses = new WeakMap<Client, Access>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  of(client: Client): Access {
    const known = this.#accesses.get(client);
    if (known !== undefined) return known;
    const access = new Access(this.#rules, client);
    this.#accesses.set(client, access);
    return access;
  }
}
