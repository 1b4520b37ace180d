import type { PublishProperties } from '@sluice/packet';
import type { Message } from '@sluice/plugin';

/** What a message counts for where bytes are bounded: topic, payload and properties, a character as one byte. */
export function messageBytes({ topic, payload, properties }: Message): number {
  return topic.length + payload.length + propertiesBytes(properties);
}

/** What properties count for: those of variable length. */
export function propertiesBytes(properties: PublishProperties): number {
  const { contentType, responseTopic, correlationData, userProperties } = properties;
  let bytes = 0;
  if (contentType !== undefined) bytes += contentType.length;
  if (responseTopic !== undefined) bytes += responseTopic.length;
  if (correlationData !== undefined) bytes += correlationData.length;
  if (userProperties !== undefined) {
    for (const [name, value] of userProperties) bytes += name.length + value.length;
  }
  return bytes;
}
