import { noProperties, type PublishProperties, propertiesBytes } from '@sluice/packet';
import type { Message } from '@sluice/plugin';

/** What a message counts for where bytes are bounded: topic, payload and properties, a character as one byte. */
export function messageBytes({ topic, payload, properties }: Message): number {
  return topic.length + payload.length + weightOf(properties);
}

let weighed: PublishProperties = noProperties;
let weight = 0;

/** `propertiesBytes`, which is asked for several times for each of the many receivers of a message. */
export function weightOf(properties: PublishProperties): number {
  if (properties !== weighed) {
    weight = propertiesBytes(properties);
    weighed = properties;
  }
  return weight;
}
