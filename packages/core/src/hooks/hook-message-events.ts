// How what hooks around a message answered is applied to the event.
import type { DeliveryEvent, Message, MessageChanges } from '@sluice/plugin';
import { changeMessage, refused, refuseUnknownFields } from './change-message.ts';

const deliverFields: ReadonlySet<string> = new Set<keyof MessageChanges>([
  'topic',
  'payload',
  'retain',
  'properties',
]);

/** A message on its way in, or a will, with other fields. */
export function applyMessage<Event extends { readonly message: Message }>(
  event: Event,
  changes: MessageChanges,
): Event {
  return { ...event, message: changeMessage(event.message, changes) };
}

/**
 * A delivery with other fields. RETAIN is changed as the receiver sees it; where nothing else is changed, the
 * message stays the same object, so that what was encoded for other receivers serves this one, too.
 */
export function applyDeliver(event: DeliveryEvent, changes: MessageChanges): DeliveryEvent {
  refuseUnknownFields(changes, deliverFields);
  const { retain = event.retain, topic, payload, properties } = changes;
  if (typeof retain !== 'boolean') throw refused('retain is neither true nor false');
  const same = topic === undefined && payload === undefined && properties === undefined;
  return {
    client: event.client,
    message: same
      ? event.message
      : changeMessage(event.message, { ...changes, retain: event.message.retain }),
    qos: event.qos,
    retain,
  };
}
