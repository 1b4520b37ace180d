import { BrokerError, type HookName } from '@sluice/plugin';
import fastq from 'fastq';
import { asError } from './as-error.ts';
import type { Deadlines } from './deadlines.ts';
import type { Environment } from './environment.ts';
import { HookCall } from './hook-call.ts';

/** What is registered, with the options filled in. */
export interface Registration {
  readonly plugin: string;
  readonly name: HookName;
  readonly hook: (event: unknown) => unknown;
  readonly priority: number;
  /** Infinity for none. */
  readonly deadlineMs: number;
  /** Infinity for no line. */
  readonly maxConcurrent: number;
}

/** What a call of a hook needs besides the hook. */
export interface HookSurroundings {
  readonly environment: Environment;
  readonly deadlines: Deadlines;
  readonly onFailure: (error: BrokerError) => void;
}

// Calls that end at once follow each other on the stack: it is unwound now and then.
const maxNestedEnds = 100;

/** A hook of a plug-in: its calls never throw or reject, they come to a BrokerError, which is reported by then. */
export class RegisteredHook {
  readonly priority: number;
  readonly #registration: Registration;
  readonly #surroundings: HookSurroundings;
  readonly #hook: (event: unknown) => unknown;
  readonly #line: fastq.queue<HookCall> | undefined;
  #nestedEnds = 0;

  constructor(registration: Registration, surroundings: HookSurroundings) {
    this.priority = registration.priority;
    this.#registration = registration;
    this.#surroundings = surroundings;
    this.#hook = registration.hook;
    this.#line =
      registration.maxConcurrent === Infinity
        ? undefined
        : fastq((call: HookCall, done) => this.#runInLine(call, done), registration.maxConcurrent);
  }

  /** Calls a hook that may be asynchronous: its answer or a BrokerError, or a promise of these. */
  call(event: unknown): unknown {
    if (this.#line !== undefined) {
      const call = this.#newCall(event);
      this.#line.push(call);
      return call.outcome();
    }
    try {
      const answer = this.#hook(event);
      if (!isThenable(answer)) return answer;
      const call = this.#newCall(event);
      call.follow(answer);
      return call.outcome();
    } catch (thrown) {
      return this.fail(thrown);
    }
  }

  /** Calls a hook that has to answer at once: its answer or a BrokerError. */
  callNow(event: unknown): unknown {
    try {
      const answer = this.#hook(event);
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
    try {
      const answer = this.#hook(event);
      if (isThenable(answer)) Promise.resolve(answer).catch((thrown) => this.fail(thrown));
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /** Reports that the hook threw, rejected, or answered what it must not. */
  fail(thrown: unknown): BrokerError {
    const cause = asError(thrown);
    return this.#report('SLUICE_HOOK_FAILED', `failed: ${cause.message}`, { cause });
  }

  /** Reports that the hook did not answer in time. */
  miss(): BrokerError {
    const { deadlineMs } = this.#registration;
    return this.#report('SLUICE_HOOK_TIMEOUT', `gave no answer within ${deadlineMs} ms`);
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

  #runInLine(call: HookCall, done: fastq.done): void {
    // Its deadline passed while it waited.
    if (!call.settled) {
      try {
        const answer = this.#hook(call.event);
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

function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    typeof (answer as { then?: unknown }).then === 'function'
  );
}
