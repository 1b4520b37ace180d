import { type DisconnectPacket, protocolError, ReasonCode } from '@sluice/packet';
import type { Connection } from '../connection/connection.ts';

/** DISCONNECT of a client (section 3.14). */
export function handleDisconnect(connection: Connection, packet: DisconnectPacket): void {
  const { session } = connection;
  if (session === undefined) {
    // In the middle of an authentication.
    connection.disconnected(packet.reasonCode, true);
    return;
  }
  const requested = packet.properties.sessionExpiryInterval;
  if (requested !== undefined) {
    if (connection.terms?.sessionExpiryInterval === 0 && requested !== 0) {
      throw protocolError('DISCONNECT gives a session an expiry that CONNECT did not'); // [MQTT-3.14.2-2]
    }
    const { maxSessionExpirySeconds } = connection.limits;
    session.expiryInterval = Math.min(requested, maxSessionExpirySeconds);
  }
  // [MQTT-3.14.4-3]
  connection.disconnected(packet.reasonCode, packet.reasonCode === ReasonCode.success);
}
