import { createHmac, randomBytes } from 'node:crypto';
import { defaultIterations, keyBytes, type ScramKeys, saltBytes } from './scram-keys.ts';

const usual = { iterations: defaultIterations, salt: new Uint8Array(saltBytes) };

/**
 * Keys for names that have none: they look like those of some user, stay the same for a name as long as
 * the process runs, and no password fits them. So an exchange does not tell whether a user exists.
 */
export class ScramDecoys {
  #models: readonly Pick<ScramKeys, 'iterations' | 'salt'>[] = [usual];
  readonly #secret = randomBytes(32);
  readonly #storedKey = randomBytes(keyBytes);
  readonly #serverKey = randomBytes(keyBytes);

  /** Takes the keys of other users for models from now on. */
  use(users: Iterable<ScramKeys>): void {
    const models = [...users];
    this.#models = models.length > 0 ? models : [usual];
  }

  of(name: string): ScramKeys {
    // Two functions of the name: the salt, which a client sees, must tell nothing of the choice.
    const choice = createHmac('sha256', this.#secret).update(name).digest().readUInt32LE();
    const { iterations, salt } = this.#models[choice % this.#models.length] as ScramKeys;
    const bytes = createHmac('sha512', this.#secret).update(name).digest();
    return {
      iterations,
      salt: bytes.subarray(0, salt.length),
      storedKey: this.#storedKey,
      serverKey: this.#serverKey,
    };
  }
}
