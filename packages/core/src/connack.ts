import {
  type ConnackPacket,
  type ConnackProperties,
  encodePacket,
  noProperties,
  PacketType,
  type ProtocolError,
  type ProtocolVersion,
  ReasonCode,
  UnsupportedVersionError,
} from '@sluice/packet';
import type { Context } from './context.ts';
import type { Output } from './output.ts';
import { Refusal } from './refusal.ts';

/** Return codes of 3.x for the reason codes that have one; the others close without a word. */
const returnCodes: ReadonlyMap<number, number> = new Map([
  [ReasonCode.unsupportedProtocolVersion, 1],
  [ReasonCode.clientIdentifierNotValid, 2],
  [ReasonCode.serverUnavailable, 3],
  [ReasonCode.serverBusy, 3],
  [ReasonCode.quotaExceeded, 3],
  [ReasonCode.useAnotherServer, 3],
  [ReasonCode.serverMoved, 3],
  [ReasonCode.connectionRateExceeded, 3],
  [ReasonCode.badUserNameOrPassword, 4],
  [ReasonCode.notAuthorized, 5],
  [ReasonCode.banned, 5],
  [ReasonCode.badAuthenticationMethod, 5],
]);

/** Writes the CONNACK that refuses a CONNECT, in a form that the client can read, or nothing. */
export function writeRefusal(
  output: Output,
  version: ProtocolVersion | 0,
  error: ProtocolError,
  maximumPacketSize: number,
): void {
  const replyVersion = error instanceof UnsupportedVersionError ? error.replyVersion : version;
  if (replyVersion === 0) return;
  const reasonCode = replyVersion === 5 ? error.reasonCode : returnCodes.get(error.reasonCode);
  if (reasonCode === undefined) return;
  const packet = {
    type: PacketType.connack,
    sessionPresent: false, // [MQTT-3.2.2-6]
    reasonCode,
    properties: noProperties,
  };
  const serverReference = error instanceof Refusal ? error.serverReference : undefined;
  const reference = serverReference === undefined ? {} : { serverReference };
  const explained = { ...packet, properties: { reasonString: error.message, ...reference } };
  let bytes = encodePacket(explained, replyVersion);
  if (bytes.length > maximumPacketSize) bytes = encodePacket(packet, replyVersion); // [MQTT-3.2.2-19]
  output.append(bytes, 0, bytes.length);
}

/** What CONNACK tells beside the limits of the broker. */
export interface ConnackTerms {
  readonly assignedClientId: string | undefined;
  readonly requestedExpiryInterval: number;
  readonly expiryInterval: number;
  readonly requestedKeepAlive: number;
  readonly keepAlive: number;
  readonly authenticationMethod: string | undefined;
  readonly authenticationData: Uint8Array | undefined;
  /** Undefined also where the client did not ask for it [MQTT-3.1.2-28]. */
  readonly responseInformation: string | undefined;
}

/** The CONNACK of an accepted CONNECT: a 5.0 client learns every limit that it would run into. */
export function connack(
  context: Context,
  version: ProtocolVersion,
  sessionPresent: boolean,
  terms: ConnackTerms,
): ConnackPacket {
  return {
    type: PacketType.connack,
    sessionPresent,
    reasonCode: ReasonCode.success,
    properties: version === 5 ? connackProperties(context, terms) : noProperties,
  };
}

function connackProperties({ limits, features }: Context, terms: ConnackTerms): ConnackProperties {
  const { assignedClientId, expiryInterval, keepAlive } = terms;
  const { authenticationMethod, authenticationData, responseInformation } = terms;
  return {
    ...(expiryInterval !== terms.requestedExpiryInterval && {
      sessionExpiryInterval: expiryInterval,
    }),
    ...(limits.receiveMaximum < 65_535 && { receiveMaximum: limits.receiveMaximum }),
    ...(limits.maxQos < 2 && { maximumQos: limits.maxQos as 0 | 1 }),
    maximumPacketSize: limits.maxPacketBytes,
    ...(assignedClientId !== undefined && { assignedClientIdentifier: assignedClientId }),
    ...(limits.topicAliasMaximum > 0 && { topicAliasMaximum: limits.topicAliasMaximum }),
    ...(!features.retain && { retainAvailable: 0 }),
    ...(!features.wildcardSubscriptions && { wildcardSubscriptionAvailable: 0 }),
    ...(!features.subscriptionIdentifiers && { subscriptionIdentifierAvailable: 0 }),
    ...(!features.sharedSubscriptions && { sharedSubscriptionAvailable: 0 }),
    ...(keepAlive !== terms.requestedKeepAlive && { serverKeepAlive: keepAlive }),
    ...(authenticationMethod !== undefined && { authenticationMethod }),
    ...(authenticationData !== undefined && { authenticationData }),
    ...(responseInformation !== undefined && { responseInformation }),
  };
}
