import { Buffer } from 'node:buffer';
import type { PublishPacket, PublishProperties, Will } from '@sluice/packet';
import type { Delivery } from './observation.ts';
import type { MessageProperties, ScriptWill } from './script.ts';

/** The properties of a script's message as a packet has them. */
export function packetProperties(properties: MessageProperties): PublishProperties {
  const { correlationData, ...rest } = properties;
  return correlationData === undefined
    ? rest
    : { ...rest, correlationData: Buffer.from(correlationData) };
}

export function packetWill({ topic, payload, qos, retain, properties, delay }: ScriptWill): Will {
  return {
    topic,
    payload: Buffer.from(payload),
    qos,
    retain,
    properties: { ...packetProperties(properties), ...(delay > 0 && { willDelayInterval: delay }) },
  };
}

/** What a PUBLISH says, free of what differs from one connection to the next. */
export function readDelivery(
  packet: PublishPacket,
  topic: string,
): Omit<Delivery, 'hasSamePacketId'> {
  const { qos, retain, dup, payload, properties } = packet;
  return {
    topic,
    payload: Buffer.from(payload).toString(),
    qos,
    retain,
    dup,
    identifiers: (properties.subscriptionIdentifiers ?? []).toSorted((one, other) => one - other),
    properties: JSON.stringify(plainProperties(properties)),
  };
}

function plainProperties(properties: PublishProperties): MessageProperties {
  const { messageExpiryInterval: expiry, correlationData, userProperties = [] } = properties;
  return {
    ...(properties.payloadFormatIndicator !== undefined && {
      payloadFormatIndicator: properties.payloadFormatIndicator,
    }),
    // What is left of it after the seconds that a script takes: 8,999 of 9,000.
    ...(expiry !== undefined && { messageExpiryInterval: Math.ceil(expiry / 100) * 100 }),
    ...(properties.contentType !== undefined && { contentType: properties.contentType }),
    ...(properties.responseTopic !== undefined && { responseTopic: properties.responseTopic }),
    ...(correlationData !== undefined && {
      correlationData: Buffer.from(correlationData).toString(),
    }),
    ...(userProperties.length > 0 && { userProperties }),
  };
}
