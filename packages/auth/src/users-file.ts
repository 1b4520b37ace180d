import { Buffer } from 'node:buffer';
import { checkList, checkRecord, fault, readDocument, type Source } from './document.ts';
import { type PasswordHash, parsePasswordHash } from './password.ts';
import { prepareText } from './prepare-text.ts';
import { parseScramKeys, type ScramKeys } from './scram-keys.ts';

/** What a users file holds. */
export interface UsersFile {
  readonly users: readonly UserEntry[];
}

/** A user has a password, keys for SCRAM, or both. */
export interface UserEntry {
  /** 1 to 65,535 bytes; told apart byte by byte. With `scram`, as SASLprep leaves it. */
  readonly name: string;
  /** What `hashPassword` returns. */
  readonly password?: string;
  /** What `hashPasswordForScram` returns. */
  readonly scram?: string;
}

/** Users by name, for each way to log in. */
export interface Users {
  readonly passwords: ReadonlyMap<string, PasswordHash>;
  readonly scramKeys: ReadonlyMap<string, ScramKeys>;
}

/** Reads users from a file, or takes them from code, and checks them. */
export async function loadUsers(given: string | object): Promise<Users> {
  const source = usersSource(typeof given === 'string' ? given : 'options.users');
  const document = typeof given === 'string' ? await readDocument(given, source) : given;
  const passwords = new Map<string, PasswordHash>();
  const scramKeys = new Map<string, ScramKeys>();
  const { users } = checkUsers(document, source);
  for (const [index, { name, password, scram }] of users.entries()) {
    const place = `users[${index}]`;
    if (password !== undefined) {
      passwords.set(name, wellFormed(parsePasswordHash(password), `${place}.password`, source));
    }
    if (scram !== undefined) {
      scramKeys.set(name, wellFormed(parseScramKeys(scram), `${place}.scram`, source));
    }
  }
  return { passwords, scramKeys };
}

function wellFormed<Hash>(hash: Hash | undefined, place: string, source: Source): Hash {
  if (hash !== undefined) return hash;
  throw fault(
    source,
    `${place} is not a hash, or one out of bounds; write it with "sluice passwd"`,
  );
}

export function usersSource(name: string): Source {
  return { code: 'SLUICE_AUTH_USERS_FILE', name };
}

/** Checks everything but the form of the hashes. */
export function checkUsers(document: unknown, source: Source): UsersFile {
  const file = checkRecord(document, 'the top level', { required: ['users'] }, source);
  const places = new Map<string, string>();
  const users = checkList(file.get('users'), 'users', source).map((value, index) => {
    const place = `users[${index}]`;
    const keys = { required: ['name'], optional: ['password', 'scram'] };
    const entry = checkRecord(value, place, keys, source);
    const name = entry.get('name');
    if (!isUserName(name)) {
      throw fault(source, `${place}.name must be a text of 1 to 65,535 bytes without U+0000`);
    }
    const password = checkHash(entry, 'password', place, source);
    const scram = checkHash(entry, 'scram', place, source);
    if (password === undefined && scram === undefined) {
      throw fault(source, `${place} has neither password nor scram; write it with "sluice passwd"`);
    }
    // Clients prepare the name that they send: another one would never be found.
    if (scram !== undefined && prepareText(name) !== name) {
      throw fault(
        source,
        `${place}.name is not as SASLprep leaves it, which scram needs; normalize it, or remove scram`,
      );
    }
    const earlier = places.get(name);
    if (earlier !== undefined) {
      throw fault(source, `${place}.name is also the name of ${earlier}; remove one of them`);
    }
    places.set(name, place);
    return {
      name,
      ...(password !== undefined && { password }),
      ...(scram !== undefined && { scram }),
    };
  });
  return { users };
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

/** Whether a CONNECT can carry the name, and it says who somebody is. */
export function isUserName(name: unknown): name is string {
  if (typeof name !== 'string' || name === '' || name.includes('\0')) return false;
  const bytes = Buffer.from(name);
  return bytes.length <= 65_535 && bytes.toString() === name; // a lone surrogate would not come back
}
