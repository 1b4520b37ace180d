import { type FileHandle, open, readFile, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BrokerError } from '@sluice/plugin';
import { fault, type Source } from '../documents/checks.ts';
import { parseDocument, systemCode } from '../documents/document.ts';
import { hashPassword } from '../passwords/password.ts';
import { hashPasswordForScram, isFitForScram } from '../scram/scram-keys.ts';
import { isUserName } from '../text/user-name.ts';
import { checkUsers, type UserEntry, usersSource } from './users-file.ts';

/**
 * Adds a user to a users file, or gives one a new password; creates the file where there is none,
 * readable for its owner only. The file is replaced as a whole or not at all; a broken one is left alone.
 * SCRAM is left out where it cannot carry name or password: bytes that are no text, control characters.
 */
export async function writeUser(
  path: string,
  name: string,
  password: string | Uint8Array,
): Promise<'added' | 'replaced'> {
  if (!isUserName(name)) {
    throw new BrokerError(
      'SLUICE_AUTH_OPTIONS',
      'A user name must be a text of 1 to 65,535 bytes without U+0000.',
    );
  }
  const entry: UserEntry = {
    name,
    password: await hashPassword(password),
    ...(isFitForScram(name, password) && { scram: await hashPasswordForScram(password) }),
  };
  const source = usersSource(path);
  try {
    // Through a symbolic link: the file is to be replaced, not the link.
    const target = await realpath(path).catch(ignoring('ENOENT'));
    return await replaceFile(target ?? path, source, entry);
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    throw fault(
      source,
      `the file cannot be written (${systemCode(error)}); correct the path or its permissions`,
    );
  }
}

async function replaceFile(
  path: string,
  source: Source,
  entry: UserEntry,
): Promise<'added' | 'replaced'> {
  const newPath = `${path}.new`;
  // Taken before the old content is read: two writers at once must not lose each other's user.
  const handle = await open(newPath, 'wx', 0o600).catch((error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw error;
    throw fault(
      source,
      'somebody else is writing it; if nobody is, remove the file of the same name with ".new"',
    );
  });
  let outcome: 'added' | 'replaced';
  try {
    outcome = await writeWith(entry, path, source, handle).finally(() => handle.close());
    await rename(newPath, path);
  } catch (error) {
    await unlink(newPath).catch(ignoring('ENOENT'));
    throw error;
  }
  // Not above: from here on a file of the new name is another writer's.
  await syncDirectory(dirname(path));
  return outcome;
}

/** Writes the users of a file and this one to the new file, durably. */
async function writeWith(
  entry: UserEntry,
  path: string,
  source: Source,
  newFile: FileHandle,
): Promise<'added' | 'replaced'> {
  const users = await readUsers(path, source);
  const index = users.findIndex(({ name }) => name === entry.name);
  const roles = users[index]?.roles;
  if (index < 0) users.push(entry);
  else users[index] = { ...entry, ...(roles !== undefined && { roles }) };
  await copyPermissions(path, newFile);
  await newFile.writeFile(`${JSON.stringify({ users }, undefined, 2)}\n`);
  await newFile.sync();
  return index < 0 ? 'added' : 'replaced';
}

async function readUsers(path: string, source: Source): Promise<UserEntry[]> {
  const bytes = await readFile(path).catch(ignoring('ENOENT'));
  if (bytes === undefined) return [];
  return checkUsers(parseDocument(bytes, source), source).map(({ entry }) => entry);
}

/** The broker may run as another user or group than whoever changes a password. */
async function copyPermissions(path: string, newFile: FileHandle): Promise<void> {
  const before = await stat(path).catch(ignoring('ENOENT'));
  if (before === undefined) return;
  const now = await newFile.stat();
  if (now.uid !== before.uid || now.gid !== before.gid) await newFile.chown(before.uid, before.gid);
  await newFile.chmod(before.mode & 0o777);
}

/** Makes the rename itself durable. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return; // cannot open directories
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** For `catch`: undefined in place of this one failure. */
function ignoring(code: string): (error: unknown) => undefined {
  return (error) => {
    if (systemCode(error) === code) return undefined;
    throw error;
  };
}
