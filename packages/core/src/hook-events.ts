// How what a hook answered is applied to the event, and what several hooks granted is put together.
import { isValidTopicFilter, type Qos, type SubscriptionRequest, type Will } from '@sluice/packet';
import type {
  AuthenticateGrant,
  AuthorizeSubscribeGrant,
  ConnectChanges,
  ConnectEvent,
  DeliveryEvent,
  Message,
  MessageChanges,
  SubscribeEvent,
} from '@sluice/plugin';
import {
  changeMessage,
  checkBinary,
  checkLowerQos,
  checkProperties,
  checkString,
  checkTopic,
  refused,
  refuseUnknownFields,
} from './change-message.ts';

const connectFields: ReadonlySet<string> = new Set<keyof ConnectChanges>([
  'clientId',
  'userName',
  'password',
  'keepAlive',
  'cleanStart',
  'will',
]);

const deliverFields: ReadonlySet<string> = new Set<keyof MessageChanges>([
  'topic',
  'payload',
  'retain',
  'properties',
]);

/** CONNECT with other fields. */
export function applyConnect(event: ConnectEvent, changes: ConnectChanges): ConnectEvent {
  refuseUnknownFields(changes, connectFields);
  const { clientId, userName, password, keepAlive, cleanStart, will } = changes;
  if (clientId !== undefined) checkString('clientId', clientId);
  if (userName !== undefined) checkString('userName', userName);
  if (password !== undefined) checkBinary('password', password);
  if (keepAlive !== undefined && !isUint16(keepAlive)) {
    throw refused('keepAlive is no whole number from 0 to 65535');
  }
  if (cleanStart !== undefined && typeof cleanStart !== 'boolean') {
    throw refused('cleanStart is neither true nor false');
  }
  if (will !== undefined) checkWill(will);
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return {
    connection: event.connection,
    packet: { ...event.packet, ...(Object.fromEntries(given) as ConnectChanges) },
  };
}

/** A message on its way in, or a will, with other fields. */
export function applyMessage<Event extends { readonly message: Message }>(
  event: Event,
  changes: MessageChanges,
): Event {
  return { ...event, message: changeMessage(event.message, changes) };
}

/** Other subscriptions: one in the place of each. */
export function applySubscribe(
  event: SubscribeEvent,
  changes: readonly SubscriptionRequest[],
): SubscribeEvent {
  const { subscriptions } = event;
  if (!Array.isArray(changes) || changes.length !== subscriptions.length) {
    throw refused(`not a list with an entry for each of ${subscriptions.length} subscriptions`);
  }
  return {
    client: event.client,
    subscriptions: subscriptions.map((before, index) => readSubscription(changes[index], before)),
  };
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

/** Throws when an authenticator granted what is no grant. */
export function checkAuthenticateGrant(grant: unknown): void {
  const { identity, attributes, responseInformation } = asGrant(grant) as AuthenticateGrant;
  if (identity !== undefined && typeof identity !== 'string') {
    throw refused('identity is no string');
  }
  if (attributes !== undefined && (typeof attributes !== 'object' || attributes === null)) {
    throw refused('attributes is no object');
  }
  if (responseInformation !== undefined) checkString('responseInformation', responseInformation);
}

/** Field by field, the first authenticator that has something to say. */
export function mergeAuthenticateGrants(
  first: AuthenticateGrant,
  second: AuthenticateGrant,
): AuthenticateGrant {
  const identity = first.identity ?? second.identity;
  const attributes = first.attributes ?? second.attributes;
  const responseInformation = first.responseInformation ?? second.responseInformation;
  return {
    ...(identity !== undefined && { identity }),
    ...(attributes !== undefined && { attributes }),
    ...(responseInformation !== undefined && { responseInformation }),
  };
}

/** Throws when what was granted to a subscription is no grant. */
export function checkSubscribeGrant(grant: unknown): void {
  const { maximumQos } = asGrant(grant) as AuthorizeSubscribeGrant;
  if (maximumQos !== undefined) checkLowerQos(maximumQos, 2);
}

/** The lower of two maxima. */
export function mergeSubscribeGrants(
  first: AuthorizeSubscribeGrant,
  second: AuthorizeSubscribeGrant,
): AuthorizeSubscribeGrant {
  return { maximumQos: Math.min(first.maximumQos ?? 2, second.maximumQos ?? 2) as Qos };
}

function asGrant(grant: unknown): object {
  if (typeof grant !== 'object' || grant === null) throw refused('the grant is no object');
  return grant;
}

function checkWill(will: Will): void {
  if (typeof will !== 'object' || will === null) throw refused('will is no object');
  checkTopic('will.topic', will.topic);
  if (!(will.payload instanceof Uint8Array)) throw refused('will.payload is no Uint8Array');
  // In CONNECT a will payload is binary data with a length of two bytes.
  checkBinary('will.payload', will.payload);
  checkLowerQos(will.qos, 2);
  if (typeof will.retain !== 'boolean') throw refused('will.retain is neither true nor false');
  if (typeof will.properties !== 'object' || will.properties === null) {
    throw refused('will.properties is no object');
  }
  const { willDelayInterval, ...properties } = will.properties;
  if (willDelayInterval !== undefined && !isUint32(willDelayInterval)) {
    throw refused('will.properties.willDelayInterval is no whole number from 0 to 4294967295');
  }
  checkProperties(properties);
}

function readSubscription(value: unknown, before: SubscriptionRequest): SubscriptionRequest {
  if (value === before) return before;
  if (typeof value !== 'object' || value === null) throw refused('a subscription is no object');
  const { filter, qos, noLocal, retainAsPublished, retainHandling } = value as SubscriptionRequest;
  if (typeof filter !== 'string' || !isValidTopicFilter(filter)) {
    throw refused('filter is not a valid topic filter');
  }
  checkLowerQos(qos, before.qos);
  if (typeof noLocal !== 'boolean' || typeof retainAsPublished !== 'boolean') {
    throw refused('noLocal and retainAsPublished are true or false');
  }
  if (retainHandling !== 0 && retainHandling !== 1 && retainHandling !== 2) {
    throw refused('retainHandling is not 0, 1 or 2');
  }
  return { filter, qos, noLocal, retainAsPublished, retainHandling };
}

function isUint16(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff;
}

function isUint32(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff;
}
