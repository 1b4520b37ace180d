import { Buffer } from 'node:buffer';
import { checkList, checkRecord, fault, readDocument, type Source } from './document.ts';
import { type PasswordHash, parsePasswordHash } from './password.ts';

/** What a users file holds. */
export interface UsersFile {
  readonly users: readonly UserEntry[];
}

export interface UserEntry {
  /** 1 to 65,535 bytes; told apart byte by byte. */
  readonly name: string;
  /** What `hashPassword` returns. */
  readonly password: string;
}

/** Reads users from a file, or takes them from code, and checks them. */
export async function loadUsers(
  given: string | object,
): Promise<ReadonlyMap<string, PasswordHash>> {
  const source = usersSource(typeof given === 'string' ? given : 'options.users');
  const document = typeof given === 'string' ? await readDocument(given, source) : given;
  const users = new Map<string, PasswordHash>();
  for (const [index, { name, password }] of checkUsers(document, source).users.entries()) {
    const hash = parsePasswordHash(password);
    if (hash === undefined) {
      throw fault(
        source,
        `users[${index}].password is not a hash, or one out of bounds; write it with "sluice passwd"`,
      );
    }
    users.set(name, hash);
  }
  return users;
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
    const entry = checkRecord(value, place, { required: ['name', 'password'] }, source);
    const name = entry.get('name');
    const password = entry.get('password');
    if (!isUserName(name)) {
      throw fault(source, `${place}.name must be a text of 1 to 65,535 bytes without U+0000`);
    }
    if (typeof password !== 'string') throw fault(source, `${place}.password must be a text`);
    const earlier = places.get(name);
    if (earlier !== undefined) {
      throw fault(source, `${place}.name is also the name of ${earlier}; remove one of them`);
    }
    places.set(name, place);
    return { name, password };
  });
  return { users };
}

/** Whether a CONNECT can carry the name, and it says who somebody is. */
export function isUserName(name: unknown): name is string {
  if (typeof name !== 'string' || name === '' || name.includes('\0')) return false;
  const bytes = Buffer.from(name);
  return bytes.length <= 65_535 && bytes.toString() === name; // a lone surrogate would not come back
}
