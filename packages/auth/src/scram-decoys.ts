import { createHmac, randomBytes } from 'node:crypto';
import { defaultIterations, keyBytes, type ScramKeys, saltBytes } from './scram-keys.ts';

/**
 * Keys for names that have none: they look like those of some user, stay the same for a name as long as
 * the process runs, and no password fits them. So an exchange does not tell whether a user exists.
 */
export class ScramDecoys {
  readonly #models: readonly Pick<ScramKeys, 'iterations' | 'salt'>[];
  readonly #secret = randomBytes(32);
  readonly #storedKey = randomBytes(keyBytes);
  readonly #serverKey = randomBytes(keyBytes);

  constructor(users: Iterable<ScramKeys>) {
    const models = [...users];
    const usual = { iterations: defaultIterations, salt: new Uint8Array(saltBytes) };
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
