import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import {
  BrokerError,
  type BrokerServices,
  type ConnectedEvent,
  type ConnectionInfo,
  type DisconnectedEvent,
  type DisconnectOptions,
  type LimitedEvent,
  type OutgoingMessage,
  type PublishOptions,
  type RetainedService,
  type SessionService,
  type SubscriptionService,
} from '@sluice/plugin';
import type { LocalClient, SubscribeOptions } from './application/local-client.ts';
import type { BrokerSubscription, MessageListener } from './application/local-subscription.ts';
import { asError } from './base/as-error.ts';
import type { EventLoopDelay } from './base/environment.ts';
import type { Stats } from './base/stats.ts';
import type { RecoveredEvent } from './commits/outage.ts';
import type { Parts, RefusedEvent } from './connection/parts.ts';
import {
  type CloseOptions,
  type ResolvedCloseOptions,
  resolveCloseOptions,
} from './context/close-options.ts';
import type { ScopeOptions } from './context/scope-options.ts';
import type { Entrance } from './entrance.ts';
import type { HookStatistics } from './hooks/hook-statistics.ts';
import type { OverloadEvent } from './overload/overload-level.ts';
import type { Scope, ScopeList } from './scope.ts';
import type { ServiceSet } from './services/service-set.ts';
import { closedError } from './services/serving.ts';

/** What a broker tells people; hooks are for plug-ins. */
export interface BrokerEvents {
  /** Something failed that no peer is to blame for. Without a listener it becomes a process warning. */
  error: [error: Error];
  connected: [event: ConnectedEvent];
  disconnected: [event: DisconnectedEvent];
  /** A connection ended before its CONNECT was accepted. */
  refused: [event: RefusedEvent];
  /** The persistence commits again, after an `error` SLUICE_PERSISTENCE_FAILED. */
  recovered: [event: RecoveredEvent];
  /** The memory became short, or is enough again: what the broker does about it changed. */
  overload: [event: OverloadEvent];
}

/** What a broker is made of. */
interface BrokerInsides {
  readonly parts: Parts;
  readonly local: LocalClient;
  readonly services: ServiceSet;
  readonly entrance: Entrance;
  readonly scopes: ScopeList;
  hooks(): readonly HookStatistics[];
  /** Called when the plug-ins have closed. */
  onClosed(): void;
}

/** An MQTT broker. `createBroker` makes one; a broker that exists is ready. */
export class Broker extends EventEmitter<BrokerEvents> implements BrokerServices {
  /** Takes any duplex stream; bound, so that it can be a listener: `net.createServer(broker.handle)`. */
  readonly handle: (stream: Duplex, info?: Partial<ConnectionInfo>) => void;
  readonly sessions: SessionService;
  readonly subscriptions: SubscriptionService;
  readonly retained: RetainedService;
  readonly #parts: Parts;
  readonly #local: LocalClient;
  readonly #services: ServiceSet;
  readonly #entrance: Entrance;
  readonly #scopes: ScopeList;
  readonly #hooks: () => readonly HookStatistics[];
  readonly #onClosed: () => void;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(connect: (broker: Broker) => BrokerInsides) {
    super();
    this.on('newListener' as keyof BrokerEvents, refuseUnknownEvent);
    const { parts, local, services, entrance, scopes, hooks, onClosed } = connect(this);
    this.#parts = parts;
    this.#local = local;
    this.#services = services;
    this.sessions = services.sessions;
    this.subscriptions = services.subscriptions;
    this.retained = services.retained;
    this.#entrance = entrance;
    this.#scopes = scopes;
    this.#hooks = hooks;
    this.#onClosed = onClosed;
    this.handle = (stream, info) => entrance.handle(stream, info);
  }

  get stats(): Stats {
    return this.#parts.context.stats;
  }

  /**
   * How long the event loop of the process was held up since the last call, by whatever it was. The first call begins
   * to measure, and returns zeros. Undefined where the environment cannot tell.
   */
  eventLoopDelay(): EventLoopDelay | undefined {
    return this.#parts.context.environment.eventLoopDelay?.();
  }

  /** What became of the calls of each hook, in the order in which they run; those of scopes are `scope.hooks()`. */
  hooks(): readonly HookStatistics[] {
    return this.#hooks();
  }

  /** Why nothing can be made durable at the moment; undefined while the persistence works. */
  get persistenceFailure(): Error | undefined {
    return this.#parts.context.commits.failure;
  }

  /** Publishes a message of the application: no access rules, but the hook `publish`. Settles when it is durable. */
  publish(message: OutgoingMessage, options?: PublishOptions): Promise<void> {
    return this.#closing === undefined
      ? this.#local.publish(message, options)
      : Promise.reject(closedError());
  }

  /** Subscribes the application; without a listener, iterate: `for await (const message of broker.subscribe('a/#'))`. */
  subscribe(
    filter: string,
    listener?: MessageListener,
    options?: SubscribeOptions,
  ): BrokerSubscription {
    if (this.#closing !== undefined) throw closedError();
    return this.#local.subscribe(filter, listener, options);
  }

  publishTo(clientId: string, message: OutgoingMessage): Promise<boolean> {
    return this.#services.publishTo(clientId, message);
  }

  /**
   * Ends the connection of a client with DISCONNECT 0x98, or what the options say; false when it has none. Its session
   * goes on: `sessions.end` ends that.
   */
  disconnect(clientId: string, options?: DisconnectOptions): boolean {
    return this.#services.disconnect(clientId, options);
  }

  reauthorize(clientId?: string): Promise<void> {
    return this.#services.reauthorize(clientId);
  }

  limited(event: LimitedEvent): void {
    this.#services.limited(event);
  }

  /**
   * Makes a scope: connections that come through its `handle` have its plug-ins and limits beside those of the broker.
   * Rejects with a BrokerError when an option is wrong or a plug-in cannot start.
   */
  scope(options: ScopeOptions): Promise<Scope> {
    return this.#closing === undefined ? this.#scopes.open(options) : Promise.reject(closedError());
  }

  /**
   * Ends all connections (5.0 clients get DISCONNECT 0x8B), publishes their wills, commits what is on its way
   * and closes the scopes, the plug-ins and the persistence. Sessions and retained messages stay. A second call waits for the first.
   * Does not wait for a persistence that fails: what it could not commit was not acknowledged.
   * Rejects with a BrokerError SLUICE_OPTION, and goes on, when an option is wrong.
   */
  close(options: CloseOptions = {}): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    try {
      this.#closing = this.#close(resolveCloseOptions(options));
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal Never throws: an `error` nobody listens to must not end the process. */
  reportError(error: Error): void {
    if (this.listenerCount('error') === 0) {
      process.emitWarning(error);
      return;
    }
    try {
      this.emit('error', error);
    } catch (thrown) {
      process.emitWarning(asError(thrown));
    }
  }

  /** @internal Never throws: what a listener throws is reported, since others wait for what goes on behind it. */
  tell<Name extends Exclude<keyof BrokerEvents, 'error'>>(
    name: Name,
    ...event: BrokerEvents[Name]
  ): void {
    try {
      (this as EventEmitter).emit(name, ...event);
    } catch (thrown) {
      this.reportError(asError(thrown));
    }
  }

  async #close(options: ResolvedCloseOptions): Promise<void> {
    const { context, registry, wills } = this.#parts;
    this.#services.close();
    await this.#entrance.close(options);
    // Plug-ins that have closed cannot be asked: what would be due from now on is with the next start.
    registry.close();
    await wills.flush();
    await Promise.race([registry.flush(), context.commits.stuck()]);
    await context.commits.flush();
    this.#local.close();
    await this.#scopes.close();
    await context.hooks.close?.();
    await context.commits.flush();
    context.commits.abandon(context.commits.failure ?? closedError());
    this.#onClosed();
    context.deadlines.close();
    context.queueReads.close();
    await context.persistence.close();
  }
}

// A record, so that none can be forgotten.
const eventNames: Readonly<Record<keyof BrokerEvents, true>> = {
  error: true,
  connected: true,
  disconnected: true,
  refused: true,
  recovered: true,
  overload: true,
};

/** Of the emitter itself. */
const emitterEvents: ReadonlySet<string> = new Set(['newListener', 'removeListener']);

/** A listener for an event that never comes would wait in silence: most of what another broker has as events are hooks here. */
function refuseUnknownEvent(name: unknown): void {
  if (typeof name !== 'string' || Object.hasOwn(eventNames, name) || emitterEvents.has(name))
    return;
  throw new BrokerError(
    'SLUICE_UNKNOWN_EVENT',
    `A broker has no event ${name}; there are ${Object.keys(eventNames).join(', ')}. Everything else is a hook of a plug-in.`,
  );
}
