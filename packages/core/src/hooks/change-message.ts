import { isValidTopicName, type PublishProperties, type Qos } from '@sluice/packet';
import { BrokerError, type Durability, type Message, type MessageChanges } from '@sluice/plugin';
import { asError } from '../base/as-error.ts';
import { isBytes } from '../base/own-bytes.ts';

type Field = keyof MessageChanges;

/** The longest string or binary data that a packet can carry (section 1.5.4). */
const maxFieldBytes = 65_535;

const fields: ReadonlySet<string> = new Set<Field>([
  'topic',
  'payload',
  'qos',
  'retain',
  'properties',
  'durability',
]);

const durabilities: ReadonlySet<unknown> = new Set<Durability>(['fsync', 'write', 'none']);

const utf8 = new TextEncoder();

/**
 * The message with the changes; the message itself is left alone. Throws a BrokerError SLUICE_HOOK_ANSWER when
 * a change is not allowed. A changed Message Expiry Interval counts from when the broker took the message over.
 */
export function changeMessage(message: Message, changes: MessageChanges): Message {
  refuseUnknownFields(changes, fields);
  const { topic = message.topic, qos = message.qos, retain = message.retain } = changes;
  const { properties = message.properties, durability = message.durability } = changes;
  if (topic !== message.topic) checkTopic('topic', topic);
  if (qos !== message.qos) checkLowerQos(qos, message.qos);
  if (typeof retain !== 'boolean') throw refused('retain is neither true nor false');
  if (properties !== message.properties) checkProperties(properties);
  if (durability !== undefined && !durabilities.has(durability)) {
    throw refused("durability is not 'fsync', 'write' or 'none'");
  }
  return {
    number: message.number,
    topic,
    payload: changes.payload === undefined ? message.payload : toBytes(changes.payload),
    qos,
    retain,
    properties,
    publisherId: message.publisherId,
    receivedAt: message.receivedAt,
    expiresAt: expiryOf(message, properties),
    ...(durability !== undefined && { durability }),
  };
}

/** Throws when an answer has a field that is none of the known ones: most likely a misspelt one. */
export function refuseUnknownFields(
  answer: object,
  known: ReadonlySet<string>,
  verb: 'changed' | 'granted' = 'changed',
): void {
  if (Array.isArray(answer)) throw refused('a list was answered where an object is expected');
  for (const name of Object.keys(answer)) {
    if (!known.has(name)) {
      throw refused(`${name} cannot be ${verb}, only ${[...known].join(', ')}`);
    }
  }
}

/** Throws when a topic is none that can be published to. */
export function checkTopic(name: string, topic: unknown): void {
  if (typeof topic !== 'string' || !isValidTopicName(topic)) {
    throw refused(`${name} is not a valid topic name`);
  }
}

/** Throws when a QoS is none, or above the one it replaces. */
export function checkLowerQos(qos: unknown, highest: Qos): void {
  if (qos !== 0 && qos !== 1 && qos !== 2) throw refused('qos is not 0, 1 or 2');
  if (qos > highest) throw refused(`qos was raised from ${highest} to ${qos}`);
}

/** Throws when a value is no string that a packet can carry. */
export function checkString(name: string, text: unknown): void {
  if (!isSendable(text)) throw refused(`${name} is no ${sendable}`);
}

/** What a string must be that a packet can carry, in words. */
export const sendable: string = `string of at most ${maxFieldBytes} bytes of UTF-8`;

/** Whether a value is a string that a packet can carry. */
export function isSendable(text: unknown): text is string {
  return (
    typeof text === 'string' &&
    Buffer.byteLength(text) <= maxFieldBytes &&
    !text.includes('\0') && // [MQTT-1.5.4-2]
    !/\p{Surrogate}/u.test(text) // [MQTT-1.5.4-1]
  );
}

/** Throws when a value is no binary data that a packet can carry. */
export function checkBinary(name: string, bytes: unknown): void {
  if (!isBytes(bytes) || bytes.length > maxFieldBytes) {
    throw refused(`${name} is no Uint8Array of at most ${maxFieldBytes} bytes`);
  }
}

/** Throws when properties are none that a forwarded message can have. */
export function checkProperties(properties: PublishProperties): void {
  if (typeof properties !== 'object' || properties === null) {
    throw refused('properties is no object');
  }
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    const check = propertyChecks.get(name);
    if (check === undefined) throw refused(`properties.${name} cannot be set`);
    check(`properties.${name}`, value);
  }
}

const answerPrefix = 'what it answered is not allowed: ';

/** A BrokerError for what a hook answered and must not. */
export function refused(reason: string): BrokerError {
  return new BrokerError('SLUICE_HOOK_ANSWER', answerPrefix + reason);
}

/** The reason alone of such an error, where it was no hook that said something wrong. */
export function refusalReason(error: unknown): string {
  const { message } = asError(error);
  return message.startsWith(answerPrefix) ? message.slice(answerPrefix.length) : message;
}

// No topic alias and no subscription identifiers: these belong to one connection.
const propertyChecks: ReadonlyMap<string, (name: string, value: unknown) => void> = new Map([
  ['payloadFormatIndicator', checkBit],
  ['messageExpiryInterval', checkSeconds],
  ['contentType', checkString],
  ['responseTopic', checkTopic],
  ['correlationData', checkBinary],
  ['userProperties', checkUserProperties],
]);

function checkBit(name: string, value: unknown): void {
  if (value !== 0 && value !== 1) throw refused(`${name} is neither 0 nor 1`);
}

/** Throws when a value is no whole number of seconds that four bytes can carry. */
export function checkSeconds(name: string, value: unknown): void {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 0xffff_ffff) {
    throw refused(`${name} is no whole number from 0 to 4294967295`);
  }
}

/** Throws when a value is no list of user properties that a packet can carry. */
export function checkUserProperties(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw refused(`${name} is no list`);
  for (const pair of value) {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw refused(`${name} has an entry that is no pair`);
    checkString(`a name in ${name}`, pair[0]);
    checkString(`a value in ${name}`, pair[1]);
  }
}

function toBytes(payload: unknown): Uint8Array {
  if (typeof payload === 'string') return utf8.encode(payload);
  if (isBytes(payload)) return payload;
  throw refused('payload is neither a string nor a Uint8Array');
}

function expiryOf(message: Message, { messageExpiryInterval }: PublishProperties): number {
  if (messageExpiryInterval === message.properties.messageExpiryInterval) return message.expiresAt;
  if (messageExpiryInterval === undefined) return Infinity;
  return message.receivedAt + messageExpiryInterval * 1_000;
}
