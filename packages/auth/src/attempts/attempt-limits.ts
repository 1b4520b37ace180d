import { createHash } from 'node:crypto';
import { addressGroup } from './address-group.ts';
import { FailureWindows } from './failure-windows.ts';

export interface AttemptOptions {
  /** Failed logins from one address (of IPv6: one network of 64 bits) within the window; 50 by default. */
  readonly maxFailuresPerAddress?: number | undefined;
  /** Failed logins as one user within the window; 10 by default. */
  readonly maxFailuresPerUser?: number | undefined;
  /** Seconds from the first failure, after which the count begins anew; 300 by default. */
  readonly windowSeconds?: number | undefined;
}

export type AttemptSettings = { readonly [Name in keyof AttemptOptions]-?: number };

export const defaultAttempts: AttemptSettings = Object.freeze({
  maxFailuresPerAddress: 50,
  maxFailuresPerUser: 10,
  windowSeconds: 300,
});

/** Somebody who tries to log in. */
export interface Attempt {
  /** Undefined where the transport has none: a Unix socket, a stream of the application. */
  readonly address: string | undefined;
  readonly user: string;
}

/** The limit that refuses an attempt. */
export type AttemptLimit = 'maxFailuresPerAddress' | 'maxFailuresPerUser';

/** Names in one table: some megabytes at most, whatever peers call themselves. */
const maxNames = 10_000;

/**
 * Refuses those who guess. Who logged in from an address before is only counted by themselves there: so nobody
 * else's failures, under that name or from that address, lock them out.
 */
export class AttemptLimits {
  readonly #now: () => number;
  readonly #addresses: FailureWindows;
  readonly #users: FailureWindows;
  /** Of users at addresses where they logged in before. */
  readonly #acquainted: FailureWindows;
  /** These pairs, the ones that logged in last at the end. */
  readonly #known = new Set<string>();

  /** `now` is in milliseconds and never goes back. */
  constructor(settings: AttemptSettings, now: () => number = () => performance.now()) {
    const { maxFailuresPerAddress, maxFailuresPerUser, windowSeconds } = settings;
    const windowMs = windowSeconds * 1_000;
    this.#now = now;
    this.#addresses = new FailureWindows(maxFailuresPerAddress, windowMs, maxNames);
    this.#users = new FailureWindows(maxFailuresPerUser, windowMs, maxNames);
    this.#acquainted = new FailureWindows(maxFailuresPerUser, windowMs, maxNames);
  }

  /** The limit that an attempt is beyond; undefined when it may be made. */
  refusal(attempt: Attempt): AttemptLimit | undefined {
    const now = this.#now();
    const { address, user, pair } = namesOf(attempt);
    if (this.#known.has(pair)) {
      return this.#acquainted.isFull(pair, now) ? 'maxFailuresPerUser' : undefined;
    }
    if (address !== undefined && this.#addresses.isFull(address, now)) {
      return 'maxFailuresPerAddress';
    }
    return this.#users.isFull(user, now) ? 'maxFailuresPerUser' : undefined;
  }

  failed(attempt: Attempt): void {
    const now = this.#now();
    const { address, user, pair } = namesOf(attempt);
    if (this.#known.has(pair)) {
      this.#acquainted.count(pair, now);
      return;
    }
    if (address !== undefined) this.#addresses.count(address, now);
    this.#users.count(user, now);
  }

  succeeded(attempt: Attempt): void {
    const { pair } = namesOf(attempt);
    this.#acquainted.forget(pair);
    this.#known.delete(pair);
    this.#known.add(pair);
    if (this.#known.size <= maxNames) return;
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      return;
    }
  }
}

/** What an attempt is counted under, none longer than 90 characters. */
function namesOf({ address, user }: Attempt): {
  readonly address: string | undefined;
  readonly user: string;
  readonly pair: string;
} {
  const group = address === undefined ? undefined : bounded(addressGroup(address));
  const name = bounded(user);
  return { address: group, user: name, pair: `${group ?? ''}\0${name}` };
}

/** A long name as its digest: 10,000 names of 65,535 bytes each would be 650 MB. */
function bounded(name: string): string {
  if (name.length <= 40) return name;
  return `#${createHash('sha256').update(name).digest('base64')}`;
}
