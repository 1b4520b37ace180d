import type { Socket } from 'node:net';
import { networkOf } from '@sluice/limits';
import type { Logger } from 'pino';
import { LogBudget } from '../log-budget.ts';

// Lines a second: enough to see what is going on, too few to fill a disk.
const maxLinesPerSecond = 20;

/** Bounds on connections that are not the broker's yet. */
export interface ArrivalLimits {
  /** Milliseconds from the accepted connection to the end of its handshake. */
  readonly timeoutMs: number;
  /** Handshakes under way at one time. */
  readonly maxPending: number;
  /** Handshakes under way from one IPv4 address, or one IPv6 network of 64 bits, at one time. */
  readonly maxPendingPerAddress: number;
}

/** Where a connection really comes from. */
export interface Origin {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** Common name of a client certificate that a proxy vouches for. */
  readonly certificateName?: string | undefined;
}

/**
 * Connections on their way from the system to the broker: a PROXY header, a TLS handshake, an HTTP request. The broker
 * neither knows nor bounds them yet.
 */
export class Arrivals {
  readonly limits: ArrivalLimits;
  readonly #logger: Logger;
  readonly #budget: LogBudget;
  readonly #ofAddress: Map<string, number> = new Map();
  #count = 0;

  constructor(limits: ArrivalLimits, logger: Logger) {
    this.limits = limits;
    this.#logger = logger;
    this.#budget = new LogBudget(logger, maxLinesPerSecond);
  }

  /** Takes a connection in, from nowhere in particular; undefined where there are too many, and it is closed. */
  admit(socket: Socket): Arrival | undefined {
    // What ends a connection before it is anybody's must not end the process.
    socket.on('error', ignore);
    if (this.#count >= this.limits.maxPending) {
      this.refuse(socket, originOf(socket), 'too many handshakes are under way');
      return undefined;
    }
    this.#count += 1;
    return new Arrival(socket, this);
  }

  /** Counts it for its address; false where that has too many. */
  count(network: string): boolean {
    const count = this.#ofAddress.get(network) ?? 0;
    if (count >= this.limits.maxPendingPerAddress) return false;
    this.#ofAddress.set(network, count + 1);
    return true;
  }

  leave(network: string | undefined): void {
    this.#count -= 1;
    if (network === undefined) return;
    const count = this.#ofAddress.get(network) ?? 0;
    if (count > 1) this.#ofAddress.set(network, count - 1);
    else this.#ofAddress.delete(network);
  }

  /** Closes a connection, and says so. */
  refuse(socket: Socket, { remoteAddress, remotePort }: Origin, reason: string): void {
    socket.destroy();
    if (!this.#logger.isLevelEnabled('info') || !this.#budget.take()) return;
    const remote = remoteAddress === undefined ? undefined : `${remoteAddress} port ${remotePort}`;
    this.#logger.info({ remote, reason }, 'connection refused');
  }
}

/** One of them, until it is handed over or closed. */
export class Arrival {
  readonly socket: Socket;
  readonly #arrivals: Arrivals;
  readonly #timer: NodeJS.Timeout;
  #origin: Origin;
  #network: string | undefined;
  #onLeave: (() => void) | undefined;
  #waitsFor = 'handshake';

  constructor(socket: Socket, arrivals: Arrivals) {
    this.socket = socket;
    this.#arrivals = arrivals;
    this.#origin = originOf(socket);
    // Absolute: a peer that sends a byte now and then must not keep it alive.
    this.#timer = setTimeout(
      () => this.refuse(`no ${this.#waitsFor} in time`),
      arrivals.limits.timeoutMs,
    );
    socket.once('close', this.leave);
  }

  get origin(): Origin {
    return this.#origin;
  }

  /** What is said to be late when the time is over. */
  waitFor(what: string): void {
    this.#waitsFor = what;
  }

  /** From now on it counts for that address; false, and closed, where that has too many. */
  comesFrom(origin: Origin): boolean {
    this.#origin = origin;
    const network = networkOf(origin.remoteAddress ?? '');
    if (network === undefined) return true;
    if (this.#arrivals.count(network)) {
      this.#network = network;
      return true;
    }
    this.refuse('too many handshakes of this address are under way');
    return false;
  }

  refuse(reason: string): void {
    this.#arrivals.refuse(this.socket, this.#origin, reason);
  }

  onLeave(callback: () => void): void {
    this.#onLeave = callback;
  }

  /** It is somebody else's now, or closed. */
  readonly leave = (): void => {
    clearTimeout(this.#timer);
    this.socket.off('close', this.leave);
    this.#arrivals.leave(this.#network);
    this.#onLeave?.();
  };
}

export function originOf(socket: Socket): Origin {
  return { remoteAddress: socket.remoteAddress, remotePort: socket.remotePort };
}

function ignore(): void {}
