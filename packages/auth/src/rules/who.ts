import { checkRecord, checkTexts, fault, type Source } from '../documents/checks.ts';
import { parseNamePattern } from './name-pattern.ts';
import type { Who } from './rule.ts';

/** Clients to whom all of these apply; of a list, one entry has to. */
export interface RuleWho {
  /** Identities, literally. */
  readonly user?: string | readonly string[];
  /** Client identifiers, literally. */
  readonly clientId?: string | readonly string[];
  /** Client identifiers in which each `*` stands for any characters, or none. */
  readonly clientIdPattern?: string | readonly string[];
  /** Roles, literally: of the users file, of a token or of a certificate. */
  readonly role?: string | readonly string[];
  /** Clients without an identity. */
  readonly anonymous?: true;
}

const everybody: Who = Object.freeze({
  users: undefined,
  clientIds: undefined,
  clientIdPatterns: undefined,
  roles: undefined,
});

export function checkWho(value: unknown, place: string, source: Source): Who {
  if (value === undefined) return everybody;
  const optional = ['user', 'clientId', 'clientIdPattern', 'role', 'anonymous'];
  const entry = checkRecord(value, place, { required: [], optional }, source);
  if (entry.size === 0) {
    throw fault(source, `${place} names nobody; leave it out to mean everybody`);
  }
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
  const names = (key: string) =>
    entry.has(key)
      ? new Set(checkTexts(entry.get(key), `${place}.${key}`, source).map(({ text }) => text))
      : undefined;
  const patterns = names('clientIdPattern');
  return {
    // The identity of an anonymous client is the empty one.
    users: anonymous ? new Set(['']) : names('user'),
    clientIds: names('clientId'),
    clientIdPatterns: patterns && Array.from(patterns, parseNamePattern),
    roles: names('role'),
  };
}
