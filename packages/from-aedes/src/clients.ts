import type { BrokerServices, Client, ConnectionInfo } from '@sluice/plugin';
import { LiveClient } from './live-client.ts';

/** One `LiveClient` for each connection, as long as anybody knows the connection. */
export class Clients {
  readonly #broker: BrokerServices;
  readonly #clients: WeakMap<ConnectionInfo, LiveClient> = new WeakMap();
  connected = 0;

  constructor(broker: BrokerServices) {
    this.#broker = broker;
  }

  ofConnection(connection: ConnectionInfo): LiveClient {
    const known = this.#clients.get(connection);
    if (known !== undefined) return known;
    const client = new LiveClient(connection, this.#broker);
    this.#clients.set(connection, client);
    return client;
  }

  of({ clientId, protocolVersion, connection }: Client): LiveClient {
    const client = this.ofConnection(connection);
    client.id = clientId;
    client.version = protocolVersion;
    return client;
  }

  /** Null for a client whose connection was before the last start. */
  find({ connection }: Client): LiveClient | null {
    return this.#clients.get(connection) ?? null;
  }
}
