import { ReasonCode } from '@sluice/packet';
import { type ConnectionInfo, type Deny, deny, type LimitedEvent } from '@sluice/plugin';
import type { Attempt, AttemptLimits } from './attempt-limits.ts';

/** Who tries to log in, and where. */
export interface Login {
  readonly connection: ConnectionInfo;
  readonly clientId: string;
}

const tooManyFailures: Deny = Object.freeze(
  deny(ReasonCode.quotaExceeded, 'too many failed logins; try again later'),
);

/** Counts logins, and refuses those beyond the limits, if there are any. */
export class AttemptGuard {
  readonly #limits: AttemptLimits | undefined;
  readonly #tell: (event: LimitedEvent) => void;
  #failed = 0;
  #refused = 0;

  constructor(limits: AttemptLimits | undefined, tell: (event: LimitedEvent) => void) {
    this.#limits = limits;
    this.#tell = tell;
  }

  /** Logins that failed by wrong credentials. */
  get failedLogins(): number {
    return this.#failed;
  }

  /** Logins that were refused unseen. */
  get refusedLogins(): number {
    return this.#refused;
  }

  /** The refusal of a login that may not even be tried; undefined when it may. */
  refusal(login: Login, user: string): Deny | undefined {
    const limit = this.#limits?.refusal(attemptOf(login, user));
    if (limit === undefined) return undefined;
    this.#refused += 1;
    const { connection, clientId } = login;
    this.#tell({ limit, action: 'refused', connection, clientId });
    return tooManyFailures;
  }

  /** Whether a login that waited may still be tried. */
  mayTry(login: Login, user: string): boolean {
    return this.#limits?.refusal(attemptOf(login, user)) === undefined;
  }

  failed(login: Login, user: string): void {
    this.#failed += 1;
    this.#limits?.failed(attemptOf(login, user));
  }

  succeeded(login: Login, user: string): void {
    this.#limits?.succeeded(attemptOf(login, user));
  }
}

function attemptOf({ connection }: Login, user: string): Attempt {
  return { address: connection.remoteAddress, user };
}
