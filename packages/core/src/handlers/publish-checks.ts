import { isUtf8 } from 'node:buffer';
import {
  PacketType,
  ProtocolError,
  type PublishPacket,
  protocolError,
  ReasonCode,
  type TopicName,
} from '@sluice/packet';
import { LimitExceeded } from '../base/limit-exceeded.ts';
import { isReservedTopic } from '../base/reserved-topic.ts';
import type { Connection } from '../connection/connection.ts';
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
  if (name.bytes === 0) throw protocolError('PUBLISH without a topic name');
  const { maxTopicBytes, maxTopicLevels } = connection.limits;
  if (name.bytes > maxTopicBytes || name.levels > maxTopicLevels) {
    const exceeded = name.bytes > maxTopicBytes ? 'maxTopicBytes' : 'maxTopicLevels';
    connection.limited(exceeded, 'refused');
    return ReasonCode.topicNameInvalid;
  }
  // Only what was published before has a note. The string of a topic is in no cache of the processor where there are many.
  return name.note === undefined && isReservedTopic(name.topic)
    ? ReasonCode.topicNameInvalid
    : ReasonCode.success;
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
