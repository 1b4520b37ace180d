import { isUtf8 } from 'node:buffer';
import {
  PacketType,
  ProtocolError,
  type PublishPacket,
  protocolError,
  ReasonCode,
  type TopicName,
} from '@sluice/packet';
import { exceededTopicLimit, LimitExceeded } from '../base/limit-exceeded.ts';
import { isReservedTopic } from '../base/reserved-topic.ts';
import type { Connection } from '../connection/connection.ts';
import { Route } from '../routing/route.ts';
import type { Session } from '../session/session.ts';

/** Flow control of QoS 1 and 2. True when the packet is answered already, being a repetition. */
export function isAnswered(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
): boolean {
  const { commits } = connection.parts.context;
  const { limits } = connection;
  const { packetId, qos } = packet;
  if (qos > limits.maxQos) {
    throw new LimitExceeded('maxQos', ReasonCode.qosNotSupported, `QoS ${qos} is not available`); // [MQTT-3.2.2-11]
  }
  if (session.inbox.has(packetId)) {
    // A QoS 2 message that came before is acknowledged again, and not routed again [MQTT-4.3.3-10].
    if (qos === 1 && connection.protocolVersion !== 5) {
      throw protocolError('a QoS 1 message with the identifier of a QoS 2 one');
    }
    const type = qos === 2 ? PacketType.pubrec : PacketType.puback;
    const code = qos === 2 ? ReasonCode.success : ReasonCode.packetIdentifierInUse;
    connection.answers.acknowledge(type, packetId, code, session.stored && !commits.settled);
    return true;
  }
  // [MQTT-4.3.3-9] leaves open how many; those of earlier connections count as well.
  if (qos === 2 && session.inbox.size >= limits.maxUnreleasedMessages) {
    const many = `more than ${limits.maxUnreleasedMessages} messages without PUBREL`;
    throw new LimitExceeded('maxUnreleasedMessages', ReasonCode.receiveMaximumExceeded, many);
  }
  const held = session.inbox.size - connection.inheritedHeld;
  // What waits for the broker is not the client's fault: then it is read no further, see `accept`.
  if (connection.protocolVersion === 5 && held >= limits.receiveMaximum) {
    throw new LimitExceeded(
      'receiveMaximum',
      ReasonCode.receiveMaximumExceeded,
      `more than ${limits.receiveMaximum} messages in flight`,
    ); // [MQTT-3.3.4-7]
  }
  return false;
}

/** Whether a client may publish to a topic at all; the reason if not. */
export function checkName(connection: Connection, name: TopicName): ReasonCode {
  const route = Route.of(name);
  if (route !== undefined && route.kept === connection.limits) return ReasonCode.success;
  const code = checkTopic(connection, name.topic);
  if (route !== undefined && code === ReasonCode.success) route.kept = connection.limits;
  return code;
}

function checkTopic(connection: Connection, topic: string): ReasonCode {
  if (topic === '') throw protocolError('PUBLISH without a topic name');
  const exceeded = exceededTopicLimit(topic, connection.limits);
  if (exceeded !== undefined) {
    connection.limited(exceeded, 'refused');
    return ReasonCode.topicNameInvalid;
  }
  return isReservedTopic(topic) ? ReasonCode.topicNameInvalid : ReasonCode.success;
}

/** Whether the packet uses nothing that CONNACK said is not there, and its payload is what it claims to be. */
export function checkFormat(connection: Connection, packet: PublishPacket): boolean {
  const { features } = connection.parts.context;
  if (packet.retain && !features.retain && connection.protocolVersion === 5) {
    throw new ProtocolError(ReasonCode.retainNotSupported, 'nothing is retained'); // [MQTT-3.2.2-14]
  }
  if (!features.payloadFormatCheck || packet.properties.payloadFormatIndicator !== 1) return true;
  if (isUtf8(packet.payload)) return true;
  if (packet.qos > 0) return false;
  throw new ProtocolError(ReasonCode.payloadFormatInvalid, 'the payload is not UTF-8');
}
