import type { AuthPacket } from '@sluice/packet';
import type { Client } from '../client.ts';
import { auth, type ConnectFields, connect } from '../compose.ts';
import { ScramClient } from '../scram.ts';
import type { Trial } from '../trial.ts';

/** The client's side of an exchange with the credentials of the target. */
export function newScram(t: Trial): ScramClient {
  const { userName = '', password = '' } = t.target.authentication ?? {};
  return new ScramClient(userName, password);
}

/** Sends a CONNECT that begins an exchange. */
export function beginScram(t: Trial, client: Client, fields: ConnectFields = {}): ScramClient {
  const scram = newScram(t);
  const properties = { ...fields.properties, ...scram.first };
  client.send(connect(5, { clientId: client.clientId, ...fields, properties }));
  return scram;
}

/** The broker's next packet must ask for more. */
export function challenged(client: Client): Promise<AuthPacket> {
  return client.expect('auth', { reasonCode: 0x18 });
}

/** A client that has authenticated itself and is connected. */
export async function scramClient(
  t: Trial,
  clientId?: string,
  fields: ConnectFields = {},
): Promise<Client> {
  const client = await t.open(clientId);
  const scram = await beginScram(t, client, fields);
  const challenge = await challenged(client);
  client.send(auth(0x18, scram.answer(challenge.properties.authenticationData)));
  await client.expect('connack', { reasonCode: 0 });
  return client;
}
