import {
  type CryptoKey,
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
} from 'jose';

/** The keys could not be fetched: not the fault of the token. */
export class KeysUnavailable extends Error {}

/** Below the deadline that hooks have by default, so that the answer says what is wrong. */
const fetchTimeoutMs = 4_000;
/** After a failure nobody is asked for so long, whatever tokens come. */
const retryAfterMs = 5_000;

/** Keys that an issuer publishes, kept for 10 minutes; an unknown key identifier asks again, at most every 30 s. */
export class RemoteKeys {
  readonly #keySet: ReturnType<typeof createRemoteJWKSet>;
  readonly #now: () => number;
  #failedUntil = Number.NEGATIVE_INFINITY;

  constructor(url: URL, now: () => number = () => performance.now()) {
    this.#keySet = createRemoteJWKSet(url, { timeoutDuration: fetchTimeoutMs });
    this.#now = now;
  }

  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    // Without keys every token would fetch again, and tokens are what strangers send.
    if (this.#now() < this.#failedUntil) return this.#findKept(header, token, undefined);
    try {
      return await this.#keySet(header, token);
    } catch (error) {
      if (isAboutToken(error)) throw error;
      return this.#findKept(header, token, error);
    }
  }

  /** Keys that are kept go on to count: it is strangers who ask for others, or for one that is of no use. */
  async #findKept(
    header: JWSHeaderParameters,
    token: FlattenedJWSInput,
    failure: unknown,
  ): Promise<CryptoKey> {
    const kept = this.#keySet.fresh ? this.#keySet.jwks() : undefined;
    try {
      if (kept !== undefined) return await createLocalJWKSet(kept)(header, token);
    } catch (error) {
      if (!isAboutToken(error)) throw error;
    }
    if (failure === undefined) throw new KeysUnavailable('the last fetch failed');
    this.#failedUntil = this.#now() + retryAfterMs;
    throw new KeysUnavailable('the keys cannot be fetched', { cause: failure });
  }
}

function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
