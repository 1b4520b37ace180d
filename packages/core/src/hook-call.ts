import type { BrokerError } from '@sluice/plugin';
import { Deadline, type DeadlineOwner, type Deadlines } from './deadlines.ts';
import type { Environment } from './environment.ts';

/** Who is called. */
export interface CalledHook {
  fail(thrown: unknown): BrokerError;
  miss(): BrokerError;
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
    this.#deadlines.set(this.#deadline, this.#environment.monotonic() + this.#deadlineMs);
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The hook was called and answers later. `leave` gives up its place, once. */
  follow(answer: PromiseLike<unknown>, leave?: () => void): void {
    this.#runsSince = this.#environment.monotonic();
    this.#leave = leave;
    Promise.resolve(answer).then(
      (value) => {
        this.settle(value);
        this.#end();
      },
      (thrown) => {
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
