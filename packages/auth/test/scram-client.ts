import { Buffer } from 'node:buffer';
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

const hmac = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
const salted = (password: string, salt: Uint8Array, iterations: number) =>
  pbkdf2Sync(password, salt, iterations, 32, 'sha256');

/** Stored keys that cost a test little. */
export function keysOf(password: string, iterations = 4_096, salt = randomBytes(16)): string {
  const key = salted(password, salt, iterations);
  const parts = [salt, sha256(hmac(key, 'Client Key')), hmac(key, 'Server Key')];
  return ['scram-sha-256', iterations, ...parts.map((part) => part.toString('base64url'))].join(
    '$',
  );
}

/** The client's side of RFC 5802, also where it does not do what it should. */
export class ScramClient {
  /** `n,,` of a client that knows no channel binding. */
  header = 'n,,';
  readonly nonce: string;
  /** What it takes of the broker's nonce. */
  answerNonce: (nonce: string) => string = (nonce) => nonce;
  readonly #bare: string;
  readonly #password: string;
  #signature = '';

  constructor(user: string, password: string, nonce: string = randomBytes(18).toString('base64')) {
    const name = user.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.nonce = nonce;
    this.#bare = `n=${name},r=${nonce}`;
    this.#password = password;
  }

  /** What the broker's last message must be. */
  get signature(): string {
    return this.#signature;
  }

  first(): Buffer {
    return Buffer.from(this.header + this.#bare);
  }

  final(challenge: Uint8Array | undefined): Buffer {
    const { text, nonce, salt, iterations } = readChallenge(challenge);
    const binding = Buffer.from(this.header).toString('base64');
    const withoutProof = `c=${binding},r=${this.answerNonce(nonce)}`;
    const conversation = `${this.#bare},${text},${withoutProof}`;
    const key = salted(this.#password, salt, iterations);
    const clientKey = hmac(key, 'Client Key');
    const mask = hmac(sha256(clientKey), conversation);
    const proof = clientKey.map((byte, index) => byte ^ (mask[index] as number));
    this.#signature = `v=${hmac(hmac(key, 'Server Key'), conversation).toString('base64')}`;
    return Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`);
  }
}

/** The broker's first message, in parts. */
export function readChallenge(challenge: Uint8Array | undefined): {
  readonly text: string;
  readonly nonce: string;
  readonly salt: Buffer;
  readonly iterations: number;
} {
  const text = Buffer.from(challenge ?? '').toString();
  const [, nonce = '', salt = '', iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(text) ?? [];
  return { text, nonce, salt: Buffer.from(salt, 'base64'), iterations: Number(iterations) };
}
