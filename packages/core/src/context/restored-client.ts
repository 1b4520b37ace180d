import type { Client, ConnectionInfo } from '@sluice/plugin';

/** Nothing is known of the connections that clients had before a restart. */
export const restoredConnection: ConnectionInfo = Object.freeze({
  id: '',
  transport: 'restored',
  remoteAddress: undefined,
  remotePort: undefined,
  listener: undefined,
  certificateName: undefined,
  request: undefined,
});

const noAttributes: Client['attributes'] = Object.freeze({});

/** A client that is known from before a restart, as far as it is. */
export function restoredClient(clientId: string, identity: string): Client {
  return {
    clientId,
    userName: undefined,
    identity,
    attributes: noAttributes,
    protocolVersion: 5,
    connection: restoredConnection,
  };
}
