import { isIPv4 } from 'node:net';
import { isAbsolute, relative, sep } from 'node:path';
import { BrokerError } from '@sluice/plugin';
import { asksWhoClientsAre } from './auth-of.ts';
import { addressOf, type ListenerOptions, type ResolvedConfig } from './config.ts';
import { printable } from './printable.ts';

/**
 * Throws unless the parts of a configuration fit together. `mayAsk`: whether there are plug-ins that may ask who clients are,
 * so that `checkExposure` has to wait for them.
 */
export function checkRules(config: ResolvedConfig, mayAsk = false): void {
  if (config.listeners.length === 0) {
    throw new BrokerError(
      'SLUICE_CONFIG_CONFLICT',
      'There is nothing to listen on: every listener is switched off.',
    );
  }
  checkBackupPath(config);
  checkAddresses(config.listeners);
  for (const listener of config.listeners) {
    checkClientCertificates(listener);
  }
  if (!mayAsk && !asksWhoClientsAre(config)) checkExposure(config);
}

/** Throws where not only this machine can connect. Of a server that asks nobody who they are. */
export function checkExposure({ listeners, allowAnonymous }: ResolvedConfig): void {
  if (allowAnonymous !== false) return;
  const exposed = listeners.find((listener) => !isLocal(listener));
  if (exposed === undefined || exposed.type === 'unix') return;
  throw new BrokerError(
    'SLUICE_OPEN_TO_ALL',
    `Without users, listening on ${addressOf(exposed).host} would let everybody in: name a users file (--users), or say that it is meant (--allow-anonymous).`,
  );
}

function checkClientCertificates(listener: ListenerOptions): void {
  if (listener.type !== 'tls' && listener.type !== 'wss') return;
  const isAsked = (listener.requestClientCertificate ?? false) !== false;
  if (isAsked && listener.ca === undefined) {
    throw new BrokerError(
      'SLUICE_CONFIG_CONFLICT',
      `A listener of type ${listener.type} with requestClientCertificate needs "ca", the authorities to check certificates against.`,
    );
  }
  if (!isAsked && listener.crl !== undefined) {
    throw new BrokerError(
      'SLUICE_CONFIG_CONFLICT',
      `A listener of type ${listener.type} with "crl" needs requestClientCertificate: without it no certificate is looked at.`,
    );
  }
}

/** The second one would find the port in use, and not by another process. */
function checkAddresses(listeners: readonly ListenerOptions[]): void {
  const taken = new Set<string>();
  for (const listener of listeners) {
    const where = placeOf(listener);
    if (where === undefined) continue;
    if (taken.has(where)) {
      throw new BrokerError(
        'SLUICE_CONFIG_CONFLICT',
        `Two listeners have ${where}: each needs one of its own.`,
      );
    }
    taken.add(where);
  }
}

/** Undefined for a port that the system chooses. */
function placeOf(listener: ListenerOptions): string | undefined {
  if (listener.type === 'unix') return `the path ${printable(listener.path)}`;
  const { host, port } = addressOf(listener);
  return port === 0 ? undefined : `port ${port} of ${host}`;
}

function checkBackupPath({ persistence }: ResolvedConfig): void {
  if (persistence === 'memory' || persistence.backupPath === undefined) return;
  const inside = relative(persistence.path, persistence.backupPath);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return;
  throw new BrokerError(
    'SLUICE_CONFIG_CONFLICT',
    `Backups would lie in ${persistence.backupPath}, within the store itself: choose a directory outside of it.`,
  );
}

/** Whether only this machine can reach a listener. */
export function isLocal(listener: ListenerOptions): boolean {
  if (listener.type === 'unix') return true;
  const { host } = addressOf(listener);
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
