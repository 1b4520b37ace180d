import {
  type IncomingPublish,
  isFailure,
  noProperties,
  PacketType,
  type PublishPacket,
  ReasonCode,
  receivedCodes,
  type TopicName,
} from '@sluice/packet';
import {
  type Allow,
  type AuthorizePublishEvent,
  type Deny,
  type Drop,
  DropReason,
  isDrop,
  type MessageEvent,
} from '@sluice/plugin';
import { fittingCode } from '../base/fitting-code.ts';
import type { Connection } from '../connection/connection.ts';
import { ReadingStop } from '../connection/reading.ts';
import type { DecideRunner } from '../hooks/hook-runners.ts';
import { RoutedMessage } from '../messages/routed-message.ts';
import type { FanOut } from '../routing/fan-outs.ts';
import { expiryOf, refusalOf } from '../routing/publishing.ts';
import type { Session } from '../session/session.ts';
import { sessionOf } from './acknowledgement.ts';
import { holdUp } from './congestion.ts';
import { checkFormat, checkName, isAnswered } from './publish-checks.ts';

/** In place of how many operations there were before: what others added meanwhile cannot be told apart. */
const unknown = -1;

// Fewer take no longer than a look at the clock is worth.
const manyReceivers = 20;

/** PUBLISH of a client (section 3.3): alias, limits, flow control, hooks, then routing and the answer. */
export function handlePublish(connection: Connection, packet: PublishPacket): void | Promise<void> {
  const incoming = packet as IncomingPublish;
  const session = sessionOf(connection);
  const { context } = connection.parts;
  context.stats.messagesReceived++;
  connection.traffic.messagesReceived++;
  const alias = packet.properties.topicAlias;
  const name =
    alias === undefined ? incoming.name : connection.aliases.resolve(alias, incoming.name);
  if (packet.qos > 0 && isAnswered(connection, session, packet)) return;
  const refusal = checkName(connection, name);
  const message = toMessage(connection, session, incoming, name);
  if (refusal !== 0) {
    refuseInvalid(connection, session, packet, message, refusal);
    return;
  }
  if (!checkFormat(connection, packet)) {
    refuseInvalid(connection, session, packet, message, ReasonCode.payloadFormatInvalid);
    return;
  }
  const { publish, authorizePublish, retain } = session.hooks;
  const asksRetain = retain !== undefined && message.retain;
  if (publish === undefined && authorizePublish === undefined && !asksRetain) {
    return accept(connection, session, packet, message, message.retain ? message : undefined);
  }
  return askHooks(connection, session, packet, message);
}

function toMessage(
  connection: Connection,
  session: Session,
  packet: IncomingPublish,
  name: TopicName,
): RoutedMessage {
  const { numbers, features } = connection.parts.context;
  const { receivedAt } = connection;
  const properties =
    packet.properties.topicAlias === undefined
      ? packet.properties
      : connection.aliases.withoutAlias(packet.properties);
  const fields = {
    number: numbers.message(),
    topic: name.topic,
    qos: packet.qos,
    // A 3.x client cannot be told that nothing is retained.
    retain: packet.retain && features.retain,
    properties,
    publisherId: session.clientId,
    receivedAt,
    expiresAt: properties === noProperties ? Infinity : expiryOf(properties, receivedAt),
  };
  return RoutedMessage.ofPacket(fields, name, packet, connection.protocolVersion);
}

type Step<Answer> = (
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  message: RoutedMessage,
  answer: Answer,
) => void | Promise<void>;

/** Goes on when a hook answered that takes its time: the only step that makes a closure. */
function later<Answer>(
  answer: Promise<Answer>,
  step: Step<Answer>,
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  message: RoutedMessage,
): Promise<void> {
  return answer.then((late) => step(connection, session, packet, message, late));
}

function askHooks(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  message: RoutedMessage,
): void | Promise<void> {
  const { publish } = session.hooks;
  if (publish === undefined) return authorize(connection, session, packet, message);
  const event = publish({ client: session.client, message });
  return event instanceof Promise
    ? later(event, transformed, connection, session, packet, message)
    : transformed(connection, session, packet, message, event);
}

function transformed(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  message: RoutedMessage,
  event: MessageEvent | Drop,
): void | Promise<void> {
  if (connection.closed) return;
  if (!isDrop(event)) {
    return authorize(connection, session, packet, RoutedMessage.changed(event.message));
  }
  connection.parts.context.dropped(message, undefined, DropReason.hook);
  refuse(connection, session, packet, event.reasonCode);
}

function authorize(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  message: RoutedMessage,
): void | Promise<void> {
  const { authorizePublish } = session.hooks;
  if (authorizePublish === undefined) return retain(connection, session, packet, message);
  const question = { client: session.client, message, isWill: false };
  const verdict = authorizePublish(question);
  if (!(verdict instanceof Promise)) return judged(connection, session, packet, message, verdict);
  const current = currentVerdict(connection, question, verdict, authorizePublish);
  return later(current, judged, connection, session, packet, message);
}

function currentVerdict(
  connection: Connection,
  question: AuthorizePublishEvent,
  asked: Promise<Allow<never> | Deny>,
  ask: DecideRunner<AuthorizePublishEvent, never>,
): Promise<Allow<never> | Deny> {
  const { clientId } = question.client;
  return connection.parts.inquiries.current(clientId, asked, () => ask(question));
}

function judged(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  message: RoutedMessage,
  verdict: Allow<never> | Deny,
): void | Promise<void> {
  if (connection.closed) return;
  if (verdict.allowed) return retain(connection, session, packet, message);
  connection.parts.context.dropped(message, undefined, DropReason.notAuthorized);
  refuse(connection, session, packet, verdict.reasonCode);
}

function retain(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  message: RoutedMessage,
): void | Promise<void> {
  const retained = connection.parts.publishing.retention(message, session);
  return retained instanceof Promise
    ? later(retained, accept, connection, session, packet, message)
    : accept(connection, session, packet, message, retained);
}

/** The broker takes the message over: it is kept, routed, and acknowledged when that is durable [MQTT-4.3.2-4]. */
function accept(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  message: RoutedMessage,
  retained: RoutedMessage | undefined,
): void | Promise<void> {
  if (connection.closed) return;
  const { context, publishing } = connection.parts;
  const { commits } = context;
  message.mayRepeat = packet.qos === 2 && session.stored;
  const added = commits.added;
  const receivers = publishing.accept(message, retained, session);
  if (typeof receivers !== 'number') return goOn(connection, session, packet, receivers);
  if (receivers >= manyReceivers) connection.reading.servedMany();
  answer(connection, session, packet, message, receivers, added);
}

/** The receivers are served turn by turn, and what the client sends next waits until it is done. */
function goOn(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  fanOut: FanOut,
): Promise<void> {
  const finished = fanOut.finished((receivers) => {
    answer(connection, session, packet, fanOut.message, receivers, unknown);
    if (!connection.closed) holdUp(connection);
  });
  connection.parts.registry.waitFor(session.clientId, finished);
  return finished;
}

/** The receivers were served: answers the client when that is durable. */
function answer(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  message: RoutedMessage,
  receivers: number,
  addedBefore: number,
): void {
  const { registry, context } = connection.parts;
  const { commits } = context;
  if (connection.closed) {
    const isOver = registry.get(session.clientId) !== session;
    // The client will send it again on its next connection.
    if (packet.qos === 2 && receivers >= 0 && !isOver)
      session.inbox.hold(packet.packetId, message.durability);
    return;
  }
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
    const isDone = commits.added === addedBefore && !(message.retain && !commits.settled);
    const waits = !isDone && message.durability !== 'none';
    connection.answers.acknowledge(type, packet.packetId, code, waits);
  }
  // More than Receive Maximum is not even read, as far as the broker itself is what keeps the client waiting.
  if (connection.answers.owed + session.held > connection.limits.receiveMaximum) {
    if (connection.answers.pending > 0) connection.reading.stop(ReadingStop.answers);
  }
}

/** No client may publish it. */
function refuseInvalid(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  message: RoutedMessage,
  reasonCode: ReasonCode,
): void {
  connection.parts.context.dropped(message, undefined, DropReason.invalid);
  refuse(connection, session, packet, reasonCode);
}

/** The message goes no further. A 5.0 client is told where there is an acknowledgement; 3.x has no words for it. */
function refuse(
  connection: Connection,
  session: Session,
  packet: PublishPacket,
  wanted: ReasonCode,
): void {
  if (packet.qos === 0) return;
  const { packetId, qos } = packet;
  const reasonCode = fittingCode(wanted, receivedCodes.client); // [MQTT-3.4.2-1] [MQTT-3.5.2-1]
  const type = qos === 1 ? PacketType.puback : PacketType.pubrec;
  const held = qos === 2 && !(connection.protocolVersion === 5 && isFailure(reasonCode));
  // An exchange that goes on needs its identifier held: the client may repeat the PUBLISH.
  if (held) session.inbox.hold(packetId);
  connection.answers.acknowledge(type, packetId, reasonCode, held && session.stored);
}
