// How what hooks around a connection answered is applied to the event.
import type { Will } from '@sluice/packet';
import type {
  ConnackChanges,
  ConnackEvent,
  ConnectChanges,
  ConnectEvent,
  DisconnectChanges,
  DisconnectEvent,
  SessionChanges,
} from '@sluice/plugin';
import { isBytes } from '../base/own-bytes.ts';
import {
  checkBinary,
  checkLowerQos,
  checkProperties,
  checkSeconds,
  checkString,
  checkTopic,
  checkUserProperties,
  refused,
  refuseUnknownFields,
} from './change-message.ts';
import type { SessionOutcome } from './hook-runners.ts';

const connectFields: ReadonlySet<string> = new Set<keyof ConnectChanges>([
  'clientId',
  'userName',
  'password',
  'keepAlive',
  'cleanStart',
  'will',
]);

const sessionFields: ReadonlySet<string> = new Set<keyof SessionChanges>([
  'resume',
  'expiryInterval',
]);

const connackFields: ReadonlySet<string> = new Set<keyof ConnackChanges>([
  'reasonString',
  'userProperties',
  'responseInformation',
  'serverReference',
]);

const disconnectFields: ReadonlySet<string> = new Set<keyof DisconnectChanges>([
  'reasonString',
  'serverReference',
  'userProperties',
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
  return { connection: event.connection, packet: { ...event.packet, ...given(changes) } };
}

/** A session that is not resumed, or for a shorter time. */
export function applySession(event: SessionOutcome, changes: SessionChanges): SessionOutcome {
  refuseUnknownFields(changes, sessionFields);
  const { resume, expiryInterval } = changes;
  if (resume !== undefined && resume !== false) throw refused('resume can only be false');
  if (expiryInterval !== undefined) {
    checkSeconds('expiryInterval', expiryInterval);
    if (expiryInterval > event.expiryInterval) {
      throw refused(
        `expiryInterval was raised from ${event.expiryInterval} seconds to ${expiryInterval}`,
      );
    }
  }
  return { ...event, ...given(changes) };
}

/** A CONNACK with other properties. */
export function applyConnack(event: ConnackEvent, changes: ConnackChanges): ConnackEvent {
  refuseUnknownFields(changes, connackFields);
  checkTexts(changes);
  const { responseInformation } = changes;
  if (responseInformation !== undefined) checkString('responseInformation', responseInformation);
  return { ...event, properties: { ...event.properties, ...given(changes) } };
}

/** A DISCONNECT with other properties. */
export function applyDisconnect(
  event: DisconnectEvent,
  changes: DisconnectChanges,
): DisconnectEvent {
  refuseUnknownFields(changes, disconnectFields);
  checkTexts(changes);
  return { ...event, ...given(changes) };
}

function checkTexts({ reasonString, serverReference, userProperties }: DisconnectChanges): void {
  if (reasonString !== undefined) checkString('reasonString', reasonString);
  if (serverReference !== undefined) checkString('serverReference', serverReference);
  if (userProperties !== undefined) checkUserProperties('userProperties', userProperties);
}

function checkWill(will: Will): void {
  if (typeof will !== 'object' || will === null) throw refused('will is no object');
  checkTopic('will.topic', will.topic);
  if (!isBytes(will.payload)) throw refused('will.payload is no Uint8Array');
  // In CONNECT a will payload is binary data with a length of two bytes.
  checkBinary('will.payload', will.payload);
  checkLowerQos(will.qos, 2);
  if (typeof will.retain !== 'boolean') throw refused('will.retain is neither true nor false');
  if (typeof will.properties !== 'object' || will.properties === null) {
    throw refused('will.properties is no object');
  }
  const { willDelayInterval, ...properties } = will.properties;
  if (willDelayInterval !== undefined) {
    checkSeconds('will.properties.willDelayInterval', willDelayInterval);
  }
  checkProperties(properties);
}

/** Without what is undefined: it stays as it is. */
function given<Changes extends object>(changes: Changes): Changes {
  return Object.fromEntries(
    Object.entries(changes).filter(([, value]) => value !== undefined),
  ) as Changes;
}

function isUint16(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff;
}
