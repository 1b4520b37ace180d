import { BrokerError } from '@sluice/plugin';
import type { Commits } from '../commits/commits.ts';

/** Whether the broker still serves: what is asked of it from `close` on is refused. */
export class Serving {
  readonly #commits: Commits;
  #closed = false;

  constructor(commits: Commits) {
    this.#commits = commits;
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
  }

  /** Throws SLUICE_CLOSED once the broker is closed. */
  check(): void {
    if (this.#closed) throw closedError();
  }

  /** As `check`, and throws SLUICE_PERSISTENCE_FAILED when no more can wait for a store that fails. */
  checkStore(): void {
    this.check();
    const { failure, congested } = this.#commits;
    if (failure !== undefined && congested) throw failure;
  }
}

export function closedError(): BrokerError {
  return new BrokerError('SLUICE_CLOSED', 'The broker is closed: create another one.');
}
