import { resolve } from 'node:path';
import { BrokerError } from '@sluice/plugin';
import {
  defaultHost,
  defaultListeners,
  defaultStore,
  type ListenerOptions,
  type ServerConfig,
} from './config.ts';
import { readConfigFile } from './config-file.ts';
import { readEnvironment, readFlags, type Settings } from './settings.ts';
import type { Terminal } from './terminal.ts';

/** The configuration that a command line means: flags over environment over configuration file over defaults. */
export function readConfig(
  args: readonly string[],
  environment: Terminal['environment'],
): ServerConfig {
  const flags = readFlags(args);
  const variables = readEnvironment(environment);
  const path = flags.config ?? variables.config;
  const file = path === undefined ? {} : readConfigFile(path);
  return applySettings(applySettings(file, variables), flags);
}

/** Puts one layer of settings over a configuration. */
export function applySettings(config: ServerConfig, settings: Settings): ServerConfig {
  const { users, rules, allowAnonymous, logLevel } = settings;
  const persistence = applyPersistence(config.persistence, settings);
  return {
    ...config,
    listeners: applyAddress(config.listeners ?? defaultListeners, settings),
    ...(persistence !== undefined && { persistence }),
    ...(users !== undefined && { users: resolve(users) }),
    ...(rules !== undefined && { rules: resolve(rules) }),
    ...(allowAnonymous !== undefined && { allowAnonymous }),
    ...(logLevel !== undefined && { logLevel }),
  };
}

function applyPersistence(
  below: ServerConfig['persistence'],
  { memory, data, durability }: Settings,
): ServerConfig['persistence'] {
  if (memory === true) {
    if (data !== undefined)
      throw conflict('To keep everything in memory and a data directory exclude each other.');
    if (durability !== undefined)
      throw conflict('To keep everything in memory and a durability exclude each other.');
    return 'memory';
  }
  const onDisk = below === 'memory' ? undefined : below;
  // memory: false takes back what a lower layer said.
  const store = memory === false || data !== undefined ? (onDisk ?? defaultStore) : below;
  if (store === 'memory') {
    if (durability !== undefined)
      throw conflict('To keep everything in memory and a durability exclude each other.');
    return 'memory';
  }
  if (data === undefined && durability === undefined) return store;
  return {
    ...defaultStore,
    ...store,
    ...(data !== undefined && { path: resolve(data) }),
    ...(durability !== undefined && { durability }),
  };
}

function applyAddress(
  listeners: readonly ListenerOptions[],
  { host, port, wsPort }: Settings,
): readonly ListenerOptions[] {
  const moved =
    host === undefined
      ? listeners
      : listeners.map((listener) => (listener.type === 'unix' ? listener : { ...listener, host }));
  const withTcp = applyPort(moved, 'tcp', port, host);
  return applyPort(withTcp, 'ws', wsPort, host);
}

/** Moves the only listener of a type to another port, adds it where there is none, or with port 0 takes it away. */
function applyPort(
  listeners: readonly ListenerOptions[],
  type: 'tcp' | 'ws',
  port: number | undefined,
  host: string | undefined,
): readonly ListenerOptions[] {
  if (port === undefined) return listeners;
  if (port === 0) return listeners.filter((listener) => listener.type !== type);
  const count = listeners.filter((listener) => listener.type === type).length;
  if (count > 1) {
    throw conflict(
      `The configuration file lists ${count} listeners of type ${type}: it is not clear which one port ${port} is for.`,
    );
  }
  if (count === 0) return [...listeners, { type, host: host ?? defaultHost, port }];
  return listeners.map((listener) => (listener.type === type ? { ...listener, port } : listener));
}

function conflict(what: string): BrokerError {
  return new BrokerError('SLUICE_CONFIG_CONFLICT', what);
}
