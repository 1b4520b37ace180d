import { noProperties, type PublishProperties, type Qos } from '@sluice/packet';
import type { Message, SessionRecord, SubscriptionRecord, WillRecord } from '@sluice/plugin';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

// What a key says already (client id, requested filter, session of a will) is not said again in its value.
// A message says its number and topic in both places of use, `m` and `r`, so that one encoding serves them.

/** A reference in a session's queue; `message` is 0 once it was released. */
export interface QueueEntry {
  readonly message: number;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly released: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  readonly sharedFilter?: string;
}

export interface StoreIdentity {
  readonly format: number;
  /** Tells this store from any other one. */
  readonly storeId: string;
  /** Starts so far. */
  readonly epoch: number;
}

export interface NextNumbers {
  readonly message: number;
  readonly session: number;
}

const Has = {
  payloadFormatIndicator: 1,
  payloadIsText: 2,
  messageExpiryInterval: 4,
  contentType: 8,
  responseTopic: 16,
  correlationData: 32,
  userProperties: 64,
} as const;

function writeProperties(writer: ByteWriter, properties: PublishProperties): void {
  const {
    payloadFormatIndicator,
    messageExpiryInterval,
    contentType,
    responseTopic,
    correlationData,
    userProperties,
  } = properties;
  let has = 0;
  if (payloadFormatIndicator !== undefined) has |= Has.payloadFormatIndicator;
  if (payloadFormatIndicator === 1) has |= Has.payloadIsText;
  if (messageExpiryInterval !== undefined) has |= Has.messageExpiryInterval;
  if (contentType !== undefined) has |= Has.contentType;
  if (responseTopic !== undefined) has |= Has.responseTopic;
  if (correlationData !== undefined) has |= Has.correlationData;
  if (userProperties !== undefined) has |= Has.userProperties;
  writer.byte(has);
  if (messageExpiryInterval !== undefined) writer.integer(messageExpiryInterval);
  if (contentType !== undefined) writer.text(contentType);
  if (responseTopic !== undefined) writer.text(responseTopic);
  if (correlationData !== undefined) writer.bytes(correlationData);
  if (userProperties !== undefined) {
    writer.integer(userProperties.length);
    for (const [name, value] of userProperties) writer.text(name).text(value);
  }
}

function readProperties(reader: ByteReader): PublishProperties {
  const has = reader.byte();
  if (has === 0) return noProperties;
  const properties: { -readonly [Name in keyof PublishProperties]: PublishProperties[Name] } = {};
  if (has & Has.payloadFormatIndicator) {
    properties.payloadFormatIndicator = has & Has.payloadIsText ? 1 : 0;
  }
  if (has & Has.messageExpiryInterval) properties.messageExpiryInterval = reader.integer();
  if (has & Has.contentType) properties.contentType = reader.text();
  if (has & Has.responseTopic) properties.responseTopic = reader.text();
  if (has & Has.correlationData) properties.correlationData = reader.bytes();
  if (has & Has.userProperties) {
    const userProperties: [string, string][] = [];
    for (let left = reader.integer(); left > 0; left--) {
      userProperties.push([reader.text(), reader.text()]);
    }
    properties.userProperties = userProperties;
  }
  return properties;
}

export function writeMessage(writer: ByteWriter, message: Message): void {
  writer
    .integer(message.number)
    .byte(message.qos | (message.retain ? 4 : 0))
    .text(message.topic)
    .text(message.publisherId)
    .time(message.receivedAt)
    .time(message.expiresAt);
  writeProperties(writer, message.properties);
  writer.rest(message.payload);
}

export function readMessage(reader: ByteReader): Message {
  const number = reader.integer();
  const flags = reader.byte();
  return {
    number,
    qos: (flags & 3) as Qos,
    retain: (flags & 4) !== 0,
    topic: reader.text(),
    publisherId: reader.text(),
    receivedAt: reader.time() ?? 0,
    expiresAt: reader.time() ?? Number.POSITIVE_INFINITY,
    properties: readProperties(reader),
    payload: reader.rest(),
  };
}

export function writeQueueEntry(writer: ByteWriter, entry: QueueEntry): void {
  const { message, qos, retain, released, sharedFilter, subscriptionIdentifiers } = entry;
  let flags: number = qos;
  if (retain) flags |= 4;
  if (released) flags |= 8;
  if (sharedFilter !== undefined) flags |= 16;
  if (subscriptionIdentifiers.length > 0) flags |= 32;
  writer.integer(message).byte(flags);
  if (sharedFilter !== undefined) writer.text(sharedFilter);
  if (subscriptionIdentifiers.length === 0) return;
  writer.integer(subscriptionIdentifiers.length);
  for (const identifier of subscriptionIdentifiers) writer.integer(identifier);
}

const noIdentifiers: readonly number[] = Object.freeze([]);

export function readQueueEntry(reader: ByteReader): QueueEntry {
  const message = reader.integer();
  const flags = reader.byte();
  const sharedFilter = flags & 16 ? reader.text() : undefined;
  let subscriptionIdentifiers = noIdentifiers;
  if (flags & 32) {
    const identifiers: number[] = [];
    for (let left = reader.integer(); left > 0; left--) identifiers.push(reader.integer());
    subscriptionIdentifiers = identifiers;
  }
  const qos = (flags & 3) as 1 | 2;
  const retain = (flags & 4) !== 0;
  const released = (flags & 8) !== 0;
  if (sharedFilter === undefined) {
    return { message, qos, retain, released, subscriptionIdentifiers };
  }
  return { message, qos, retain, released, subscriptionIdentifiers, sharedFilter };
}

/** Reads over an entry and returns its message. */
export function skipQueueEntry(reader: ByteReader): number {
  const message = reader.integer();
  const flags = reader.byte();
  if (flags & 16) reader.skip();
  if (flags & 32) {
    for (let left = reader.integer(); left > 0; left--) reader.integer();
  }
  return message;
}

export function writeSession(writer: ByteWriter, record: SessionRecord): void {
  writer
    .integer(record.session)
    .integer(record.expiryInterval)
    .time(record.disconnectedAt)
    .integer(record.sentBefore)
    .text(record.identity);
}

export function readSession(reader: ByteReader, clientId: string): SessionRecord {
  return {
    session: reader.integer(),
    clientId,
    expiryInterval: reader.integer(),
    disconnectedAt: reader.time(),
    sentBefore: reader.integer(),
    identity: reader.text(),
  };
}

export function writeSubscription(writer: ByteWriter, record: SubscriptionRecord): void {
  const rewritten = record.filter !== record.requested;
  writer
    .byte(
      record.qos |
        (record.noLocal ? 4 : 0) |
        (record.retainAsPublished ? 8 : 0) |
        (record.retainHandling << 4) |
        (rewritten ? 64 : 0),
    )
    .integer(record.subscriptionIdentifier);
  if (rewritten) writer.text(record.filter);
}

export function readSubscription(
  reader: ByteReader,
  session: number,
  requested: string,
): SubscriptionRecord {
  const flags = reader.byte();
  return {
    session,
    requested,
    qos: (flags & 3) as Qos,
    noLocal: (flags & 4) !== 0,
    retainAsPublished: (flags & 8) !== 0,
    retainHandling: ((flags >> 4) & 3) as 0 | 1 | 2,
    subscriptionIdentifier: reader.integer(),
    filter: flags & 64 ? reader.text() : requested,
  };
}

export function writeWill(writer: ByteWriter, record: WillRecord): void {
  writer
    .byte(record.qos | (record.retain ? 4 : 0))
    .text(record.clientId)
    .text(record.topic)
    .integer(record.delayInterval)
    .time(record.dueAt);
  writeProperties(writer, record.properties);
  writer.rest(record.payload);
}

export function readWill(reader: ByteReader, session: number): WillRecord {
  const flags = reader.byte();
  return {
    session,
    qos: (flags & 3) as Qos,
    retain: (flags & 4) !== 0,
    clientId: reader.text(),
    topic: reader.text(),
    delayInterval: reader.integer(),
    dueAt: reader.time(),
    properties: readProperties(reader),
    payload: reader.rest(),
  };
}

export function writeIdentity(writer: ByteWriter, identity: StoreIdentity): void {
  writer.integer(identity.format).text(identity.storeId).integer(identity.epoch);
}

export function readIdentity(reader: ByteReader): StoreIdentity {
  return { format: reader.integer(), storeId: reader.text(), epoch: reader.integer() };
}

export function writeNumbers(writer: ByteWriter, next: NextNumbers): void {
  writer.integer(next.message).integer(next.session);
}

export function readNumbers(reader: ByteReader): NextNumbers {
  return { message: reader.integer(), session: reader.integer() };
}
