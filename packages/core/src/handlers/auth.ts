import { type AuthPacket, protocolError, ReasonCode } from '@sluice/packet';
import type { Client, ExchangeGrant } from '@sluice/plugin';
import type { Connection } from '../connection/connection.ts';
import { Exchange } from '../connection/exchange.ts';

/** AUTH (section 3.15): the next step of an exchange, or the first of another one on an open connection. */
export function handleAuth(connection: Connection, packet: AuthPacket): void | Promise<void> {
  const { reasonCode, properties } = packet;
  const { authenticationMethod: method, authenticationData: data } = properties;
  if (connection.authenticationMethod === undefined) {
    throw protocolError('AUTH without an authentication method in CONNECT'); // [MQTT-4.12.0-6]
  }
  if (reasonCode === ReasonCode.reauthenticate) begin(connection);
  else if (reasonCode !== ReasonCode.continueAuthentication) {
    throw protocolError('a reason code of AUTH that only a server sends');
  }
  if (connection.exchange === undefined) throw protocolError('AUTH that continues nothing');
  return connection.exchange.step(method, data);
}

function begin(connection: Connection): void {
  const { client, exchange, authenticationMethod } = connection;
  if (client === undefined || exchange !== undefined) {
    throw protocolError('an authentication is under way already');
  }
  const done = (grant: ExchangeGrant): void | Promise<void> =>
    authenticatedAgain(connection, client, grant);
  connection.exchange = new Exchange(
    connection,
    client.clientId,
    authenticationMethod as string, // [MQTT-4.12.1-1]
    client,
    done,
  );
}

/** The client stays who it is; what it may do, and for how long, can have changed. */
function authenticatedAgain(
  connection: Connection,
  client: Client,
  grant: ExchangeGrant,
): void | Promise<void> {
  const { session } = connection;
  if (session === undefined) return;
  connection.authorizedUntil(grant.expiresAt);
  const again = { ...client, attributes: grant.attributes ?? client.attributes };
  connection.client = again;
  session.client = again;
  if (session.will !== undefined) session.will.client = again;
  return connection.parts.review.recheck(session);
}
