import type { Message } from '@sluice/plugin';

/** A message with these fields, and plain ones for the others. */
export function aMessage(fields: Partial<Message> = {}): Message {
  return {
    number: 1,
    topic: 'a/b',
    payload: Buffer.of(1, 2, 3),
    qos: 1,
    retain: false,
    properties: {},
    publisherId: 'publisher',
    receivedAt: 1_767_225_600_000,
    expiresAt: Infinity,
    ...fields,
  };
}
