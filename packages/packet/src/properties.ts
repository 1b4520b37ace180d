/** Where a property stands, as one bit each: a packet, and its direction where that matters. */
export const PropertySet = {
  connect: 0x001,
  will: 0x002,
  connack: 0x004,
  publishFromClient: 0x008,
  publishFromServer: 0x010,
  /** PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK. */
  acknowledgement: 0x020,
  subscribe: 0x040,
  unsubscribe: 0x080,
  disconnectFromClient: 0x100,
  disconnectFromServer: 0x200,
  auth: 0x400,
} as const;

export type PropertySet = number;

/** How a value is written and which range it has. */
export type PropertyKind =
  | 'flag'
  | 'u16'
  | 'positiveU16'
  | 'topicAlias'
  | 'u32'
  | 'positiveU32'
  | 'identifier'
  | 'identifiers'
  | 'text'
  | 'topic'
  | 'binary'
  | 'pairs';

export interface Property {
  readonly id: number;
  readonly name: string;
  readonly kind: PropertyKind;
  /** The sets in which it may stand. */
  readonly sets: PropertySet;
}

const { connect, will, connack, publishFromClient, publishFromServer, subscribe, auth } =
  PropertySet;
const publish = publishFromClient | publishFromServer;
const disconnect = PropertySet.disconnectFromClient | PropertySet.disconnectFromServer;
const message = publish | will;
const session = connect | connack;
const reason = connack | PropertySet.acknowledgement | disconnect | auth;
const authentication = connect | connack | auth;
const everywhere = 0x7ff;

/** The properties of section 2.2.2.2. Id 0x0B has two rows: one identifier in SUBSCRIBE, many in PUBLISH. */
export const properties: readonly Property[] = [
  { id: 0x01, name: 'payloadFormatIndicator', kind: 'flag', sets: message },
  { id: 0x02, name: 'messageExpiryInterval', kind: 'u32', sets: message },
  { id: 0x03, name: 'contentType', kind: 'text', sets: message },
  { id: 0x08, name: 'responseTopic', kind: 'topic', sets: message },
  { id: 0x09, name: 'correlationData', kind: 'binary', sets: message },
  { id: 0x0b, name: 'subscriptionIdentifiers', kind: 'identifiers', sets: publishFromServer },
  { id: 0x0b, name: 'subscriptionIdentifier', kind: 'identifier', sets: subscribe },
  {
    id: 0x11,
    name: 'sessionExpiryInterval',
    kind: 'u32',
    sets: session | PropertySet.disconnectFromClient,
  },
  { id: 0x12, name: 'assignedClientIdentifier', kind: 'text', sets: connack },
  { id: 0x13, name: 'serverKeepAlive', kind: 'u16', sets: connack },
  { id: 0x15, name: 'authenticationMethod', kind: 'text', sets: authentication },
  { id: 0x16, name: 'authenticationData', kind: 'binary', sets: authentication },
  { id: 0x17, name: 'requestProblemInformation', kind: 'flag', sets: connect },
  { id: 0x18, name: 'willDelayInterval', kind: 'u32', sets: will },
  { id: 0x19, name: 'requestResponseInformation', kind: 'flag', sets: connect },
  { id: 0x1a, name: 'responseInformation', kind: 'text', sets: connack },
  {
    id: 0x1c,
    name: 'serverReference',
    kind: 'text',
    sets: connack | PropertySet.disconnectFromServer,
  },
  { id: 0x1f, name: 'reasonString', kind: 'text', sets: reason },
  { id: 0x21, name: 'receiveMaximum', kind: 'positiveU16', sets: session },
  { id: 0x22, name: 'topicAliasMaximum', kind: 'u16', sets: session },
  { id: 0x23, name: 'topicAlias', kind: 'topicAlias', sets: publish },
  { id: 0x24, name: 'maximumQos', kind: 'flag', sets: connack },
  { id: 0x25, name: 'retainAvailable', kind: 'flag', sets: connack },
  { id: 0x26, name: 'userProperties', kind: 'pairs', sets: everywhere },
  { id: 0x27, name: 'maximumPacketSize', kind: 'positiveU32', sets: session },
  { id: 0x28, name: 'wildcardSubscriptionAvailable', kind: 'flag', sets: connack },
  { id: 0x29, name: 'subscriptionIdentifierAvailable', kind: 'flag', sets: connack },
  { id: 0x2a, name: 'sharedSubscriptionAvailable', kind: 'flag', sets: connack },
];
