import type { Environment } from '../base/environment.ts';
import type { SlicedTask, Turn } from '../base/turn.ts';

/** Told when everything that was added before it is durable, or that the broker closed without it. */
export interface CommitWaiter {
  onCommitted(failure: Error | undefined): void;
}

// Each of them may send a message, some microseconds.
const maxAtOnce = 1_000;
const toldPerLook = 32;

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

  tell(waiters: readonly CommitWaiter[], failure?: Error): void {
    if (this.isIdle && waiters.length <= maxAtOnce) {
      for (const waiter of waiters) waiter.onCommitted(failure);
      return;
    }
    if (this.isIdle) this.#turn.share(this);
    for (const waiter of waiters) this.#waiting.push(waiter);
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

  #tellNext(): void {
    this.#waiting[this.#next++]?.onCommitted(undefined);
  }
}
