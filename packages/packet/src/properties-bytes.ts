import type { PublishProperties } from './packets.ts';

/** What the properties of a message weigh where memory is bounded: those of variable length, a character as one byte. */
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
