import {
  type IncomingPublish,
  isFailure,
  noProperties,
  PacketType,
  type PublishPacket,
  ReasonCode,
} from '@sluice/packet';
import { isDrop } from '@sluice/plugin';
import { andThen } from '../base/and-then.ts';
import type { Connection } from '../connection/connection.ts';
import { ReadingStop } from '../connection/reading.ts';
import { RoutedMessage } from '../messages/routed-message.ts';
import { expiryOf, refusalOf } from '../routing/publishing.ts';
import type { Session } from '../session/session.ts';
import { sessionOf } from './acknowledgement.ts';
import { checkFormat, checkTopic, isAnswered } from './publish-checks.ts';

/** PUBLISH of a client (section 3.3): alias, limits, flow control, hooks, then routing and the answer. */
export function handlePublish(connection: Connection, packet: PublishPacket): void | Promise<void> {
  const session = sessionOf(connection);
  const { context } = connection.parts;
  context.stats.messagesReceived++;
  connection.traffic.messagesReceived++;
  const alias = packet.properties.topicAlias;
  const topic =
    alias === undefined ? packet.topic : connection.aliases.resolve(alias, packet.topic);
  if (packet.qos > 0 && isAnswered(connection, session, packet)) return;
  const refusal = topic === connection.lastTopic ? 0 : checkTopic(connection, topic);
  if (refusal !== 0) {
    refuse(connection, session, packet, refusal);
    return;
  }
  connection.lastTopic = topic;
  if (!checkFormat(connection, packet)) {
    refuse(connection, session, packet, ReasonCode.payloadFormatInvalid);
    return;
  }
  const message = toMessage(connection, session, packet as IncomingPublish, topic);
  const { publish, authorizePublish, retain } = session.hooks;
  const asksRetain = retain !== undefined && message.retain;
  if (publish === undefined && authorizePublish === undefined && !asksRetain) {
    accept(connection, session, packet, message, message.retain ? message : undefined);
    return;
  }
  return askHooks(connection, session, packet, message);
}

function toMessage(
  connection: Connection,
  session: Session,
  packet: IncomingPublish,
  topic: string,
): RoutedMessage {
  const { numbers, features } = connection.parts.context;
  const { receivedAt } = connection;
  let properties = packet.properties;
  if (properties.topicAlias !== undefined) {
    const { topicAlias: _, ...forwarded } = properties;
    properties = Object.keys(forwarded).length === 0 ? noProperties : forwarded;
  }
  const fields = {
    number: numbers.message(),
    topic,
    qos: packet.qos,
    // A 3.x client cannot be told that nothing is retained.
    retain: packet.retain && features.retain,
    properties,
    publisherId: session.clientId,
    receivedAt,
    expiresAt: properties === noProperties ? Infinity : expiryOf(properties, receivedAt),
  };
  return RoutedMessage.ofPacket(fields, packet, connection.protocolVersion);
}

function askHooks(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  message: RoutedMessage,
): void | Promise<void> {
  const { context, publishing, inquiries } = connection.parts;
  const { publish, authorizePublish } = session.hooks;
  const client = session.client;
  return andThen(publish?.({ client, message }), (event) => {
    if (connection.closed) return;
    if (event !== undefined && isDrop(event)) {
      context.dropped(message, undefined, 'hook');
      refuse(connection, session, packet, event.reasonCode);
      return;
    }
    const changed = event === undefined ? message : RoutedMessage.of(event.message);
    const question = { client, message: changed, isWill: false };
    const asked = authorizePublish?.(question);
    const current =
      asked instanceof Promise && authorizePublish !== undefined
        ? inquiries.current(client.clientId, asked, () => authorizePublish(question))
        : asked;
    return andThen(current, (verdict) => {
      if (connection.closed) return;
      if (verdict?.allowed === false) {
        context.dropped(changed, undefined, 'not-authorized');
        refuse(connection, session, packet, verdict.reasonCode);
        return;
      }
      return andThen(publishing.retention(changed, session), (retained) => {
        if (!connection.closed) accept(connection, session, packet, changed, retained);
      });
    });
  });
}

/** The broker takes the message over: it is kept, routed, and acknowledged when that is durable [MQTT-4.3.2-4]. */
function accept(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  message: RoutedMessage,
  retained: RoutedMessage | undefined,
): void {
  const { context, publishing, router } = connection.parts;
  const { commits } = context;
  let route = connection.lastRoute;
  if (route === undefined || route.topic !== message.topic || !router.isCurrent(route)) {
    route = router.lookup(message.topic);
    connection.lastRoute = route;
  }
  message.mayRepeat = packet.qos === 2 && session.stored;
  const added = commits.added;
  const receivers = publishing.accept(message, retained, session, route);
  if (packet.qos > 0) {
    if (receivers < 0) {
      refuse(connection, session, packet, refusalOf(receivers));
      return;
    }
    if (packet.qos === 2) session.inbox.hold(packet.packetId, message.durability);
    const type = packet.qos === 1 ? PacketType.puback : PacketType.pubrec;
    const nobody = receivers === 0 && connection.protocolVersion === 5;
    const code = nobody ? ReasonCode.noMatchingSubscribers : ReasonCode.success;
    // What another client has cleared already leaves nothing to do, but is not durable before that is.
    const isDone = commits.added === added && !(message.retain && !commits.settled);
    const waits = !isDone && message.durability !== 'none';
    connection.answers.acknowledge(type, packet.packetId, code, waits);
  }
  // More than Receive Maximum is not even read, as far as the broker itself is what keeps the client waiting.
  if (connection.answers.owed + session.inbox.size > connection.limits.receiveMaximum) {
    if (connection.answers.owed > 0) connection.reading.stop(ReadingStop.answers);
  }
}

/** The message goes no further. A 5.0 client is told where there is an acknowledgement; 3.x has no words for it. */
function refuse(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  reasonCode: ReasonCode,
): void {
  if (packet.qos === 0) return;
  const { packetId, qos } = packet;
  const type = qos === 1 ? PacketType.puback : PacketType.pubrec;
  const held = qos === 2 && !(connection.protocolVersion === 5 && isFailure(reasonCode));
  // An exchange that goes on needs its identifier held: the client may repeat the PUBLISH.
  if (held) session.inbox.hold(packetId);
  connection.answers.acknowledge(type, packetId, reasonCode, held && session.stored);
}
