import {
  type AcknowledgementPacket,
  isFailure,
  PacketType,
  protocolError,
  ReasonCode,
} from '@sluice/packet';
import type { Connection } from '../connection/connection.ts';
import { AckResult } from '../outbox/outbox-owner.ts';
import type { Session } from '../session/session.ts';

/** PUBACK of a QoS 1 message that was sent to the client (section 4.3.2). */
export function handlePuback(connection: Connection, packet: AcknowledgementPacket): void {
  const result = sessionOf(connection).outbox.puback(packet.packetId, packet.reasonCode);
  if (result === AckResult.wrongQos) throw protocolError('PUBACK for a QoS 2 message');
}

/** PUBREC of a QoS 2 message that was sent to the client (section 4.3.3). */
export function handlePubrec(connection: Connection, packet: AcknowledgementPacket): void {
  const { packetId, reasonCode } = packet;
  const result = sessionOf(connection).outbox.pubrec(packetId, reasonCode);
  if (result === AckResult.wrongQos) throw protocolError('PUBREC for a QoS 1 message');
  if (result === AckResult.unknown && !isFailure(reasonCode)) {
    const answer = ReasonCode.packetIdentifierNotFound;
    connection.answers.acknowledge(PacketType.pubrel, packetId, answer, false);
  }
}

/** PUBCOMP: a QoS 2 message has arrived exactly once. */
export function handlePubcomp(connection: Connection, packet: AcknowledgementPacket): void {
  const result = sessionOf(connection).outbox.pubcomp(packet.packetId, packet.reasonCode);
  if (result === AckResult.wrongQos) throw protocolError('PUBCOMP before PUBREC');
}

/** PUBREL: the client will not send its QoS 2 message again. Never an error [MQTT-4.3.3-11]. */
export function handlePubrel(connection: Connection, packet: AcknowledgementPacket): void {
  const { packetId } = packet;
  const session = sessionOf(connection);
  const code = session.inbox.release(packetId)
    ? ReasonCode.success
    : ReasonCode.packetIdentifierNotFound;
  // Otherwise a crash would bring the identifier back, and swallow the next message that uses it.
  connection.answers.acknowledge(PacketType.pubcomp, packetId, code, session.stored && code === 0);
}

export function sessionOf(connection: Connection): Session {
  if (connection.session === undefined) throw protocolError('the session is not established');
  return connection.session;
}
