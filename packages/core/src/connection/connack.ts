import {
  type ConnackPacket,
  type ConnackProperties,
  connackCodes,
  encodePacket,
  noProperties,
  PacketType,
  type ProtocolError,
  type ProtocolVersion,
  ReasonCode,
  UnsupportedVersionError,
  type UserProperties,
} from '@sluice/packet';
import { fittingCode } from '../base/fitting-code.ts';
import type { Features, Limits } from '../context/options.ts';
import type { Output } from './output.ts';
import { Refusal } from './refusal.ts';

/** Return codes of 3.x for the reason codes that have one; the others close without a word. */
const returnCodes: ReadonlyMap<number, number> = new Map([
  [ReasonCode.unsupportedProtocolVersion, 1],
  [ReasonCode.clientIdentifierNotValid, 2],
  [ReasonCode.implementationSpecificError, 3], // a hook failed
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

/** The version whose CONNACK a client can read; 0 while nothing is known of it. */
export function replyVersion(
  version: ProtocolVersion | 0,
  error: ProtocolError,
): ProtocolVersion | 0 {
  return error instanceof UnsupportedVersionError ? error.replyVersion : version;
}

/** Writes the CONNACK that refuses a CONNECT, or nothing where the version is not known, or has no word for it. */
export function writeRefusal(
  output: Output,
  version: ProtocolVersion | 0,
  error: ProtocolError,
  maximumPacketSize: number,
): void {
  if (version === 0) return;
  // [MQTT-3.2.2-8]
  const reasonCode =
    version === 5 ? fittingCode(error.reasonCode, connackCodes) : returnCodes.get(error.reasonCode);
  if (reasonCode === undefined) return;
  const { serverReference = undefined, userProperties = undefined } =
    error instanceof Refusal ? error : {};
  const reference = serverReference === undefined ? noProperties : { serverReference };
  const reason = { reasonString: error.message, ...reference };
  // [MQTT-3.2.2-19] [MQTT-3.2.2-20]
  const forms = [
    ...(userProperties === undefined ? [] : [{ ...reason, userProperties }]),
    reason,
    reference,
    noProperties,
  ];
  for (const properties of forms) {
    const bytes = encodePacket(
      {
        type: PacketType.connack,
        sessionPresent: false, // [MQTT-3.2.2-6]
        reasonCode,
        properties,
      },
      version,
    );
    if (bytes.length > maximumPacketSize) continue;
    output.append(bytes, 0, bytes.length);
    return;
  }
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
  readonly reasonString: string | undefined;
  readonly userProperties: UserProperties | undefined;
}

/** The CONNACK of an accepted CONNECT: a 5.0 client learns every limit that it would run into. */
export function connack(
  limits: Limits,
  features: Features,
  version: ProtocolVersion,
  sessionPresent: boolean,
  terms: ConnackTerms,
): ConnackPacket {
  return {
    type: PacketType.connack,
    sessionPresent,
    reasonCode: ReasonCode.success,
    properties: version === 5 ? connackProperties(limits, features, terms) : noProperties,
  };
}

/** Without what is only for people, where the client does not take that much [MQTT-3.2.2-19] [MQTT-3.2.2-20]. */
export function fitConnack(packet: ConnackPacket, maximumPacketSize: number): ConnackPacket {
  if (maximumPacketSize === Infinity) return packet;
  if (encodePacket(packet, 5).length <= maximumPacketSize) return packet;
  const { reasonString: _, userProperties: __, ...properties } = packet.properties;
  return { ...packet, properties };
}

function connackProperties(
  limits: Limits,
  features: Features,
  terms: ConnackTerms,
): ConnackProperties {
  const { assignedClientId, expiryInterval, keepAlive, reasonString, userProperties } = terms;
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
    ...(reasonString !== undefined && { reasonString }),
    ...(userProperties !== undefined && { userProperties }),
  };
}
