import {
  type AuthenticateGrant,
  type AuthorizeSubscribeGrant,
  allow,
  BrokerError,
  deny,
  type HookName,
  type HookOptions,
  type Hooks,
  hookKinds,
} from '@sluice/plugin';
import { Deadlines } from './deadlines.ts';
import type { Environment } from './environment.ts';
import { type DecideRules, decideNowRunner, decideRunner } from './hook-decide.ts';
import {
  applyConnect,
  applyDeliver,
  applyMessage,
  applySubscribe,
  checkAuthenticateGrant,
  checkSubscribeGrant,
  mergeAuthenticateGrants,
  mergeSubscribeGrants,
} from './hook-events.ts';
import { exchangeRunner } from './hook-exchange.ts';
import { closeRunner, observeRunner, startRunner } from './hook-observe.ts';
import type { HookRunners } from './hook-runners.ts';
import { selectRunner } from './hook-select.ts';
import { transformNowRunner, transformRunner } from './hook-transform.ts';
import { RegisteredHook } from './registered-hook.ts';

export type {
  DecideRunner,
  HookRunners,
  ObserveRunner,
  TransformRunner,
} from './hook-runners.ts';

/** What a table of hooks needs of the broker. */
export interface HookTableOptions {
  /** For asynchronous hooks that were registered without a deadline. */
  readonly hookTimeoutMs: number;
  readonly environment: Environment;
  readonly reportError: (error: Error) => void;
}

const grantsNothing: DecideRules<never> = {
  byDefault: deny(),
  checkGrant: undefined,
  mergeGrants: undefined,
};

const grantsIdentity: DecideRules<AuthenticateGrant> = {
  byDefault: deny(),
  checkGrant: checkAuthenticateGrant,
  mergeGrants: mergeAuthenticateGrants,
};

const grantsQos: DecideRules<AuthorizeSubscribeGrant> = {
  byDefault: deny(),
  checkGrant: checkSubscribeGrant,
  mergeGrants: mergeSubscribeGrants,
};

const allowsByDefault: DecideRules<never> = { ...grantsNothing, byDefault: allow() };

/** Runs once for each delivery, so that it has no time to wait. */
const synchronous: ReadonlySet<HookName> = new Set<HookName>([
  'selectShared',
  'authorizeDeliver',
  'deliver',
]);

/** What plug-ins registered, by the name of the hook. */
export class HookTable {
  readonly #options: HookTableOptions;
  readonly #deadlines: Deadlines;
  readonly #hooks: Map<HookName, RegisteredHook[]> = new Map();

  constructor(options: HookTableOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.environment, options.reportError);
  }

  /** Registers a hook. Throws a BrokerError SLUICE_UNKNOWN_HOOK or SLUICE_HOOK_OPTION. */
  add<Name extends HookName>(
    plugin: string,
    name: Name,
    hook: Hooks[Name],
    options: HookOptions = {},
  ): void {
    if (!Object.hasOwn(hookKinds, name)) {
      throw new BrokerError(
        'SLUICE_UNKNOWN_HOOK',
        `Plug-in ${plugin} registers a hook ${String(name)}, but there are only ${Object.keys(hookKinds).join(', ')}`,
      );
    }
    checkRegistration(plugin, name, hook, options);
    const { environment, hookTimeoutMs, reportError } = this.#options;
    const registered = new RegisteredHook(
      {
        plugin,
        name,
        hook: hook as (event: unknown) => unknown,
        priority: options.priority ?? 0,
        // A start may restore a large store: it is bounded only where the plug-in says so.
        deadlineMs: options.deadlineMs ?? (name === 'start' ? Infinity : hookTimeoutMs),
        maxConcurrent: options.maxConcurrent ?? Infinity,
      },
      {
        environment,
        deadlines: this.#deadlines,
        // A failed start is thrown to the one who starts the broker.
        onFailure: name === 'start' ? () => {} : reportError,
      },
    );
    const others = this.#hooks.get(name);
    if (others === undefined) this.#hooks.set(name, [registered]);
    else others.push(registered);
  }

  /** Everything registered so far as functions, in order of priority, then of registration. */
  runners(): HookRunners {
    return {
      start: startRunner(this.#inOrder('start')),
      close: closeRunner(this.#inOrder('close')),
      connection: decideRunner(this.#inOrder('connection'), allowsByDefault),
      connect: transformRunner(this.#inOrder('connect'), applyConnect),
      authenticate: decideRunner(this.#inOrder('authenticate'), grantsIdentity),
      exchange: exchangeRunner(this.#inOrder('exchange')),
      authorizePublish: decideRunner(this.#inOrder('authorizePublish'), grantsNothing),
      authorizeSubscribe: decideRunner(this.#inOrder('authorizeSubscribe'), grantsQos),
      selectShared: selectRunner(this.#inOrder('selectShared')),
      authorizeDeliver: decideNowRunner(this.#inOrder('authorizeDeliver'), grantsNothing),
      publish: transformRunner(this.#inOrder('publish'), applyMessage),
      subscribe: transformRunner(this.#inOrder('subscribe'), applySubscribe),
      deliver: transformNowRunner(this.#inOrder('deliver'), applyDeliver),
      will: transformRunner(this.#inOrder('will'), applyMessage),
      connected: observeRunner(this.#inOrder('connected')),
      disconnected: observeRunner(this.#inOrder('disconnected')),
      subscribed: observeRunner(this.#inOrder('subscribed')),
      unsubscribed: observeRunner(this.#inOrder('unsubscribed')),
      published: observeRunner(this.#inOrder('published')),
      dropped: observeRunner(this.#inOrder('dropped')),
    };
  }

  /** Lets go of the calls that still wait for an answer: they are never answered if their hook never does. */
  close(): void {
    this.#deadlines.close();
  }

  #inOrder(name: HookName): readonly RegisteredHook[] {
    const hooks = this.#hooks.get(name) ?? [];
    return hooks.toSorted((one, other) => other.priority - one.priority);
  }
}

function checkRegistration(
  plugin: string,
  name: HookName,
  hook: unknown,
  { priority, deadlineMs, maxConcurrent }: HookOptions,
): void {
  const refuse = (what: string): never => {
    throw new BrokerError('SLUICE_HOOK_OPTION', `The hook ${name} of plug-in ${plugin} ${what}`);
  };
  if (typeof hook !== 'function') refuse('is no function');
  if (priority !== undefined && !Number.isFinite(priority)) {
    refuse('has a priority that is no number');
  }
  if (deadlineMs === undefined && maxConcurrent === undefined) return;
  if (hookKinds[name] === 'observe' || synchronous.has(name)) {
    refuse('cannot wait: deadlineMs and maxConcurrent mean nothing there');
  }
  if (deadlineMs !== undefined && !(deadlineMs > 0 && Number.isFinite(deadlineMs))) {
    refuse('has a deadlineMs that is no number above 0');
  }
  if (maxConcurrent !== undefined && !(Number.isInteger(maxConcurrent) && maxConcurrent >= 1)) {
    refuse('has a maxConcurrent that is no whole number above 0');
  }
}
