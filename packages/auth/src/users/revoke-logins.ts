import { ReasonCode } from '@sluice/packet';
import type { BrokerServices, Client } from '@sluice/plugin';
import type { UserLogins } from './user-logins.ts';

/** Disconnects a client that could not log in again as it did. */
export function revokeLogin(broker: BrokerServices, logins: UserLogins, client: Client): void {
  if (!logins.isRevoked(client)) return;
  broker.disconnect(client.clientId, {
    reasonCode: ReasonCode.notAuthorized,
    reasonString: 'the user was removed, or has another password now',
  });
}

/** Does so with all who are connected. */
export async function revokeLogins(broker: BrokerServices, logins: UserLogins): Promise<void> {
  for await (const { clientId, client } of broker.sessions) {
    // Another connection may have taken over since the session was described.
    if (client !== undefined && broker.sessions.get(clientId)?.client === client) {
      revokeLogin(broker, logins, client);
    }
  }
}
