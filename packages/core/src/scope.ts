import type { Duplex } from 'node:stream';
import { BrokerError, type BrokerServices, type ConnectionInfo } from '@sluice/plugin';
import type { Parts } from './connection/parts.ts';
import {
  type CloseOptions,
  type ResolvedCloseOptions,
  resolveCloseOptions,
} from './context/close-options.ts';
import { resolveScopeOptions, type ScopeOptions } from './context/scope-options.ts';
import type { ScopeTerms } from './context/scopes.ts';
import { Entrance } from './entrance.ts';
import type { HookStatistics } from './hooks/hook-statistics.ts';
import type { HookTable } from './hooks/hooks.ts';
import { setUpPlugins } from './hooks/plugins.ts';
import { closedError } from './services/serving.ts';

/** A part of the broker's connections with plug-ins and limits of its own. `broker.scope` makes one. */
export class Scope {
  readonly name: string;
  /** As `broker.handle`, for the connections of this scope; bound as well. */
  readonly handle: (stream: Duplex, info?: Partial<ConnectionInfo>) => void;
  readonly #hooks: () => readonly HookStatistics[];
  readonly #close: (options: ResolvedCloseOptions) => Promise<void>;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(
    name: string,
    entrance: Entrance,
    hooks: () => readonly HookStatistics[],
    close: (options: ResolvedCloseOptions) => Promise<void>,
  ) {
    this.name = name;
    this.handle = (stream, info) => entrance.handle(stream, info);
    this.#hooks = hooks;
    this.#close = close;
  }

  /** As `broker.hooks`, of its own plug-ins. */
  hooks(): readonly HookStatistics[] {
    return this.#hooks();
  }

  /** Ends its connections as `broker.close` does, publishes their wills, and closes its plug-ins. Sessions stay. */
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
}

/** What scopes are made with. */
export interface ScopeSurroundings {
  readonly parts: Parts;
  /** That of the broker. */
  readonly table: HookTable;
  /** That of the broker. */
  readonly entrance: Entrance;
  readonly services: BrokerServices;
}

/** The scopes of one broker, by name. */
export class ScopeList {
  readonly #surroundings: ScopeSurroundings;
  /** In order of their creation; undefined while a scope is being made. */
  readonly #scopes: Map<string, Scope | undefined> = new Map();

  constructor(surroundings: ScopeSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Makes a scope. Rejects with a BrokerError when an option is wrong or a plug-in cannot start. */
  async open(options: ScopeOptions): Promise<Scope> {
    const { context } = this.#surroundings.parts;
    const { name, plugins, limits } = resolveScopeOptions(options, context.limits);
    if (this.#scopes.has(name)) {
      throw new BrokerError(
        'SLUICE_SCOPE_TWICE',
        `There is a scope with the name ${name} already.`,
      );
    }
    this.#scopes.set(name, undefined);
    const table = this.#surroundings.table.inner();
    try {
      const surroundings = {
        broker: this.#surroundings.services,
        environment: context.environment,
        reportError: (error: Error) => context.reportError(error),
      };
      await setUpPlugins(plugins, table, surroundings, name);
      const terms: ScopeTerms = { name, hooks: table.runners(), limits };
      await terms.hooks.start?.();
      if (this.#surroundings.entrance.isClosed) throw closedError();
      const scope = this.#make(name, table, terms);
      this.#scopes.set(name, scope);
      return scope;
    } catch (error) {
      await table.runners().close?.();
      this.#scopes.delete(name);
      throw error;
    }
  }

  /** Closes all of them, the last one first. Their connections are closed already. */
  async close(): Promise<void> {
    for (const scope of [...this.#scopes.values()].toReversed()) await scope?.close({ graceMs: 0 });
  }

  #make(name: string, table: HookTable, terms: ScopeTerms): Scope {
    const { parts, entrance: outer } = this.#surroundings;
    const { context, wills } = parts;
    const entrance = new Entrance(parts, terms, outer);
    context.scopes.open(terms);
    const statistics = () => table.statistics();
    return new Scope(name, entrance, statistics, async (options) => {
      await entrance.close(options);
      await wills.flush();
      await context.commits.flush();
      await terms.hooks.close?.();
      context.scopes.close(terms);
      this.#scopes.delete(name);
    });
  }
}
