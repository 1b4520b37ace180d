import { type HookName, type HookOptions, type Hooks, hookKinds } from '@sluice/plugin';
import { Deadlines } from '../base/deadlines.ts';
import type { Environment } from '../base/environment.ts';
import {
  applyConnack,
  applyConnect,
  applyDisconnect,
  applySession,
} from './hook-connection-events.ts';
import { decideNowRunner, decideRunner, selectiveDecideRunner } from './hook-decide.ts';
import { exchangeRunner } from './hook-exchange.ts';
import { applyDeliver, applyMessage } from './hook-message-events.ts';
import { closeRunner, observeRunner, startRunner } from './hook-observe.ts';
import { registrationOf } from './hook-registration.ts';
import { routeRunner } from './hook-route.ts';
import {
  authenticateRules,
  connectionRules,
  enqueueRules,
  messageRules,
  retainRules,
  subscribeRules,
} from './hook-rules.ts';
import type { HookRunners } from './hook-runners.ts';
import { overflowRunner, selectSharedRunner } from './hook-select.ts';
import type { HookStatistics } from './hook-statistics.ts';
import { applySubscribe, applyUnsubscribe } from './hook-subscription-events.ts';
import { amendNowRunner, transformNowRunner, transformRunner } from './hook-transform.ts';
import { PublishGuard } from './publish-guard.ts';
import { RegisteredHook } from './registered-hook.ts';

export type {
  DecideNowRunner,
  DecideRunner,
  ExchangeStep,
  HookRunners,
  ObserveRunner,
  RouteOutcome,
  SessionOutcome,
  TransformRunner,
} from './hook-runners.ts';

/** What a table of hooks needs of the broker. */
export interface HookTableOptions {
  /** For asynchronous hooks that were registered without a deadline. */
  readonly hookTimeoutMs: number;
  readonly environment: Environment;
  readonly reportError: (error: Error) => void;
  /** A hook was registered that may keep messages or packets. */
  readonly keepsMessages?: () => void;
}

/** What plug-ins registered, by the name of the hook. */
export class HookTable {
  /** Ends loops of hooks that publish. */
  readonly guard: PublishGuard;
  readonly #options: HookTableOptions;
  readonly #deadlines: Deadlines;
  readonly #outer: HookTable | undefined;
  readonly #hooks: Map<HookName, RegisteredHook[]> = new Map();

  constructor(options: HookTableOptions, outer?: HookTable) {
    this.#options = options;
    this.#outer = outer;
    this.guard = outer?.guard ?? new PublishGuard(options.environment);
    // What an inner table leaves behind is still asked about when its plug-ins are closed.
    this.#deadlines =
      outer === undefined
        ? new Deadlines(options.environment, options.reportError)
        : outer.#deadlines;
  }

  /** A table for hooks of its own: its runners call those of this table, too, except `start`, `close` and `policyChanged`. */
  inner(): HookTable {
    return new HookTable(this.#options, this);
  }

  /** Registers a hook. Throws a BrokerError SLUICE_UNKNOWN_HOOK or SLUICE_HOOK_OPTION. */
  add<Name extends HookName>(
    plugin: string,
    name: Name,
    hook: Hooks[Name],
    options: HookOptions = {},
  ): void {
    const { environment, hookTimeoutMs, reportError, keepsMessages } = this.#options;
    const registration = registrationOf(plugin, name, hook, options, hookTimeoutMs);
    const registered = new RegisteredHook(registration, {
      environment,
      deadlines: this.#deadlines,
      guard: this.guard,
      // A failed start is thrown to the one who starts the broker.
      onFailure: name === 'start' ? () => {} : reportError,
    });
    if (registration.keepsMessages) keepsMessages?.();
    const others = this.#hooks.get(name);
    if (others === undefined) this.#hooks.set(name, [registered]);
    else others.push(registered);
  }

  /** Of the hooks of this table, in the order of their names, then of their calls. */
  statistics(): readonly HookStatistics[] {
    const names = Object.keys(hookKinds) as HookName[];
    return names.flatMap((name) => this.#own(name).map(({ statistics }) => statistics));
  }

  /** Everything registered so far as functions, in order of priority, then of registration. */
  runners(): HookRunners {
    return {
      start: startRunner(this.#own('start'), this.#options),
      close: closeRunner(this.#own('close')),
      connection: decideRunner(this.#inOrder('connection'), connectionRules),
      connect: transformRunner(this.#inOrder('connect'), applyConnect),
      authenticate: decideRunner(this.#inOrder('authenticate'), authenticateRules),
      exchange: exchangeRunner(this.#inOrder('exchange')),
      session: transformRunner(this.#inOrder('session'), applySession),
      connack: amendNowRunner(this.#inOrder('connack'), applyConnack),
      connected: observeRunner(this.#inOrder('connected')),
      takenOver: observeRunner(this.#inOrder('takenOver')),
      resumed: observeRunner(this.#inOrder('resumed')),
      disconnect: amendNowRunner(this.#inOrder('disconnect'), applyDisconnect),
      disconnected: observeRunner(this.#inOrder('disconnected')),
      ended: observeRunner(this.#inOrder('ended')),
      publish: transformRunner(this.#inOrder('publish'), applyMessage),
      authorizePublish: decideRunner(this.#inOrder('authorizePublish'), messageRules),
      retain: decideRunner(this.#inOrder('retain'), retainRules),
      route: routeRunner(this.#inOrder('route')),
      selectShared: selectSharedRunner(this.#inOrder('selectShared')),
      enqueue: decideNowRunner(this.#inOrder('enqueue'), enqueueRules),
      overflow: overflowRunner(this.#inOrder('overflow')),
      published: observeRunner(this.#inOrder('published')),
      authorizeDeliver: decideNowRunner(this.#inOrder('authorizeDeliver'), messageRules),
      deliver: transformNowRunner(this.#inOrder('deliver'), applyDeliver),
      delivered: observeRunner(this.#inOrder('delivered')),
      acknowledged: observeRunner(this.#inOrder('acknowledged')),
      refused: observeRunner(this.#inOrder('refused')),
      dropped: observeRunner(this.#inOrder('dropped')),
      expired: observeRunner(this.#inOrder('expired')),
      will: transformRunner(this.#inOrder('will'), applyMessage),
      subscribe: transformRunner(this.#inOrder('subscribe'), applySubscribe),
      authorizeSubscribe: selectiveDecideRunner(
        this.#inOrder('authorizeSubscribe'),
        subscribeRules,
      ),
      subscribed: observeRunner(this.#inOrder('subscribed')),
      unsubscribe: transformRunner(this.#inOrder('unsubscribe'), applyUnsubscribe),
      unsubscribed: observeRunner(this.#inOrder('unsubscribed')),
      packetReceived: observeRunner(this.#inOrder('packetReceived')),
      packetSent: observeRunner(this.#inOrder('packetSent')),
      limited: observeRunner(this.#inOrder('limited')),
      policyChanged: observeRunner(this.#own('policyChanged')),
    };
  }

  /** Lets go of the calls that still wait for an answer: they are never answered if their hook never does. */
  close(): void {
    this.#deadlines.close();
  }

  /** By priority, then those of the outer table, then in order of registration. */
  #inOrder(name: HookName): readonly RegisteredHook[] {
    const outer = this.#outer === undefined ? [] : this.#outer.#inOrder(name);
    return byPriority([...outer, ...(this.#hooks.get(name) ?? [])]);
  }

  #own(name: HookName): readonly RegisteredHook[] {
    return byPriority(this.#hooks.get(name) ?? []);
  }
}

function byPriority(hooks: readonly RegisteredHook[]): readonly RegisteredHook[] {
  return hooks.toSorted((one, other) => other.priority - one.priority);
}
