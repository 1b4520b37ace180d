import { Deadline, type DeadlineOwner, type Deadlines } from '../base/deadlines.ts';
import type { Environment } from '../base/environment.ts';
import type { HookFailure } from './hook-failure.ts';

/** Who is called, and told what became of it. */
export interface CalledHook {
  fail(thrown: unknown): HookFailure;
  miss(): HookFailure;
  /** Its promise is waited for. */
  began(): void;
  /** Its promise settled. */
  ended(): void;
  /** It answered in time, so many milliseconds after it was asked. */
  answered(afterMs: number): void;
}

/** One asynchronous call of a hook: what it comes to, its deadline, and its place among the calls that run. */
export class HookCall implements DeadlineOwner {
  readonly event: unknown;
  settled = false;
  readonly #hook: CalledHook;
  readonly #deadlineMs: number;
  readonly #environment: Environment;
  readonly #deadlines: Deadlines;
  readonly #deadline: Deadline = new Deadline(this);
  #value: unknown;
  #resolve: ((value: unknown) => void) | undefined;
  #askedAt = 0;
  #runsSince = 0;
  #leave: (() => void) | undefined;

  constructor(
    hook: CalledHook,
    event: unknown,
    deadlineMs: number,
    environment: Environment,
    deadlines: Deadlines,
  ) {
    this.#hook = hook;
    this.event = event;
    this.#deadlineMs = deadlineMs;
    this.#environment = environment;
    this.#deadlines = deadlines;
  }

  /** What it came to, or a promise of that, which the deadline bounds from now on. Asked for once. */
  outcome(): unknown {
    if (this.settled) return this.#value;
    this.#askedAt = this.#environment.monotonic();
    this.#deadlines.set(this.#deadline, this.#askedAt + this.#deadlineMs);
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The hook was called and answers later. `leave` gives up its place, once. */
  follow(answer: PromiseLike<unknown>, leave?: () => void): void {
    this.#runsSince = this.#environment.monotonic();
    this.#leave = leave;
    this.#hook.began();
    Promise.resolve(answer).then(
      (value) => {
        this.#hook.ended();
        if (!this.settled) this.#hook.answered(this.#environment.monotonic() - this.#askedAt);
        this.settle(value);
        this.#end();
      },
      (thrown) => {
        this.#hook.ended();
        if (!this.settled) this.settle(this.#hook.fail(thrown));
        this.#end();
      },
    );
  }

  /** Ends the wait; what comes later is ignored. */
  settle(value: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.#value = value;
    this.#deadlines.clear(this.#deadline);
    this.#resolve?.(value);
  }

  onDeadline(): void {
    if (!this.settled) this.settle(this.#hook.miss());
    if (this.#leave === undefined) return;
    // It still runs, so it keeps its place, unless it takes so long that it may never end.
    const latestEnd = this.#runsSince + this.#deadlineMs;
    if (latestEnd > this.#environment.monotonic()) this.#deadlines.set(this.#deadline, latestEnd);
    else this.#end();
  }

  #end(): void {
    this.#deadlines.clear(this.#deadline);
    const leave = this.#leave;
    this.#leave = undefined;
    leave?.();
  }
}
