import type { Clock } from './clock.ts';
import type { HookName, Hooks } from './hooks.ts';
import type { MatcherFactory } from './matcher.ts';
import type { Persistence } from './persistence.ts';
import type { BrokerServices } from './services.ts';

/** What a plug-in may provide; each has exactly one provider. */
export interface Services {
  persistence: Persistence;
  matcher: MatcherFactory;
}

export interface HookOptions {
  /** Higher runs earlier; equal ones run in order of registration. 0 by default. */
  readonly priority?: number | undefined;
  /** Milliseconds that an asynchronous answer may take; the broker's `hookTimeoutMs` by default. */
  readonly deadlineMs?: number | undefined;
  /**
   * Asynchronous calls that run at once; more wait in line. Unlimited by default. Waiting counts against the
   * deadline. A call keeps its place until its promise settles, or for `deadlineMs` from when it began to run.
   */
  readonly maxConcurrent?: number | undefined;
  /**
   * Of `authorizeSubscribe` with a filter: what the filter keeps from it is as if the hook was not there. Otherwise, once
   * any hook is registered, everything is denied that none allows. false by default.
   */
  readonly leavesOthers?: boolean | undefined;
  /**
   * false says that the hook, once it has returned, uses no bytes of a message or packet any more, nor hands them on, also
   * where it returned a promise: the memory that they were read into is used again. true by default. Only for hooks that
   * see messages or packets, and the same for all: where one keeps them, that memory is never used twice.
   */
  readonly keepsMessages?: boolean | undefined;
  /** Calls the hook only for what it is about; of any hook that has such a thing. Everything by default. */
  readonly filter?: HookFilter | undefined;
  /**
   * Failures in a row, timeouts included, after which the hook is not called for `retryAfterMs`: meanwhile each call
   * counts as failed, without an error of its own. Whole number from 1; 10 by default; Infinity never. Not for hooks
   * that observe, nor for `start` and `close`.
   */
  readonly maxFailures?: number | undefined;
  /** Milliseconds until one call tries whether the hook works again. 5,000 by default. */
  readonly retryAfterMs?: number | undefined;
}

/** Which events a hook is called for: those that match all that is given. */
export interface HookFilter {
  /**
   * A topic filter that the topic of the message has to match, or that has topics in common with the subscription. What
   * `authorizeSubscribe` allows counts only for a subscription that does not reach out of it.
   */
  readonly topic?: string | undefined;
  /** What the client identifier begins with. */
  readonly clientIdPrefix?: string | undefined;
}

/** Handed to `setup`. Hooks and services are registered there and nowhere else. */
export interface PluginContext {
  hook<Name extends HookName>(name: Name, hook: Hooks[Name], options?: HookOptions): void;
  provide<Name extends keyof Services>(name: Name, service: Services[Name]): void;
  /** Usable from the hook `start` on. */
  readonly broker: BrokerServices;
  /** Time and timers of the broker. They do not keep the process alive, and are to be cleared in the hook `close`. */
  readonly clock: Clock;
  /** Reports what a person should see: it becomes the broker's `error` event. */
  reportError(error: Error): void;
}

/** Something plugged into the broker: `createBroker({ plugins: [plugin] })`. */
export interface Plugin {
  /** Names it in errors; unique within a broker. */
  readonly name: string;
  setup(context: PluginContext): void | Promise<void>;
}
