import { fault, type Source } from '../documents/checks.ts';
import type { Document } from '../documents/document.ts';
import { type PasswordHash, parsePasswordHash } from '../passwords/password.ts';
import { parseScramKeys, type ScramKeys } from '../scram/scram-keys.ts';
import { checkUsers, type UserEntry } from './users-file.ts';

/** What a login went by: the text of the entry that proves it. */
export interface Credential {
  readonly name: string;
  readonly kind: 'password' | 'scram';
  readonly text: string;
}

/** One reading of the users. A new one takes the place of the whole. */
export class Users {
  readonly passwords: ReadonlyMap<string, PasswordHash>;
  readonly scramKeys: ReadonlyMap<string, ScramKeys>;
  readonly #entries: ReadonlyMap<string, UserEntry>;

  /** Throws a `BrokerError` for a document that is broken. */
  constructor(document: Document, source: Source) {
    const passwords = new Map<string, PasswordHash>();
    const scramKeys = new Map<string, ScramKeys>();
    const entries = new Map<string, UserEntry>();
    for (const { entry, place, source: at } of checkUsers(document, source)) {
      const { name, password, scram } = entry;
      entries.set(name, entry);
      if (password !== undefined) {
        passwords.set(name, wellFormed(parsePasswordHash(password), `${place}.password`, at));
      }
      if (scram !== undefined) {
        scramKeys.set(name, wellFormed(parseScramKeys(scram), `${place}.scram`, at));
      }
    }
    this.passwords = passwords;
    this.scramKeys = scramKeys;
    this.#entries = entries;
  }

  rolesOf(name: string): readonly string[] {
    return this.#entries.get(name)?.roles ?? [];
  }

  /** What a login of this kind goes by now; undefined for who cannot log in so. */
  credential(name: string, kind: Credential['kind']): Credential | undefined {
    const text = this.#entries.get(name)?.[kind];
    return text === undefined ? undefined : { name, kind, text };
  }

  /** Whether what somebody logged in by is what they would log in by now. */
  stillHolds({ name, kind, text }: Credential): boolean {
    return this.credential(name, kind)?.text === text;
  }
}

function wellFormed<Hash>(hash: Hash | undefined, place: string, source: Source): Hash {
  if (hash !== undefined) return hash;
  throw fault(
    source,
    `${place} is not a hash, or one out of bounds; write it with "sluice passwd"`,
  );
}
