import { checkList, checkRecord, checkTexts, fault, type Source } from '../documents/checks.ts';
import type { Document } from '../documents/document.ts';
import type { DocumentSource } from '../documents/document-source.ts';
import { linesOfEntries } from '../documents/entry-lines.ts';
import { prepareText } from '../text/prepare-text.ts';
import { isUserName } from '../text/user-name.ts';

/** What a users file holds. */
export interface UsersFile {
  readonly users: readonly UserEntry[];
}

/** A user has a password, keys for SCRAM, or both; roles alone for somebody whom a token or certificate names. */
export interface UserEntry {
  /** 1 to 65,535 bytes; told apart byte by byte. With `scram`, as SASLprep leaves it. */
  readonly name: string;
  /** What `hashPassword` returns. */
  readonly password?: string;
  /** What `hashPasswordForScram` returns. */
  readonly scram?: string;
  /** What rules may name with `role`. None by default. */
  readonly roles?: readonly string[];
}

/** Users that are kept elsewhere: `load` answers what a users file would hold. */
export type UserSource = DocumentSource<UsersFile>;

/** An entry and where it stands. */
export interface PlacedUser {
  readonly entry: UserEntry;
  readonly place: string;
  readonly source: Source;
}

export function usersSource(name: string): Source {
  return { code: 'SLUICE_AUTH_USERS_FILE', name };
}

/** Checks everything but the form of the hashes. */
export function checkUsers({ value, text }: Document, source: Source): readonly PlacedUser[] {
  const file = checkRecord(value, 'the top level', { required: ['users'] }, source);
  const lines = text === undefined ? [] : linesOfEntries(text, 'users');
  const places = new Map<string, string>();
  return checkList(file.get('users'), 'users', source).map((user, index) => {
    const place = `users[${index}]`;
    const line = lines[index];
    const at = line === undefined ? source : { ...source, name: `${source.name}:${line}` };
    const entry = checkUser(user, place, at);
    const earlier = places.get(entry.name);
    if (earlier !== undefined) {
      throw fault(at, `${place}.name is also the name of ${earlier}; remove one of them`);
    }
    places.set(entry.name, place);
    return { entry, place, source: at };
  });
}

function checkUser(value: unknown, place: string, source: Source): UserEntry {
  const keys = { required: ['name'], optional: ['password', 'scram', 'roles'] };
  const entry = checkRecord(value, place, keys, source);
  const name = entry.get('name');
  if (!isUserName(name)) {
    throw fault(source, `${place}.name must be a text of 1 to 65,535 bytes without U+0000`);
  }
  const password = checkHash(entry, 'password', place, source);
  const scram = checkHash(entry, 'scram', place, source);
  const roles = entry.has('roles')
    ? checkTexts(entry.get('roles'), `${place}.roles`, source).map((role) => role.text)
    : undefined;
  if (password === undefined && scram === undefined && roles === undefined) {
    throw fault(
      source,
      `${place} has neither password nor scram nor roles; write it with "sluice passwd"`,
    );
  }
  // Clients prepare the name that they send: another one would never be found.
  if (scram !== undefined && prepareText(name) !== name) {
    throw fault(
      source,
      `${place}.name is not as SASLprep leaves it, which scram needs; normalize it, or remove scram`,
    );
  }
  return {
    name,
    ...(password !== undefined && { password }),
    ...(scram !== undefined && { scram }),
    ...(roles !== undefined && { roles }),
  };
}

function checkHash(
  entry: ReadonlyMap<string, unknown>,
  key: 'password' | 'scram',
  place: string,
  source: Source,
): string | undefined {
  const value = entry.get(key);
  if (value === undefined || typeof value === 'string') return value;
  throw fault(source, `${place}.${key} must be a text`);
}
