import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose';
import { fault, type Source } from '../documents/checks.ts';
import { parseDocument, readBytes } from '../documents/document.ts';
import { FileWatch } from '../documents/file-watch.ts';
import { RemoteKeys } from './remote-keys.ts';
import type { KeyOrigin, TokenSettings } from './token-options.ts';

/** The key for a token, by what its header says. */
export type FindKey = (
  header: JWSHeaderParameters,
  token: FlattenedJWSInput,
) => Promise<CryptoKey | KeyObject | Uint8Array>;

const hashBytes: ReadonlyMap<string, number> = new Map([
  ['HS256', 32],
  ['HS384', 48],
  ['HS512', 64],
]);

/** The keys that tokens are checked with, wherever they come from. */
export class VerificationKeys {
  readonly #origin: KeyOrigin;
  readonly #algorithms: readonly string[];
  readonly #watch: FileWatch | undefined;
  readonly #remote: RemoteKeys | undefined;
  #find: FindKey | undefined;

  constructor({ keys, algorithms }: Pick<TokenSettings, 'keys' | 'algorithms'>) {
    this.#origin = keys;
    this.#algorithms = algorithms;
    this.#watch = 'path' in keys ? new FileWatch(keys.path) : undefined;
    this.#remote = keys.kind === 'jwksUrl' ? new RemoteKeys(keys.url) : undefined;
  }

  /** Reads what is in files, and takes it if it is whole. Remote keys wait for the first token. */
  async load(): Promise<void> {
    const remote = this.#remote;
    if (remote !== undefined) {
      this.#find = (header, token) => remote.find(header, token);
      return;
    }
    await this.#watch?.seen();
    this.#find = await readKeys(this.#origin, this.#algorithms);
  }

  find: FindKey = (header, token) => {
    if (this.#find === undefined) throw new Error('the keys were never loaded');
    return this.#find(header, token);
  };

  watch(changed: () => void): void {
    this.#watch?.start(changed);
  }

  unwatch(): void {
    this.#watch?.stop();
  }
}

async function readKeys(origin: KeyOrigin, algorithms: readonly string[]): Promise<FindKey> {
  const name = 'path' in origin ? origin.path : `options.jwt.keys.${origin.kind}`;
  const source: Source = { code: 'SLUICE_AUTH_KEYS', name };
  const bytes = 'path' in origin ? await readBytes(origin.path, source) : undefined;
  switch (origin.kind) {
    case 'jwksFile':
      return keySet(bytes as Uint8Array, source);
    case 'publicKeyFile':
      return always(publicKey(new TextDecoder().decode(bytes), source));
    case 'publicKey':
      return always(publicKey(origin.pem, source));
    case 'secretFile':
      return always(checkSecret(withoutLineBreak(bytes as Uint8Array), algorithms, source));
    case 'secret':
      return always(checkSecret(origin.bytes, algorithms, source));
    case 'jwksUrl':
      throw new Error('remote keys are not read here');
  }
}

function always(key: KeyObject | Uint8Array): FindKey {
  return () => Promise.resolve(key);
}

function keySet(bytes: Uint8Array, source: Source): FindKey {
  const { value } = parseDocument(bytes, source);
  try {
    return createLocalJWKSet(value as JSONWebKeySet);
  } catch (error) {
    const why = error instanceof errors.JOSEError ? error.message : 'it is malformed';
    throw fault(source, `the file is no JSON Web Key Set: ${why}`);
  }
}

function publicKey(pem: string, source: Source): KeyObject {
  // Of a private key Node would quietly make a public one: that file must not lie here.
  if (!pem.includes('PRIVATE KEY')) {
    try {
      return createPublicKey(pem);
    } catch {
      // Said below; what the system says may quote the key.
    }
  }
  throw fault(source, 'it is no public key or certificate in PEM form');
}

function checkSecret(
  secret: Uint8Array,
  algorithms: readonly string[],
  source: Source,
): Uint8Array {
  const least = Math.max(...algorithms.map((name) => hashBytes.get(name) ?? 0));
  if (secret.length >= least) return secret;
  throw fault(source, `the secret must have at least ${least} bytes for ${algorithms.join(', ')}`);
}

function withoutLineBreak(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  if (bytes[end - 1] === 0x0a) end -= 1;
  if (bytes[end - 1] === 0x0d) end -= 1;
  return bytes.subarray(0, end);
}
