import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { TokenKeys } from '@sluice/auth';
import { BrokerError } from '@sluice/plugin';
import type { ListenerOptions, ServerConfig, StoreOptions } from './config.ts';
import { configReader } from './config-shape.ts';

/** Reads and validates a configuration file. Paths inside it are relative to its own directory. */
export function readConfigFile(path: string): ServerConfig {
  const config = configReader(1)(parse(read(path), path), { source: path, key: '' });
  return withAbsolutePaths(config, dirname(resolve(path)));
}

function read(path: string): string {
  try {
    // Without a byte order mark, if there is one.
    return new TextDecoder().decode(readFileSync(path));
  } catch (error) {
    throw new BrokerError(
      'SLUICE_CONFIG_FILE',
      `The configuration file ${path} cannot be read (${(error as Error).message}).`,
      { cause: error },
    );
  }
}

function parse(json: string, path: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new BrokerError(
      'SLUICE_CONFIG_FILE',
      `The configuration file ${path} is not JSON (${(error as Error).message})${hintOf(json)}.`,
      { cause: error },
    );
  }
}

/** Lines of a word and a value, as Mosquitto has them. */
function hintOf(text: string): string {
  const looksForeign = /^(?:\s*(?:#.*)?\n)*\s*[a-z_]+[ \t]+[^\s:=]/.test(text);
  return looksForeign
    ? '; if it is one of Mosquitto, docs/migrating-from-mosquitto.md says what to write'
    : '';
}

function withAbsolutePaths(config: ServerConfig, directory: string): ServerConfig {
  const { persistence, users, rules, jwt, bans, listeners } = config;
  return {
    ...config,
    ...(users !== undefined && { users: resolve(directory, users) }),
    ...(rules !== undefined && { rules: resolve(directory, rules) }),
    ...(jwt !== undefined && { jwt: { ...jwt, keys: keyPaths(jwt.keys, directory) } }),
    ...(bans?.file !== undefined && {
      bans: { ...bans, file: resolve(directory, bans.file) },
    }),
    ...(typeof persistence === 'object' && {
      persistence: storePaths(persistence, directory),
    }),
    ...(listeners !== undefined && {
      listeners: listeners.map((listener) => listenerPaths(listener, directory)),
    }),
  };
}

/** What is no path, or nothing that makes sense, stays as it is. */
function keyPaths(keys: TokenKeys, directory: string): TokenKeys {
  if (typeof keys !== 'object' || keys === null) return keys;
  return Object.fromEntries(
    Object.entries(keys).map(([name, value]) =>
      name.endsWith('File') && typeof value === 'string'
        ? [name, resolve(directory, value)]
        : [name, value],
    ),
  );
}

function storePaths(store: StoreOptions, directory: string): StoreOptions {
  const { path, backupPath } = store;
  return {
    ...store,
    path: resolve(directory, path),
    ...(backupPath !== undefined && { backupPath: resolve(directory, backupPath) }),
  };
}

function listenerPaths(listener: ListenerOptions, directory: string): ListenerOptions {
  switch (listener.type) {
    case 'tcp':
    case 'ws':
      return listener;
    case 'unix':
      return { ...listener, path: resolve(directory, listener.path) };
    case 'tls':
    case 'wss':
      return {
        ...listener,
        cert: resolve(directory, listener.cert),
        key: resolve(directory, listener.key),
        ...(listener.ca !== undefined && { ca: resolve(directory, listener.ca) }),
        ...(listener.crl !== undefined && { crl: resolve(directory, listener.crl) }),
      };
  }
}
