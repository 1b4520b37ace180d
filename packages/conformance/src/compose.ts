import { Buffer } from 'node:buffer';
import {
  type AcknowledgementPacket,
  type AuthPacket,
  type AuthProperties,
  type ConnectPacket,
  type ConnectProperties,
  type DisconnectPacket,
  type DisconnectProperties,
  noProperties,
  PacketType,
  type PingreqPacket,
  type ProtocolVersion,
  type PublishPacket,
  type PublishProperties,
  type Qos,
  type ReasonCode,
  type ReasonProperties,
  type SubscribePacket,
  type SubscribeProperties,
  type SubscriptionRequest,
  type UnsubscribePacket,
  type UserProperties,
  type WillProperties,
} from '@sluice/packet';

export interface WillFields {
  readonly topic: string;
  readonly payload?: string | Uint8Array;
  readonly qos?: Qos;
  readonly retain?: boolean;
  readonly properties?: WillProperties;
}

/** What a case says of a CONNECT; the rest has defaults. */
export interface ConnectFields {
  readonly clientId?: string;
  /** Clean Start, or Clean Session. true by default, and false with `keep`. */
  readonly clean?: boolean;
  /** The session shall outlive the connection: Clean Session 0, in 5.0 a Session Expiry Interval of 300 s. */
  readonly keep?: boolean;
  /** Seconds; 60 by default. */
  readonly keepAlive?: number;
  readonly will?: WillFields;
  readonly userName?: string;
  readonly password?: string | Uint8Array;
  readonly properties?: ConnectProperties;
}

export interface PublishFields {
  readonly topic: string;
  readonly payload?: string | Uint8Array;
  readonly qos?: Qos;
  readonly retain?: boolean;
  readonly dup?: boolean;
  readonly packetId?: number;
  readonly properties?: PublishProperties;
}

/** A topic filter with options; QoS 0, everything else off, by default. */
export type FilterFields = Pick<SubscriptionRequest, 'filter'> & Partial<SubscriptionRequest>;

export function connect(version: ProtocolVersion, fields: ConnectFields): ConnectPacket {
  const { keep = false, will, userName, password } = fields;
  const expiry = keep && version === 5 ? { sessionExpiryInterval: 300 } : {};
  return {
    type: PacketType.connect,
    protocolVersion: version,
    cleanStart: fields.clean ?? !keep,
    keepAlive: fields.keepAlive ?? 60,
    clientId: fields.clientId ?? '',
    ...(will && {
      will: {
        topic: will.topic,
        payload: payloadOf(will.payload),
        qos: will.qos ?? 0,
        retain: will.retain ?? false,
        properties: will.properties ?? noProperties,
      },
    }),
    ...(userName !== undefined && { userName }),
    ...(password !== undefined && { password: payloadOf(password) }),
    properties: { ...expiry, ...fields.properties },
  };
}

export function publish(fields: PublishFields): PublishPacket {
  const { topic, qos = 0, retain = false, dup = false } = fields;
  return {
    type: PacketType.publish,
    qos,
    retain,
    dup,
    topic,
    packetId: fields.packetId ?? (qos === 0 ? 0 : 1),
    properties: fields.properties ?? noProperties,
    payload: payloadOf(fields.payload),
  };
}

/** PUBACK, PUBREC, PUBREL or PUBCOMP. */
export function acknowledgement(
  kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp',
  packetId: number,
  reasonCode: number = 0,
  properties: ReasonProperties = noProperties,
): AcknowledgementPacket {
  return {
    type: PacketType[kind],
    packetId,
    reasonCode: reasonCode as ReasonCode,
    properties,
  };
}

export function subscribe(
  packetId: number,
  filters: readonly (string | FilterFields)[],
  properties: SubscribeProperties = noProperties,
): SubscribePacket {
  const subscriptions = filters.map((one) => ({
    qos: 0 as const,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0 as const,
    ...(typeof one === 'string' ? { filter: one } : one),
  }));
  return { type: PacketType.subscribe, packetId, properties, subscriptions };
}

export function unsubscribe(
  packetId: number,
  filters: readonly string[],
  userProperties?: UserProperties,
): UnsubscribePacket {
  const properties = userProperties === undefined ? noProperties : { userProperties };
  return { type: PacketType.unsubscribe, packetId, properties, filters };
}

export function disconnect(
  reasonCode: number = 0,
  properties: DisconnectProperties = noProperties,
): DisconnectPacket {
  return { type: PacketType.disconnect, reasonCode: reasonCode as ReasonCode, properties };
}

export function auth(reasonCode: number, properties: AuthProperties): AuthPacket {
  return { type: PacketType.auth, reasonCode: reasonCode as ReasonCode, properties };
}

export const pingreq: PingreqPacket = { type: PacketType.pingreq };

function payloadOf(content: string | Uint8Array = ''): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : content;
}
