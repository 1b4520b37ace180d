import {
  BrokerError,
  type BrokerServices,
  type Clock,
  type HookName,
  type HookOptions,
  type Hooks,
  type MatcherFactory,
  type Persistence,
  type Plugin,
  type PluginContext,
  type Services,
} from '@sluice/plugin';
import { asError } from '../base/as-error.ts';
import type { Environment } from '../base/environment.ts';
import { awaitStart, type StartSurroundings } from './await-start.ts';
import type { HookTable } from './hooks.ts';

/** What plug-ins provided. */
export interface ProvidedServices {
  persistence?: Persistence;
  matcher?: MatcherFactory;
}

/** What every plug-in is given. */
export interface PluginSurroundings extends StartSurroundings {
  readonly broker: BrokerServices;
}

/** Members of a share group may have come through different scopes. */
const ofNoScope: ReadonlySet<HookName> = new Set<HookName>(['selectShared']);

const persistenceFunctions = ['open', 'commit', 'readQueue', 'close'] as const;

/**
 * Sets up plug-ins one after the other. Rejects with a BrokerError: SLUICE_PLUGIN_TWICE, SLUICE_PLUGIN_FAILED
 * (with the cause), or what the plug-in itself threw as a BrokerError. Those of a scope cannot provide services.
 */
export async function setUpPlugins(
  plugins: readonly Plugin[],
  table: HookTable,
  surroundings: PluginSurroundings,
  scope?: string,
): Promise<ProvidedServices> {
  const { broker, environment, reportError } = surroundings;
  const names = new Set<string>();
  for (const { name } of plugins) {
    if (names.has(name)) {
      throw new BrokerError('SLUICE_PLUGIN_TWICE', `There are two plug-ins with the name ${name}.`);
    }
    names.add(name);
  }
  const provided = new Map<string, Provided>();
  const clock = clockOf(environment);
  for (const plugin of plugins) {
    const setup = new Setup(plugin.name, table, { broker, clock, reportError }, provided, scope);
    try {
      const started = plugin.setup(setup.context);
      await awaitStart(started, `The setup of plug-in ${plugin.name}`, surroundings);
    } catch (thrown) {
      throw setupError(plugin, thrown);
    } finally {
      setup.end();
    }
  }
  const services: Record<string, unknown> = {};
  for (const [name, { service }] of provided) services[name] = service;
  return services;
}

interface Provided {
  readonly plugin: string;
  readonly service: unknown;
}

/** One plug-in while it sets itself up. */
class Setup {
  readonly context: PluginContext;
  readonly #plugin: string;
  readonly #table: HookTable;
  readonly #provided: Map<string, Provided>;
  readonly #scope: string | undefined;
  #over = false;

  constructor(
    plugin: string,
    table: HookTable,
    { broker, clock, reportError }: Pick<PluginContext, 'broker' | 'clock' | 'reportError'>,
    provided: Map<string, Provided>,
    scope: string | undefined,
  ) {
    this.#plugin = plugin;
    this.#table = table;
    this.#provided = provided;
    this.#scope = scope;
    // Functions of their own, so that a plug-in may take the context apart.
    this.context = Object.freeze({
      hook: <Name extends HookName>(name: Name, hook: Hooks[Name], options?: HookOptions) =>
        this.#hook(name, hook, options),
      provide: <Name extends keyof Services>(name: Name, service: Services[Name]) =>
        this.#provide(name, service),
      broker,
      clock,
      reportError: (error: Error) => reportError(asError(error)),
    });
  }

  end(): void {
    this.#over = true;
  }

  #hook<Name extends HookName>(name: Name, hook: Hooks[Name], options?: HookOptions): void {
    this.#refuseLate(`the hook ${name}`);
    if (this.#scope !== undefined && ofNoScope.has(name)) {
      throw new BrokerError(
        'SLUICE_SCOPE_HOOK',
        `Plug-in ${this.#plugin} registers the hook ${name}, which belongs to no client: give the plug-in to the broker, not to the scope ${this.#scope}.`,
      );
    }
    this.#table.add(this.#plugin, name, hook, options);
  }

  #provide(name: keyof Services, service: unknown): void {
    this.#refuseLate(`the service ${name}`);
    if (this.#scope !== undefined) {
      throw new BrokerError(
        'SLUICE_SCOPE_SERVICE',
        `Plug-in ${this.#plugin} provides ${String(name)}, which the whole broker shares: give the plug-in to createBroker, not to the scope ${this.#scope}.`,
      );
    }
    if (name !== 'persistence' && name !== 'matcher') {
      throw new BrokerError(
        'SLUICE_UNKNOWN_SERVICE',
        `Plug-in ${this.#plugin} provides ${String(name)}, but there are only persistence and matcher.`,
      );
    }
    const other = this.#provided.get(name);
    if (other !== undefined) {
      throw new BrokerError(
        'SLUICE_SERVICE_TWICE',
        `Plug-in ${this.#plugin} provides ${name}, which plug-in ${other.plugin} provides already.`,
      );
    }
    const fault = name === 'matcher' ? faultInMatcher(service) : faultInPersistence(service);
    if (fault !== undefined) {
      throw new BrokerError(
        'SLUICE_SERVICE_INVALID',
        `What plug-in ${this.#plugin} provides as ${name} ${fault}.`,
      );
    }
    this.#provided.set(name, { plugin: this.#plugin, service });
  }

  #refuseLate(what: string): void {
    if (!this.#over) return;
    throw new BrokerError(
      'SLUICE_SETUP_OVER',
      `Plug-in ${this.#plugin} registers ${what} after its setup ended: do it within setup.`,
    );
  }
}

/** Of the environment only what a plug-in may have: randomness and ids stay as they are without it. */
function clockOf(environment: Environment): Clock {
  return Object.freeze({
    now: () => environment.now(),
    monotonic: () => environment.monotonic(),
    setTimer: (callback: () => void, delayMs: number) => {
      const timer = environment.setTimer(callback, delayMs);
      // A process that has nothing else to do ends, whatever a plug-in still waits for.
      (timer as { unref?(): void } | undefined)?.unref?.();
      return timer;
    },
    clearTimer: (timer: unknown) => environment.clearTimer(timer),
  });
}

function faultInMatcher(service: unknown): string | undefined {
  return typeof service === 'function' ? undefined : 'is no function that makes a matcher';
}

function faultInPersistence(service: unknown): string | undefined {
  if (typeof service !== 'object' || service === null) return 'is no object';
  const functions = service as Record<string, unknown>;
  const missing = persistenceFunctions.filter((name) => typeof functions[name] !== 'function');
  return missing.length === 0 ? undefined : `lacks the functions ${missing.join(', ')}`;
}

function setupError({ name }: Plugin, thrown: unknown): BrokerError {
  // It has a code of its own, which says more.
  if (thrown instanceof BrokerError) return thrown;
  const cause = asError(thrown);
  const message = `The setup of plug-in ${name} failed: ${cause.message}`;
  return new BrokerError('SLUICE_PLUGIN_FAILED', message, { cause });
}
