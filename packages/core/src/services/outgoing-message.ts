import { isValidTopicName, noProperties } from '@sluice/packet';
import { BrokerError, type OutgoingMessage } from '@sluice/plugin';
import { isBytes, ownBytes } from '../base/own-bytes.ts';
import { checkProperties, refusalReason } from '../hooks/change-message.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import type { Publishing } from '../routing/publishing.ts';

/** Makes a message of the application. Throws a BrokerError when it can be none. */
export function readOutgoing(outgoing: OutgoingMessage, publishing: Publishing): RoutedMessage {
  if (typeof outgoing !== 'object' || outgoing === null) {
    throw new BrokerError(
      'SLUICE_TOPIC_NAME',
      `A message is an object with a topic and a payload, not ${JSON.stringify(outgoing)}.`,
    );
  }
  const { topic, qos = 0, retain = false, properties = noProperties } = outgoing;
  if (typeof topic !== 'string' || !isValidTopicName(topic)) {
    throw new BrokerError(
      'SLUICE_TOPIC_NAME',
      `The topic name ${JSON.stringify(topic)} is not valid: it must have 1 to 65,535 bytes and no wildcard.`,
    );
  }
  checkQos(qos);
  if (typeof retain !== 'boolean') throw wrongProperty('retain is neither true nor false');
  checkPropertiesOf(outgoing);
  return publishing.message('', topic, bytesOf(outgoing.payload), qos, retain, properties);
}

/** Throws a BrokerError SLUICE_QOS. */
export function checkQos(qos: unknown): void {
  if (qos === 0 || qos === 1 || qos === 2) return;
  throw new BrokerError('SLUICE_QOS', `The QoS ${String(qos)} is not valid: it must be 0, 1 or 2.`);
}

function checkPropertiesOf({ properties }: OutgoingMessage): void {
  if (properties === undefined) return;
  try {
    checkProperties(properties);
  } catch (cause) {
    throw wrongProperty(refusalReason(cause), cause);
  }
}

function wrongProperty(why: string, cause?: unknown): BrokerError {
  return new BrokerError('SLUICE_PROPERTIES', `A property of the message cannot be sent: ${why}.`, {
    cause,
  });
}

function bytesOf(payload: unknown): Uint8Array {
  if (typeof payload === 'string') return Buffer.from(payload);
  // The caller may use its buffer again while the message waits.
  if (isBytes(payload)) return ownBytes(payload);
  const kind = payload === null || payload === undefined ? String(payload) : typeof payload;
  throw new BrokerError(
    'SLUICE_PAYLOAD',
    `The payload must be a string or a Uint8Array, not ${kind}: use String(value) or JSON.stringify(value), and '' for none.`,
  );
}
