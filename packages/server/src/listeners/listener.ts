import { existsSync, statSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname } from 'node:path';
import type { Broker } from '@sluice/core';
import { BrokerError } from '@sluice/plugin';
import type { Logger } from 'pino';
import type { Certificates } from '../certificates.ts';
import type { ListenerType } from '../config.ts';
import { LogBudget } from '../log-budget.ts';
import type { Arrivals } from './arrivals.ts';

/** A place where the server accepts connections. */
export interface Listener {
  readonly type: ListenerType;
  /** What a client connects to: `mqtt://127.0.0.1:1883`, `unix:/run/sluice.sock`. */
  readonly url: string;
  /** The port that was bound; undefined for a Unix socket. */
  readonly port: number | undefined;
  /** Accepts nobody from now on; connections go on. */
  stop(): void;
  /** What it has read, and `reload` reads again. */
  readonly certificates?: Certificates;
  /** Reads its certificates again, for the next handshakes. Throws SLUICE_CERTIFICATE, and keeps those it had. */
  reload?(): void;
  /** Drops the connections that never became the broker's: those in a handshake. */
  destroy(): void;
}

/** What every listener needs of the server around it. */
export interface ListenerContext {
  readonly handle: Broker['handle'];
  readonly logger: Logger;
  /** Connections of all listeners whose handshake is under way. */
  readonly arrivals: Arrivals;
  /** Largest MQTT packet that the broker accepts, in bytes. */
  readonly maxPacketBytes: number;
  /** Largest CONNECT, in bytes. */
  readonly maxConnectPacketBytes: number;
}

// Enough to see what is going on, too few to fill a disk.
const maxLinesPerSecond = 20;

// Thousands of clients come back within a second after a restart; the kernel's own bound (somaxconn) still holds.
const backlog = 4_096;

/** Binds a server; what goes wrong later is logged and hurts nobody. */
export function listen(
  server: Server,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
  logger: Logger,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, where)));
    server.listen({ ...where, backlog }, () => {
      server.removeAllListeners('error');
      // While the process has no file descriptors left, each connection that comes is such an error.
      const budget = new LogBudget(logger, maxLinesPerSecond);
      server.on('error', (error) => {
        if (budget.take()) logger.error({ err: error, where }, 'listener failed');
      });
      resolve();
    });
  });
}

function listenError(
  error: NodeJS.ErrnoException,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): BrokerError {
  const name = 'path' in where ? where.path : `Port ${where.port} of ${where.host}`;
  if (error.code === 'EADDRINUSE' && isTaken(where)) {
    return new BrokerError('SLUICE_PORT_BUSY', `${name} is in use by another process.`, {
      cause: error,
    });
  }
  // Of a path, a directory that is missing is told as one that may not be written to.
  const isMissing = 'path' in where && !existsSync(dirname(where.path));
  const reason = reasons.get(isMissing ? 'ENOENT' : (error.code ?? '')) ?? error.message;
  return new BrokerError('SLUICE_LISTEN', `${name} cannot be listened on: ${reason}.`, {
    cause: error,
  });
}

/** Whether it is a port or a socket: the system says the same of any file under the path. */
function isTaken(where: { readonly path: string } | { readonly port: number }): boolean {
  if (!('path' in where)) return true;
  return statSync(where.path, { throwIfNoEntry: false })?.isSocket() ?? false;
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'this user may not'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['ENOTFOUND', 'the host name is not known'],
  ['ENOENT', 'the directory does not exist'],
  ['EADDRINUSE', 'something else than a socket is there'],
]);

/** The port that the system gave to a bound server. */
export function boundPort(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A URL of host and port, with the brackets that IPv6 needs. */
export function urlOf(scheme: string, host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
