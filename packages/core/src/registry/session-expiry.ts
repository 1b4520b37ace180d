import { Deadline, type DeadlineOwner } from '../base/deadlines.ts';
import type { Context } from '../context/context.ts';
import { neverExpires, type Session } from '../session/session.ts';

/** Ends sessions whose time without a connection is over. */
export class SessionExpiry {
  readonly #onOver: (session: Session) => void;
  readonly #context: Context;
  #isClosed = false;

  constructor(context: Context, onOver: (session: Session) => void) {
    this.#context = context;
    this.#onOver = onOver;
  }

  /** `monotonic` is the time now. */
  begin(
    session: Session,
    inMs: number,
    monotonic: number = this.#context.environment.monotonic(),
  ): void {
    if (session.expiryInterval === neverExpires) return;
    session.expiry = new Deadline(new SessionEnd(this, session));
    this.#context.deadlines.set(session.expiry, monotonic + inMs);
  }

  /** Goes on with the time of a session from before a restart. False when it is over. */
  resume(session: Session, leftMs: number, monotonic: number): boolean {
    if (session.expiryInterval !== neverExpires && leftMs <= 0) return false;
    // A clock that was set back must not make it stay for longer than it was asked to.
    this.begin(session, Math.min(leftMs, session.expiryInterval * 1_000), monotonic);
    return true;
  }

  /** The broker closes: what is over from now on ends with the next start. */
  close(): void {
    this.#isClosed = true;
  }

  over(session: Session): void {
    if (!this.#isClosed) this.#onOver(session);
  }

  stop(session: Session): void {
    if (session.expiry === undefined) return;
    this.#context.deadlines.clear(session.expiry);
    session.expiry = undefined;
  }
}

/** A closure would take four times as much for each session that is offline. */
class SessionEnd implements DeadlineOwner {
  readonly #expiry: SessionExpiry;
  readonly #session: Session;

  constructor(expiry: SessionExpiry, session: Session) {
    this.#expiry = expiry;
    this.#session = session;
  }

  onDeadline(): void {
    this.#expiry.over(this.#session);
  }
}
