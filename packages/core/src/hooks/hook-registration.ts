import {
  BrokerError,
  type HookName,
  type HookOptions,
  type Hooks,
  hookKinds,
} from '@sluice/plugin';
import {
  allowingWithin,
  type Concerns,
  concernsOf,
  faultInFilter,
  messageHooks,
} from './hook-filter.ts';

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
  /** Undefined when it is called for every event. */
  readonly concerns: Concerns | undefined;
  /** Whether events that are none of its concern are decided as if it was not there. */
  readonly leavesOthers: boolean;
  /** Whether it may use what it sees of messages and packets once it has returned. */
  readonly keepsMessages: boolean;
  /** Failures in a row that suspend it; Infinity for never. */
  readonly maxFailures: number;
  readonly retryAfterMs: number;
  /** One of how many calls is timed; Infinity for none. */
  readonly timedCalls: number;
}

const defaultMaxFailures = 10;
const defaultRetryAfterMs = 5_000;

/** Hooks that decide or transform where there is no time to wait. */
const synchronous: ReadonlySet<HookName> = new Set<HookName>([
  'connack',
  'disconnect',
  'route',
  'selectShared',
  'enqueue',
  'overflow',
  'authorizeDeliver',
  'deliver',
]);

/** Hooks that see neither messages nor packets that came in. */
const withoutMessages: ReadonlySet<HookName> = new Set<HookName>([
  'start',
  'close',
  'connection',
  'connect',
  'authenticate',
  'exchange',
  'session',
  'connack',
  'connected',
  'takenOver',
  'resumed',
  'disconnect',
  'disconnected',
  'ended',
  'subscribe',
  'authorizeSubscribe',
  'subscribed',
  'unsubscribe',
  'unsubscribed',
  'limited',
  'policyChanged',
]);

/** Hooks that run for messages and packets: looking at the clock each time would cost more than they do. */
const frequent: ReadonlySet<HookName> = new Set<HookName>([
  ...messageHooks,
  'packetReceived',
  'packetSent',
  'limited',
]);

const frequentTimedCalls = 64;

const optionNames: ReadonlySet<string> = new Set<keyof HookOptions>([
  'priority',
  'deadlineMs',
  'maxConcurrent',
  'filter',
  'leavesOthers',
  'keepsMessages',
  'maxFailures',
  'retryAfterMs',
]);

/** Checks what a plug-in registers. Throws a BrokerError SLUICE_UNKNOWN_HOOK or SLUICE_HOOK_OPTION. */
export function registrationOf<Name extends HookName>(
  plugin: string,
  name: Name,
  hook: Hooks[Name],
  options: HookOptions,
  hookTimeoutMs: number,
): Registration {
  if (!Object.hasOwn(hookKinds, name)) {
    throw new BrokerError(
      'SLUICE_UNKNOWN_HOOK',
      `Plug-in ${plugin} registers a hook ${String(name)}, but there are only ${Object.keys(hookKinds).join(', ')}.`,
    );
  }
  const fault = faultIn(name, hook, options);
  if (fault !== undefined) {
    throw new BrokerError('SLUICE_HOOK_OPTION', `The hook ${name} of plug-in ${plugin} ${fault}.`);
  }
  const { filter, priority = 0, maxConcurrent = Infinity } = options;
  const called =
    name === 'authorizeSubscribe' && filter?.topic !== undefined
      ? allowingWithin(filter.topic, hook as Hooks['authorizeSubscribe'])
      : hook;
  return {
    plugin,
    name,
    hook: called as (event: unknown) => unknown,
    priority,
    // A start may restore a large store: it is bounded only where the plug-in says so.
    deadlineMs: options.deadlineMs ?? (name === 'start' ? Infinity : hookTimeoutMs),
    maxConcurrent,
    concerns: filter === undefined ? undefined : concernsOf(name, filter),
    leavesOthers: options.leavesOthers ?? false,
    keepsMessages: !withoutMessages.has(name) && (options.keepsMessages ?? true),
    maxFailures: canBeSuspended(name) ? (options.maxFailures ?? defaultMaxFailures) : Infinity,
    retryAfterMs: options.retryAfterMs ?? defaultRetryAfterMs,
    timedCalls: timedCallsOf(name),
  };
}

function faultIn(name: HookName, hook: unknown, options: HookOptions): string | undefined {
  if (typeof hook !== 'function') return 'is no function';
  const unknown = Object.keys(options).find((option) => !optionNames.has(option));
  if (unknown !== undefined) {
    return `has an option ${unknown}, but there are only ${[...optionNames].join(', ')}`;
  }
  const { priority, filter, leavesOthers } = options;
  if (priority !== undefined && !Number.isFinite(priority)) {
    return 'has a priority that is no number';
  }
  if (leavesOthers !== undefined && typeof leavesOthers !== 'boolean') {
    return 'has a leavesOthers that is neither true nor false';
  }
  if (leavesOthers === true && (name !== 'authorizeSubscribe' || filter === undefined)) {
    return 'has leavesOthers, which is for authorizeSubscribe with a filter';
  }
  return (
    faultInKeeping(name, options) ??
    faultInWaiting(name, options) ??
    faultInSuspension(name, options) ??
    (filter === undefined ? undefined : faultInFilter(name, filter))
  );
}

function faultInKeeping(name: HookName, { keepsMessages }: HookOptions): string | undefined {
  if (keepsMessages === undefined) return undefined;
  if (typeof keepsMessages !== 'boolean') {
    return 'has a keepsMessages that is neither true nor false';
  }
  return withoutMessages.has(name)
    ? 'sees neither messages nor packets: keepsMessages means nothing there'
    : undefined;
}

function faultInWaiting(
  name: HookName,
  { deadlineMs, maxConcurrent }: HookOptions,
): string | undefined {
  if (deadlineMs === undefined && maxConcurrent === undefined) return undefined;
  if (hookKinds[name] === 'observe' || synchronous.has(name)) {
    return 'cannot wait: deadlineMs and maxConcurrent mean nothing there';
  }
  if (deadlineMs !== undefined && !(deadlineMs > 0 && Number.isFinite(deadlineMs))) {
    return 'has a deadlineMs that is no number above 0';
  }
  if (maxConcurrent !== undefined && !isCount(maxConcurrent)) {
    return 'has a maxConcurrent that is no whole number above 0';
  }
  return undefined;
}

function faultInSuspension(
  name: HookName,
  { maxFailures, retryAfterMs }: HookOptions,
): string | undefined {
  if (maxFailures === undefined && retryAfterMs === undefined) return undefined;
  if (!canBeSuspended(name)) {
    return 'is never suspended: maxFailures and retryAfterMs mean nothing there';
  }
  if (maxFailures !== undefined && maxFailures !== Infinity && !isCount(maxFailures)) {
    return 'has a maxFailures that is neither a whole number above 0 nor Infinity';
  }
  if (retryAfterMs !== undefined && !(retryAfterMs > 0 && Number.isFinite(retryAfterMs))) {
    return 'has a retryAfterMs that is no number above 0';
  }
  return undefined;
}

function canBeSuspended(name: HookName): boolean {
  return hookKinds[name] === 'decide' || hookKinds[name] === 'transform';
}

function timedCallsOf(name: HookName): number {
  // Nobody is served while these run.
  if (hookKinds[name] === 'lifecycle') return Infinity;
  return frequent.has(name) ? frequentTimedCalls : 1;
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}
