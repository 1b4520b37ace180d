import type { Client } from '@sluice/plugin';
import { type Attributes, rolesIn, valueAt } from '../attributes/attributes.ts';

/** Whom rules judge. */
export interface Subject {
  readonly clientId: string;
  /** Empty for anonymous. */
  readonly identity: string;
  readonly roles: ReadonlySet<string>;
  readonly attributes: Attributes;
}

/** What stands for a placeholder of a rule: `%c`, `%u`, or the name of an attribute. */
export type Placeholder = 'c' | 'u' | { readonly attribute: string };

/**
 * A client with the roles of now: those it brought, and those that the users file gives its identity. Without such a
 * file there is no `rolesNow`.
 */
export function subjectOf(
  client: Client,
  rolesNow: ((identity: string) => readonly string[]) | undefined,
): Subject {
  const { clientId, identity, attributes } = client;
  // A user of the file brought roles of the time of the login; only those of now count.
  const login = valueAt(attributes, 'login');
  const isFromFile = rolesNow !== undefined && (login === 'password' || login === 'scram');
  const brought = isFromFile ? [] : rolesIn(valueAt(attributes, 'roles'));
  const roles = new Set([...brought, ...(identity === '' ? [] : (rolesNow?.(identity) ?? []))]);
  return { clientId, identity, roles, attributes };
}

/** The text in place of a placeholder; undefined where there is none that could stand in a topic. */
export function placeholderText(placeholder: Placeholder, subject: Subject): string | undefined {
  if (placeholder === 'c') return subject.clientId;
  if (placeholder === 'u') return subject.identity;
  const value = valueAt(subject.attributes, placeholder.attribute);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value : undefined;
}
