import type { Socket } from 'node:net';
import type { ProxyOptions } from '../config.ts';
import { Networks } from '../networks.ts';
import type { ProxyHeader } from '../proxy/proxy-header.ts';
import { readProxyHeader } from '../proxy/read-proxy-header.ts';
import { type Arrival, originOf } from './arrivals.ts';
import type { ListenerContext } from './listener.ts';

/**
 * Where the connections of a listener come in that have something to do before they are the broker's. A proxy's header
 * is taken off them before anything else is spoken.
 */
export class Door {
  readonly #context: ListenerContext;
  readonly #proxies: Networks | undefined;
  readonly #acceptCertificateName: boolean;
  readonly #onArrival: (arrival: Arrival) => void;
  readonly #arrivals: Map<string, Arrival> = new Map();

  /** `onArrival` gets each connection once it is known where it comes from. */
  constructor(
    context: ListenerContext,
    proxyProtocol: ProxyOptions | undefined,
    onArrival: (arrival: Arrival) => void,
  ) {
    this.#context = context;
    this.#proxies = proxyProtocol && new Networks(proxyProtocol.from);
    this.#acceptCertificateName = proxyProtocol?.acceptCertificateName ?? false;
    this.#onArrival = onArrival;
  }

  readonly enter = (socket: Socket): void => {
    if (socket.remoteAddress === undefined) {
      // Its peer has gone already: whether it was a proxy cannot be known any more.
      socket.destroy();
      return;
    }
    const arrival = this.#context.arrivals.admit(socket);
    if (arrival === undefined) return;
    const key = keyOf(socket);
    this.#arrivals.set(key, arrival);
    // Who resets a connection may have come back from the same port before this one is heard to be closed.
    arrival.onLeave(() => {
      if (this.#arrivals.get(key) === arrival) this.#arrivals.delete(key);
    });
    const origin = originOf(socket);
    if (this.#proxies?.has(origin.remoteAddress) !== true) {
      if (arrival.comesFrom(origin)) this.#onArrival(arrival);
      return;
    }
    arrival.waitFor('PROXY header');
    readProxyHeader(
      socket,
      (header) => this.#onHeader(arrival, header),
      ({ message }) => arrival.refuse(`PROXY header: ${message}`),
    );
  };

  /** Lets a connection, or the TLS on it, go on to the broker. Undefined, and closed, when its peer has gone. */
  leave(socket: Socket): Arrival | undefined {
    const arrival = this.#arrivals.get(keyOf(socket));
    if (arrival === undefined) socket.destroy();
    else arrival.leave();
    return arrival;
  }

  /** Closes all that are still on their way. */
  destroy(): void {
    for (const { socket } of this.#arrivals.values()) socket.destroy();
  }

  #onHeader(arrival: Arrival, { source, certificateName }: ProxyHeader): void {
    if (arrival.socket.destroyed) return;
    arrival.waitFor('handshake');
    const { remoteAddress, remotePort } =
      source === undefined
        ? originOf(arrival.socket)
        : { remoteAddress: source.address, remotePort: source.port };
    const name = this.#acceptCertificateName ? certificateName : undefined;
    if (arrival.comesFrom({ remoteAddress, remotePort, certificateName: name })) {
      this.#onArrival(arrival);
    }
  }
}

/** The same for a socket and the TLS on it, which do not know each other; no two open connections share it. */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
