import { ReasonCode } from '@sluice/packet';
import { Deadline, type DeadlineOwner } from '../base/deadlines.ts';
import type { Context } from '../context/context.ts';

/** The clock on the wall may be set forward, also by years: it is looked at that often. */
const longestUnseenMs = 60_000;

/** The connection, as the end of its authorization sees it. */
interface Authorized {
  close(reasonCode: ReasonCode, message: string): void;
}

/** Disconnects a client when the time is over that its authenticator granted, unless it authenticates again. */
export class AuthorizationEnd implements DeadlineOwner {
  readonly #owner: Authorized;
  readonly #context: Context;
  readonly #deadline: Deadline = new Deadline(this);
  #at = Infinity;

  constructor(owner: Authorized, context: Context) {
    this.#owner = owner;
    this.#context = context;
  }

  /** Milliseconds since 1970; Infinity for no end. */
  set(at: number): void {
    this.#at = at;
    const { deadlines, environment } = this.#context;
    const leftMs = at - environment.now();
    const nextLookMs = at === Infinity ? Infinity : Math.min(leftMs, longestUnseenMs);
    deadlines.set(this.#deadline, environment.monotonic() + nextLookMs);
  }

  onDeadline(): void {
    // It is not over yet, or the clock on the wall was set back.
    if (this.#at > this.#context.environment.now()) this.set(this.#at);
    else this.#owner.close(ReasonCode.maximumConnectTime, 'the authorization is over');
  }
}
