import {
  type ConnectPacket as Connect,
  parseSharedFilter,
  type Qos,
  type SubscriptionRequest,
} from '@sluice/packet';
import type { ConnectChanges, Message, MessageChanges, OutgoingMessage } from '@sluice/plugin';
import type { ConnectPacket, PublishPacket, PublishRequest, Subscription } from './handlers.ts';

/** CONNECT as a handler sees and changes it. */
export function connectPacketOf(packet: Connect): ConnectPacket {
  const { protocolVersion, cleanStart, clientId, keepAlive, userName, password, will } = packet;
  return {
    cmd: 'connect',
    protocolId: protocolVersion === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion,
    clean: cleanStart,
    clientId,
    keepalive: keepAlive,
    ...(userName !== undefined && { username: userName }),
    ...(password !== undefined && { password: asBuffer(password) }),
    ...(will !== undefined && {
      will: {
        topic: will.topic,
        payload: asBuffer(will.payload),
        qos: will.qos,
        retain: will.retain,
      },
    }),
  };
}

/**
 * What a handler changed of CONNECT. Nothing can be taken away from it: what is null or undefined is as it was, or what it
 * is by default in the packets of Aedes.
 */
export function connectChanges(before: Connect, after: ConnectPacket): ConnectChanges {
  const { clientId, username, password, keepalive, clean, will } = after;
  return {
    clientId: clientId ?? '',
    keepAlive: keepalive ?? before.keepAlive,
    cleanStart: clean ?? before.cleanStart,
    ...(isThere(username) && { userName: username }),
    ...(isThere(password) && { password: Buffer.from(password) }),
    ...(isThere(will) && {
      will: {
        topic: will.topic,
        payload: Buffer.from(will.payload ?? ''),
        qos: will.qos ?? 0,
        retain: will.retain ?? false,
        properties: before.will?.properties ?? {},
      },
    }),
  };
}

/** A message as a handler sees and changes it. */
export function publishPacketOf(
  { topic, payload }: Message,
  qos: Qos,
  retain: boolean,
): PublishPacket {
  return { cmd: 'publish', topic, payload: asBuffer(payload), qos, retain, dup: false };
}

/** What a handler changed of a message; undefined when it left it alone. A QoS can only be lowered. */
export function messageChanges(
  before: Message,
  { topic, payload, qos, retain }: PublishPacket,
): MessageChanges | undefined {
  const isLowered = qos < before.qos;
  const isSame = topic === before.topic && isSamePayload(before, payload);
  if (isSame && retain === before.retain && !isLowered) return undefined;
  return { topic, payload: payload ?? '', retain, ...(isLowered && { qos }) };
}

/** What a handler changed of a delivery; undefined when it left it alone. */
export function deliveryChanges(
  before: Message,
  retained: boolean,
  { topic, payload, retain }: PublishPacket,
): Omit<MessageChanges, 'qos' | 'durability'> | undefined {
  const isTopicChanged = topic !== before.topic;
  const isPayloadChanged = !isSamePayload(before, payload);
  if (!isTopicChanged && !isPayloadChanged && retain === retained) return undefined;
  return {
    ...(isTopicChanged && { topic }),
    ...(isPayloadChanged && { payload: payload ?? '' }),
    ...(retain !== retained && { retain }),
  };
}

/** A subscription under its own name. */
export function subscriptionOf(request: SubscriptionRequest): Subscription {
  const { filter, qos, noLocal, retainAsPublished, retainHandling } = request;
  return { topic: filter, qos, nl: noLocal, rap: retainAsPublished, rh: retainHandling };
}

/**
 * A subscription as a handler judges and changes it: a shared one by the filter in it, since handlers of Aedes know
 * none, and one that forbids a topic must not be passed by with `$share/name/` before it.
 */
export function judgedSubscription(request: SubscriptionRequest): Subscription {
  const shared = parseSharedFilter(request.filter);
  return { ...subscriptionOf(request), topic: shared?.filter ?? request.filter };
}

/** What a handler made of a subscription. A QoS can only be lowered. */
export function changedRequest(
  before: SubscriptionRequest,
  { topic, qos = before.qos, nl, rap, rh }: Subscription,
): SubscriptionRequest {
  const shared = parseSharedFilter(before.filter);
  const filter = topic ?? shared?.filter ?? before.filter;
  return {
    filter: shared === undefined ? filter : `$share/${shared.shareName}/${filter}`,
    qos: Math.min(qos, before.qos) as Qos,
    noLocal: nl ?? before.noLocal,
    retainAsPublished: rap ?? before.retainAsPublished,
    retainHandling: (rh as 0 | 1 | 2 | undefined) ?? before.retainHandling,
  };
}

/** What the application or a handler publishes. */
export function outgoingOf({ topic, payload, qos, retain }: PublishRequest): OutgoingMessage {
  return {
    topic,
    payload: payload ?? '',
    ...(qos !== undefined && { qos }),
    ...(retain !== undefined && { retain }),
  };
}

/** A handler of JavaScript may have taken it away. */
function isSamePayload({ payload }: Message, other: Buffer | string | null | undefined): boolean {
  if (typeof other === 'string' || !other) return false;
  return other.buffer === payload.buffer && other.byteOffset === payload.byteOffset
    ? other.length === payload.length
    : false;
}

/** A handler of JavaScript may take something away with null. */
function isThere<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}

/** The same bytes, not a copy. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
