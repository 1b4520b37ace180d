import { Buffer } from 'node:buffer';
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { AuthProperties } from '@sluice/packet';
import { CaseFailure } from './failures.ts';

/** The Authentication Method of the cases about enhanced authentication. */
export const scramMethod = 'SCRAM-SHA-256';

/** The client's side of one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677), without channel binding. */
export class ScramClient {
  readonly #password: string;
  readonly #bare: string;
  #signature = '';

  constructor(userName: string, password: string) {
    this.#password = password;
    const name = userName.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#bare = `n=${name},r=${randomBytes(18).toString('base64')}`;
  }

  /** What the client says first. */
  get first(): AuthProperties {
    return {
      authenticationMethod: scramMethod,
      authenticationData: Buffer.from(`n,,${this.#bare}`),
    };
  }

  /** The proof that answers the broker's challenge. */
  answer(challenge: Uint8Array | undefined): AuthProperties {
    const text = Buffer.from(challenge ?? []).toString();
    const parts = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(text);
    if (parts === null) throw new CaseFailure(`not a challenge of SCRAM: ${text}`);
    const [, nonce = '', salt = '', iterations] = parts;
    const key = pbkdf2Sync(
      this.#password,
      Buffer.from(salt, 'base64'),
      Number(iterations),
      32,
      'sha256',
    );
    const withoutProof = `c=biws,r=${nonce}`;
    const conversation = `${this.#bare},${text},${withoutProof}`;
    const clientKey = hmac(key, 'Client Key');
    const mask = hmac(createHash('sha256').update(clientKey).digest(), conversation);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (mask[index] as number)));
    this.#signature = `v=${hmac(hmac(key, 'Server Key'), conversation).toString('base64')}`;
    return {
      authenticationMethod: scramMethod,
      authenticationData: Buffer.from(`${withoutProof},p=${proof.toString('base64')}`),
    };
  }

  /** Whether the broker proved in turn that it knows the user; it may do without. */
  accepts(signature: Uint8Array | undefined): boolean {
    return signature === undefined || Buffer.from(signature).toString() === this.#signature;
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
