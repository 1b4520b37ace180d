import type { Environment } from '../base/environment.ts';

/**
 * Keeps a hook that fails again and again from being called for a while: after `maxFailures` failures in a row it is
 * open for `retryAfterMs`; then one call tries whether the hook works again.
 */
export class HookBreaker {
  /** While it is, a call needs to be admitted. */
  isOpen = false;
  readonly #maxFailures: number;
  readonly #retryAfterMs: number;
  readonly #environment: Environment;
  #failuresInRow = 0;
  #retryAt = 0;
  #isTrying = false;

  constructor(maxFailures: number, retryAfterMs: number, environment: Environment) {
    this.#maxFailures = maxFailures;
    this.#retryAfterMs = retryAfterMs;
    this.#environment = environment;
  }

  /** Whether a call may go through although it is open: the one that tries. */
  admits(): boolean {
    if (this.#isTrying || this.#environment.monotonic() < this.#retryAt) return false;
    this.#isTrying = true;
    return true;
  }

  /** A call came to an answer that is allowed. */
  succeeded(): void {
    this.#failuresInRow = 0;
    this.isOpen = false;
    this.#isTrying = false;
  }

  /** A call failed. True when it is open from now on and was not before. */
  failed(): boolean {
    this.#failuresInRow++;
    if (this.#failuresInRow < this.#maxFailures) return false;
    const opened = !this.isOpen;
    // What was called before it opened and fails only now changes nothing.
    if (opened || this.#isTrying)
      this.#retryAt = this.#environment.monotonic() + this.#retryAfterMs;
    this.isOpen = true;
    this.#isTrying = false;
    return opened;
  }
}
