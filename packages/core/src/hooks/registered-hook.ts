import { BrokerError } from '@sluice/plugin';
import fastq from 'fastq';
import { asError } from '../base/as-error.ts';
import type { Deadlines } from '../base/deadlines.ts';
import type { Environment } from '../base/environment.ts';
import { HookBreaker } from './hook-breaker.ts';
import { type CalledHook, HookCall } from './hook-call.ts';
import { HookFailure } from './hook-failure.ts';
import type { Concerns } from './hook-filter.ts';
import type { Registration } from './hook-registration.ts';
import type { HookStatistics } from './hook-statistics.ts';
import { HookWatch } from './hook-watch.ts';
import type { PublishGuard } from './publish-guard.ts';

/** What a call of a hook needs besides the hook. */
export interface HookSurroundings {
  readonly environment: Environment;
  readonly deadlines: Deadlines;
  readonly guard: PublishGuard;
  readonly onFailure: (error: BrokerError) => void;
}

// Calls that end at once follow each other on the stack: it is unwound now and then.
const maxNestedEnds = 100;

/** A hook of a plug-in: its calls never throw or reject, they come to a HookFailure, which is reported by then. */
export class RegisteredHook implements CalledHook {
  readonly priority: number;
  /** Events that are none of its concern are decided as if it was not there. */
  readonly leavesOthers: boolean;
  readonly #registration: Registration;
  readonly #surroundings: HookSurroundings;
  readonly #hook: (event: unknown) => unknown;
  readonly #concerns: Concerns | undefined;
  readonly #breaker: HookBreaker;
  readonly #guard: PublishGuard;
  readonly #watch: HookWatch;
  readonly #timedCalls: number;
  readonly #line: fastq.queue<HookCall> | undefined;
  #calls = 0;
  #untimed: number;
  #failures = 0;
  #timeouts = 0;
  #skipped = 0;
  #pending = 0;
  /** The call in line that tries whether it works again. */
  #trial: HookCall | undefined;
  #nestedEnds = 0;

  constructor(registration: Registration, surroundings: HookSurroundings) {
    const { maxFailures, retryAfterMs, maxConcurrent } = registration;
    this.priority = registration.priority;
    this.leavesOthers = registration.leavesOthers;
    this.#registration = registration;
    this.#surroundings = surroundings;
    this.#hook = registration.hook;
    this.#concerns = registration.concerns;
    this.#breaker = new HookBreaker(maxFailures, retryAfterMs, surroundings.environment);
    this.#guard = surroundings.guard;
    this.#watch = new HookWatch(surroundings.environment);
    this.#timedCalls = registration.timedCalls;
    // The first call is timed.
    this.#untimed = this.#timedCalls === Infinity ? 0 : this.#timedCalls - 1;
    this.#line =
      maxConcurrent === Infinity
        ? undefined
        : fastq((call: HookCall, done) => this.#runInLine(call, done), maxConcurrent);
  }

  get statistics(): HookStatistics {
    return {
      plugin: this.#registration.plugin,
      name: this.#registration.name,
      calls: this.#calls,
      failures: this.#failures,
      timeouts: this.#timeouts,
      skipped: this.#skipped,
      suspended: this.#breaker.isOpen,
      pending: this.#pending,
      waiting: this.#line?.length() ?? 0,
    };
  }

  /** Whether it is registered for an event. */
  concerns(event: unknown): boolean {
    return this.#concerns === undefined || this.#concerns(event);
  }

  /**
   * Calls a hook that may be asynchronous: its answer or a HookFailure, or a promise of these; undefined for an event
   * that it is not registered for.
   */
  call(event: unknown): unknown {
    if (this.#concerns !== undefined && !this.#concerns(event)) return undefined;
    if (this.#breaker.isOpen && !this.#breaker.admits()) return this.#skip();
    if (this.#line !== undefined) {
      const call = this.#newCall(event);
      if (this.#breaker.isOpen) this.#trial = call;
      this.#line.push(call);
      return call.outcome();
    }
    try {
      const answer = this.#run(event);
      if (!isThenable(answer)) return answer;
      const call = this.#newCall(event);
      call.follow(answer);
      return call.outcome();
    } catch (thrown) {
      return this.fail(thrown);
    }
  }

  /** Calls a hook that has to answer at once: its answer or a HookFailure. */
  callNow(event: unknown): unknown {
    if (this.#concerns !== undefined && !this.#concerns(event)) return undefined;
    if (this.#breaker.isOpen && !this.#breaker.admits()) return this.#skip();
    try {
      const answer = this.#run(event);
      if (!isThenable(answer)) return answer;
      // Nobody waits for it: its rejection must not end the process.
      Promise.resolve(answer).catch(() => {});
      return this.fail(new TypeError('it returned a promise, but has to answer at once'));
    } catch (thrown) {
      return this.fail(thrown);
    }
  }

  /** Calls a hook whose answer is of no interest. */
  notify(event: unknown): void {
    if (this.#concerns !== undefined && !this.#concerns(event)) return;
    try {
      const answer = this.#run(event);
      if (isThenable(answer)) this.#follow(answer);
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /** What it answered is allowed. */
  succeed(): void {
    this.#breaker.succeeded();
  }

  /** Reports that the hook threw, rejected, or answered what it must not. */
  fail(thrown: unknown): HookFailure {
    this.#failures++;
    const cause = asError(thrown);
    return this.#failed('SLUICE_HOOK_FAILED', `failed: ${cause.message}`, { cause });
  }

  /** Reports that the hook did not answer in time. */
  miss(): HookFailure {
    this.#timeouts++;
    const { deadlineMs } = this.#registration;
    return this.#failed('SLUICE_HOOK_TIMEOUT', `gave no answer within ${deadlineMs} ms`);
  }

  began(): void {
    this.#pending++;
  }

  ended(): void {
    this.#pending--;
  }

  answered(afterMs: number): void {
    this.#reportSlow(this.#watch.answered(afterMs, this.#registration.deadlineMs));
  }

  /** Every hook is called here. */
  #run(event: unknown): unknown {
    this.#calls++;
    const before = this.#guard.enter(event);
    // A look at the clock costs more than a short hook does.
    if (++this.#untimed < this.#timedCalls) {
      try {
        return this.#hook(event);
      } finally {
        this.#guard.leave(before);
      }
    }
    this.#untimed = 0;
    const { environment } = this.#surroundings;
    const since = environment.monotonic();
    try {
      return this.#hook(event);
    } finally {
      this.#guard.leave(before);
      this.#reportSlow(this.#watch.returned(environment.monotonic() - since));
    }
  }

  #skip(): HookFailure {
    this.#skipped++;
    return suspended;
  }

  #failed(code: string, what: string, options?: ErrorOptions): HookFailure {
    const error = this.#report(code, what, options);
    if (this.#breaker.failed()) this.#reportSuspended();
    return new HookFailure(error);
  }

  #reportSuspended(): void {
    const { maxFailures, retryAfterMs } = this.#registration;
    this.#report(
      'SLUICE_HOOK_SUSPENDED',
      `failed ${maxFailures} times in a row and is not called for ${retryAfterMs} ms: meanwhile each call counts as failed. Then one call tries it. Correct what the errors before this one say.`,
    );
  }

  #reportSlow(what: string | undefined): void {
    if (what !== undefined) this.#report('SLUICE_HOOK_SLOW', what);
  }

  #report(code: string, what: string, options?: ErrorOptions): BrokerError {
    const { name, plugin } = this.#registration;
    const error = new BrokerError(code, `The hook ${name} of plug-in ${plugin} ${what}`, options);
    this.#surroundings.onFailure(error);
    return error;
  }

  #newCall(event: unknown): HookCall {
    const { environment, deadlines } = this.#surroundings;
    return new HookCall(this, event, this.#registration.deadlineMs, environment, deadlines);
  }

  /** Nobody waits for it, but a rejection is reported. */
  #follow(answer: PromiseLike<unknown>): void {
    this.began();
    Promise.resolve(answer).then(
      () => this.ended(),
      (thrown) => {
        this.ended();
        this.fail(thrown);
      },
    );
  }

  #runInLine(call: HookCall, done: fastq.done): void {
    if (this.#breaker.isOpen && call !== this.#trial) call.settle(this.#skip());
    // Or its deadline passed while it waited.
    if (!call.settled) {
      try {
        const answer = this.#run(call.event);
        if (isThenable(answer)) {
          call.follow(answer, () => this.#leaveLine(done));
          return;
        }
        call.settle(answer);
      } catch (thrown) {
        call.settle(this.fail(thrown));
      }
    }
    this.#leaveLine(done);
  }

  #leaveLine(done: fastq.done): void {
    if (this.#nestedEnds === maxNestedEnds) {
      this.#surroundings.environment.defer(() => this.#leaveLine(done));
      return;
    }
    this.#nestedEnds++;
    done(null);
    this.#nestedEnds--;
  }
}

const suspended: HookFailure = new HookFailure(
  new BrokerError('SLUICE_HOOK_SUSPENDED', 'The hook failed too often and is not called for now.'),
);

function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    typeof (answer as { then?: unknown }).then === 'function'
  );
}
