import { type FileHandle, open, readFile, realpath, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BrokerError } from '@sluice/plugin';
import { type Ban, readBan } from './ban.ts';

const code = 'SLUICE_LIMITS_BANS_FILE';

/** Bans in a JSON file, which is replaced as a whole or not at all: `{ "bans": [...] }`. */
export class BanFile {
  readonly #path: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** None where there is no file. After the writes that were asked for before. */
  async read(): Promise<Ban[]> {
    await this.#writing;
    const bytes = await readFile(this.#path).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw this.#fault('cannot be read', error);
    });
    if (bytes === undefined) return [];
    let bans: unknown;
    try {
      // Without a byte order mark, if there is one.
      ({ bans } = JSON.parse(new TextDecoder().decode(bytes)));
    } catch (error) {
      throw this.#fault('is not the JSON of bans', error);
    }
    if (!Array.isArray(bans)) throw this.#fault('has no list "bans"');
    return bans.map((ban) => readBan(ban, code));
  }

  /** Settles when it is durable. Writes come one after the other, each with the bans of its moment. */
  write(bans: () => readonly Ban[]): Promise<void> {
    const written = this.#writing.then(() => this.#replace(bans()));
    this.#writing = written.catch(() => {});
    return written;
  }

  async #replace(bans: readonly Ban[]): Promise<void> {
    try {
      const path = await this.#target();
      const newPath = `${path}.new`;
      const file = await open(newPath, 'w', 0o600);
      try {
        await copyPermissions(path, file);
        await file.writeFile(`${JSON.stringify({ bans }, undefined, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(newPath, path);
      await syncDirectory(dirname(path));
    } catch (error) {
      throw this.#fault('cannot be written', error);
    }
  }

  /** Through a symbolic link: the file is to be replaced, not the link. */
  async #target(): Promise<string> {
    return await realpath(this.#path).catch((error: unknown) => {
      if (isMissing(error)) return this.#path;
      throw error;
    });
  }

  #fault(what: string, cause?: unknown): BrokerError {
    return new BrokerError(code, `ban-list: the file ${this.#path} ${what}.`, { cause });
  }
}

/** Somebody else may look after the file, too. */
async function copyPermissions(path: string, newFile: FileHandle): Promise<void> {
  const before = await stat(path).catch(() => undefined);
  if (before === undefined) return;
  // Of another owner only where this process may; the ban is to be kept in any case.
  await newFile.chown(before.uid, before.gid).catch(() => {});
  await newFile.chmod(before.mode & 0o777);
}

/** Makes the rename itself durable. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return; // cannot open directories
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
