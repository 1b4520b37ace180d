import type { Environment } from '../base/environment.ts';
import type { SlicedTask, Turn } from '../base/turn.ts';

/** Told when everything that was added before it is durable, or that the broker closed without it. */
export interface CommitWaiter {
  onCommitted(failure: Error | undefined): void;
}

// Each of them may send a message, some microseconds.
const maxAtOnce = 1_000;
const toldPerLook = 32;
const toldAtOncePerLook = 8;

/** What telling them may take of the turn in which they learn it. */
const maxTellingMs = 1;

/** Tells those who wait for commits, in order: a few at once, many over several turns. */
export class CommitNews implements SlicedTask {
  readonly #turn: Turn;
  readonly #environment: Environment;
  readonly #onIdle: () => void;
  #waiting: CommitWaiter[] = [];
  #next = 0;

  constructor(turn: Turn, environment: Environment, onIdle: () => void) {
    this.#turn = turn;
    this.#environment = environment;
    this.#onIdle = onIdle;
  }

  /** Whether nobody is still to be told. */
  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  /** With a failure, everybody now. */
  tell(waiters: readonly CommitWaiter[], failure?: Error): void {
    const canBeFew = failure !== undefined || (this.isIdle && waiters.length <= maxAtOnce);
    const told = canBeFew ? this.#tellSome(waiters, failure) : 0;
    if (told === waiters.length) return;
    if (this.isIdle) this.#turn.share(this);
    for (let index = told; index < waiters.length; index++) {
      this.#waiting.push(waiters[index] as CommitWaiter);
    }
  }

  /** Tells everybody now. */
  finish(): void {
    while (this.#next < this.#waiting.length) this.#tellNext();
    this.#waiting = [];
    this.#next = 0;
  }

  slice(until: number): boolean {
    const end = Math.min(this.#waiting.length, this.#next + maxAtOnce);
    while (this.#next < end) {
      this.#tellNext();
      if (this.#next % toldPerLook === 0 && this.#environment.monotonic() >= until) break;
    }
    if (this.#next < this.#waiting.length) return true;
    if (this.isIdle) return false;
    this.finish();
    this.#onIdle();
    return false;
  }

  /** Tells as many as there is time for, or all of a failure. Returns how many. */
  #tellSome(waiters: readonly CommitWaiter[], failure: Error | undefined): number {
    let until = Infinity;
    let told = 0;
    while (told < waiters.length) {
      waiters[told++]?.onCommitted(failure);
      if (failure !== undefined || told % toldAtOncePerLook !== 0) continue;
      const now = this.#environment.monotonic();
      until = Math.min(until, now + maxTellingMs);
      if (now >= until) break;
    }
    return told;
  }

  #tellNext(): void {
    this.#waiting[this.#next++]?.onCommitted(undefined);
  }
}
