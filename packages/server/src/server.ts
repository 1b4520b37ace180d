import { type Broker, createBroker, defaultLimits } from '@sluice/core';
import { type BackupReport, type LevelPlugin, level } from '@sluice/persistence-level';
import type { Plugin } from '@sluice/plugin';
import { sys } from '@sluice/sys';
import type { Logger } from 'pino';
import { asksWhoClientsAre, authOf } from './auth-of.ts';
import { backupDirectory } from './backup-directory.ts';
import { brokerOptionsOf } from './broker-options-of.ts';
import { watchCertificates } from './certificate-watch.ts';
import {
  type ResolvedConfig,
  type ResolvedStore,
  resolveConfig,
  type ServerConfig,
} from './config.ts';
import { checkExposure, checkRules, isLocal } from './config-rules.ts';
import { configReader } from './config-shape.ts';
import { limitsOf } from './limits-of.ts';
import { Arrivals } from './listeners/arrivals.ts';
import type { Listener } from './listeners/listener.ts';
import { type PreparedListener, prepareListener } from './listeners/open.ts';
import { logEvents } from './log-events.ts';
import { logSlowTurns } from './log-slow-turns.ts';
import { createLogger } from './logging.ts';
import { noStore } from './no-store.ts';
import { checkProgramOptions } from './program-options.ts';

/** What `startServer` takes: the keys of the configuration file, and what only a program can give. */
export interface ServerOptions extends ServerConfig {
  /** Set up after the persistence, the users and the limits. None by default. */
  readonly plugins?: readonly Plugin[] | undefined;
  /** Where the server logs; nowhere by default. */
  readonly logger?: Logger | undefined;
  /** Port 0 stands for one that the system chooses, rather than being refused. false by default. */
  readonly allowEphemeralPorts?: boolean | undefined;
}

/** A place where a running server accepts connections. */
export interface ListenerAddress {
  readonly type: Listener['type'];
  readonly url: string;
  /** Undefined for a Unix socket. */
  readonly port: number | undefined;
}

export interface RunningServer {
  readonly broker: Broker;
  /** In the order of the configuration. */
  readonly listeners: readonly ListenerAddress[];
  /**
   * Copies the store into a directory that is missing or empty, while everything goes on; by default into a new one
   * named after the time. Rejects with SLUICE_NO_STORE, or as `backup()` of `level()` does.
   */
  backup(path?: string): Promise<BackupReport>;
  /**
   * Reads users, rules, keys, bans and certificates again. What is whole takes effect at once, on who is connected too;
   * certificates with the next handshake. Rejects when something is broken, which stays as it was.
   */
  reload(): Promise<void>;
  /** Accepts nobody any more, says goodbye to every client, and settles when all is flushed and closed. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Starts a broker and everything that it listens on. Throws a BrokerError, and leaves nothing open, when any part fails. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { plugins = [], logger = silentLogger(), allowEphemeralPorts = false, ...given } = options;
  checkProgramOptions(plugins, logger);
  const read = configReader(allowEphemeralPorts ? 0 : 1);
  const config = resolveConfig(read(given, { source: 'startServer', key: '' }));
  checkRules(config, plugins.length > 0);
  const prepared = config.listeners.map(prepareListener);

  const { persistence } = config;
  // A plug-in of the program may say who clients are.
  const users = await authOf(config, plugins.length > 0);
  const limits = limitsOf(config);
  const store = persistence === 'memory' ? undefined : storeOf(persistence);
  const counters = config.sys === false ? undefined : sys(config.sys);
  const ours = [store, users, counters].filter((plugin) => plugin !== undefined);
  const broker = await createBroker({
    ...brokerOptionsOf(config),
    plugins: [...ours, ...limits.all, ...plugins],
    onProgress: (what, records) => logger.info({ records }, `restoring ${what}`),
  });
  logEvents(broker, logger);
  const listeners = await openListeners(prepared, broker, config, logger);
  const stopWatching = watchCertificates(listeners, logger);
  if (!asksClients(config, broker)) logExposure(config, logger);
  const endSlowTurns = logSlowTurns(broker, logger, config.slowTurnMs);

  let closing: Promise<void> | undefined;
  return {
    broker,
    listeners,
    backup: async (path) => {
      if (store === undefined || persistence === 'memory') throw noStore();
      return await store.backup(path ?? backupDirectory(persistence, new Date()));
    },
    reload: () => reloadAll([users, limits.bans, ...listeners]),
    close: ({ graceMs = config.closeGraceMs } = {}) => {
      stopWatching();
      endSlowTurns();
      closing ??= closeAll(listeners, broker, graceMs).catch((error) => {
        // Of a time that is none, above all: the broker is still there.
        closing = undefined;
        throw error;
      });
      return closing;
    },
  };
}

function storeOf({ path, durability }: ResolvedStore): LevelPlugin {
  return level({ path, durability });
}

/** Each on its own: what is broken in one place holds up nothing elsewhere. */
async function reloadAll(
  parts: readonly ({ reload?(): void | Promise<void> } | undefined)[],
): Promise<void> {
  const results = await Promise.allSettled(parts.map(async (part) => part?.reload?.()));
  const errors = results.filter((one) => one.status === 'rejected').map(({ reason }) => reason);
  if (errors.length > 1) {
    throw new AggregateError(errors, errors.map((error) => (error as Error).message).join(' '));
  }
  if (errors.length === 1) throw errors[0];
}

async function openListeners(
  prepared: readonly PreparedListener[],
  broker: Broker,
  config: ResolvedConfig,
  logger: Logger,
): Promise<readonly Listener[]> {
  const { maxPacketBytes, maxConnectPacketBytes } = config.limits;
  const context = {
    handle: broker.handle,
    logger,
    arrivals: new Arrivals(config.handshakes, logger),
    maxPacketBytes: maxPacketBytes ?? defaultLimits.maxPacketBytes,
    maxConnectPacketBytes: maxConnectPacketBytes ?? defaultLimits.maxConnectPacketBytes,
  };
  const open: Listener[] = [];
  try {
    if (!asksClients(config, broker)) checkExposure(config);
    for (const listener of prepared) open.push(await listener(context));
  } catch (error) {
    await closeAll(open, broker, 0);
    throw error;
  }
  for (const { url } of open) logger.info(`listening on ${url}`);
  return open;
}

async function closeAll(
  listeners: readonly Listener[],
  broker: Broker,
  graceMs: number,
): Promise<void> {
  for (const listener of listeners) listener.stop();
  try {
    await broker.close({ graceMs });
  } finally {
    for (const listener of listeners) listener.destroy();
  }
}

/** Whether strangers stay out: by the configuration, or by a plug-in of the program. */
function asksClients(config: ResolvedConfig, broker: Broker): boolean {
  return asksWhoClientsAre(config) || broker.hooks().some(({ name }) => name === 'authenticate');
}

function logExposure(config: ResolvedConfig, logger: Logger): void {
  if (config.listeners.every(isLocal)) {
    logger.warn('no users are configured: only this machine can connect');
  } else {
    logger.warn('no users are configured: everybody who reaches this machine can connect');
  }
}

function silentLogger(): Logger {
  return createLogger('silent', { write: () => {} });
}
