import type { WillPlan } from './plan.ts';
import type { Publication } from './publication.ts';

/** What has to become of a will, as far as it can be told. */
export const WillFate = {
  /** Not decided: its connection is open, or its delay goes on. */
  open: 'open',
  /** It has to be published, once. */
  due: 'due',
  /** It may never be published. */
  discarded: 'discarded',
  /** A crash or a race leaves both. */
  either: 'either',
} as const;

export type WillFate = (typeof WillFate)[keyof typeof WillFate];

const toleranceMs = 100;

/** The will of one CONNECT, from then on until its fate is decided. */
export class WillWatch {
  readonly publication: Publication;
  fate: WillFate = WillFate.open;
  readonly #delayMs: number;
  #isAccepted = false;
  #hasLeft = false;
  #releasedAt = Infinity;
  /** What is known of its end happened then: a crash before that was stored begins its delay anew. */
  #settledAt = Infinity;
  /** When its delay is over: between two moments. */
  #dueFrom = Infinity;
  #dueBy = Infinity;
  /** When the first CONNECT was sent that may have brought the client back. */
  #contestedAt = Infinity;
  #contests = 0;

  constructor(publication: Publication, { delaySeconds }: WillPlan, expirySeconds: number) {
    this.publication = publication;
    this.#delayMs = Math.min(delaySeconds, expirySeconds) * 1_000;
  }

  /** CONNACK left. */
  accepted(): void {
    this.#isAccepted = true;
  }

  /** The client sent a DISCONNECT that takes the will back. */
  left(): void {
    this.#hasLeft = true;
  }

  /** The connection ended between two moments; `isRead` when the broker has got all that the client sent. */
  released(earliest: number, latest: number, isRead: boolean): void {
    if (this.#releasedAt !== Infinity) return;
    this.#releasedAt = latest;
    this.#settledAt = latest;
    this.#dueFrom = earliest + this.#delayMs;
    this.#dueBy = latest + this.#delayMs;
    this.publication.sentAt = Math.min(this.publication.sentAt, earliest);
    if (this.#hasLeft && isRead && this.#isAccepted) this.fate = WillFate.discarded;
    else if (this.#hasLeft || !this.#isAccepted) this.fate = WillFate.either;
  }

  /** The broker was dead until `now`. What happened before `durableAt` is surely stored. */
  rebooted(now: number, durableAt: number, jumpsMs: number): void {
    if (this.#releasedAt === Infinity) return;
    if (this.#settledAt >= durableAt) {
      if (this.fate === WillFate.discarded) this.fate = WillFate.either;
      // A will whose connection was open when the broker died: its delay begins with this start.
      this.#dueBy = now + this.#delayMs;
      this.#settledAt = now;
    }
    this.#dueFrom -= jumpsMs;
    this.#dueBy = Math.max(this.#dueBy, now) + jumpsMs;
  }

  /** The client sends another CONNECT. */
  contested(now: number): void {
    this.#contestedAt = Math.min(this.#contestedAt, now);
    this.#contests++;
  }

  /** The client is back: CONNACK left. */
  resumed(now: number, isSameSession: boolean): void {
    if (this.fate !== WillFate.open) return;
    if (this.#delayMs === 0) this.fate = WillFate.due;
    // An earlier CONNECT, which nobody saw answered, may have come back in time.
    else if (!isSameSession) this.fate = this.#contests === 1 ? WillFate.due : WillFate.either;
    else if (now < this.#dueFrom - toleranceMs) this.fate = WillFate.discarded;
    else if (this.#contestedAt > this.#dueBy + toleranceMs) this.fate = WillFate.due;
    else this.fate = WillFate.either;
  }

  /** The history is over, long after every delay; nothing is decided while the connection is open. */
  concluded(): void {
    if (this.fate !== WillFate.open || this.#releasedAt === Infinity) return;
    this.fate = this.#contestedAt === Infinity ? WillFate.due : WillFate.either;
  }
}
