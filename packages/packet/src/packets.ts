import type { ReasonCode } from './reason-code.ts';

/** Protocol level as it stands in CONNECT: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0. */
export type ProtocolVersion = 3 | 4 | 5;

export type Qos = 0 | 1 | 2;

/** Control packet types (section 2.1.2): the high nibble of the first byte. */
export const PacketType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** Name and value, in the order in which they were sent; names may repeat (section 2.2.2.2). */
export type UserProperties = readonly (readonly [name: string, value: string])[];

/** Properties that travel with an application message. Absent in MQTT 3.x. */
export interface PublishProperties {
  readonly payloadFormatIndicator?: 0 | 1;
  /** Seconds. */
  readonly messageExpiryInterval?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
  readonly userProperties?: UserProperties;
  /** Only from server to client; one for each matching subscription that has one. */
  readonly subscriptionIdentifiers?: readonly number[];
  readonly topicAlias?: number;
}

export interface WillProperties {
  /** Seconds; 0 when absent. */
  readonly willDelayInterval?: number;
  readonly payloadFormatIndicator?: 0 | 1;
  readonly messageExpiryInterval?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
  readonly userProperties?: UserProperties;
}

export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties: WillProperties;
}

export interface ConnectProperties {
  /** Seconds; 0xFFFFFFFF never expires; 0 when absent. */
  readonly sessionExpiryInterval?: number;
  readonly receiveMaximum?: number;
  /** Bytes. */
  readonly maximumPacketSize?: number;
  readonly topicAliasMaximum?: number;
  readonly requestResponseInformation?: 0 | 1;
  readonly requestProblemInformation?: 0 | 1;
  readonly userProperties?: UserProperties;
  readonly authenticationMethod?: string;
  readonly authenticationData?: Uint8Array;
}

export interface ConnectPacket {
  readonly type: typeof PacketType.connect;
  readonly protocolVersion: ProtocolVersion;
  /** Clean Start in 5.0, Clean Session in 3.x. */
  readonly cleanStart: boolean;
  /** Seconds; 0 switches it off. */
  readonly keepAlive: number;
  readonly clientId: string;
  readonly will?: Will;
  readonly userName?: string;
  readonly password?: Uint8Array;
  readonly properties: ConnectProperties;
}

export interface ConnackProperties {
  readonly sessionExpiryInterval?: number;
  readonly receiveMaximum?: number;
  readonly maximumQos?: 0 | 1;
  readonly retainAvailable?: 0 | 1;
  readonly maximumPacketSize?: number;
  readonly assignedClientIdentifier?: string;
  readonly topicAliasMaximum?: number;
  readonly reasonString?: string;
  readonly userProperties?: UserProperties;
  readonly wildcardSubscriptionAvailable?: 0 | 1;
  readonly subscriptionIdentifierAvailable?: 0 | 1;
  readonly sharedSubscriptionAvailable?: 0 | 1;
  /** Seconds. */
  readonly serverKeepAlive?: number;
  readonly responseInformation?: string;
  readonly serverReference?: string;
  readonly authenticationMethod?: string;
  readonly authenticationData?: Uint8Array;
}

export interface ConnackPacket {
  readonly type: typeof PacketType.connack;
  readonly sessionPresent: boolean;
  /** A reason code in 5.0; in 3.x a return code, 0 to 5. */
  readonly reasonCode: number;
  readonly properties: ConnackProperties;
}

/** Reason String and User Properties, which every acknowledgement of 5.0 may carry. */
export interface ReasonProperties {
  readonly reasonString?: string;
  readonly userProperties?: UserProperties;
}

export interface PublishPacket {
  readonly type: typeof PacketType.publish;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly dup: boolean;
  /** Empty only together with a topic alias. */
  readonly topic: string;
  /** 0 at QoS 0. */
  readonly packetId: number;
  readonly properties: PublishProperties;
  /** Part of the chunk it came in: copy what must outlive the tick. */
  readonly payload: Uint8Array;
}

/** PUBACK, PUBREC, PUBREL and PUBCOMP share one form. */
export interface AcknowledgementPacket {
  readonly type:
    | typeof PacketType.puback
    | typeof PacketType.pubrec
    | typeof PacketType.pubrel
    | typeof PacketType.pubcomp;
  readonly packetId: number;
  /** Always 0 in 3.x. */
  readonly reasonCode: ReasonCode;
  readonly properties: ReasonProperties;
}

export interface SubscriptionRequest {
  readonly filter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0: send retained messages, 1: only for a new subscription, 2: never (section 3.8.3.1). */
  readonly retainHandling: 0 | 1 | 2;
}

export interface SubscribeProperties {
  readonly subscriptionIdentifier?: number;
  readonly userProperties?: UserProperties;
}

export interface SubscribePacket {
  readonly type: typeof PacketType.subscribe;
  readonly packetId: number;
  readonly properties: SubscribeProperties;
  readonly subscriptions: readonly SubscriptionRequest[];
}

export interface SubackPacket {
  readonly type: typeof PacketType.suback;
  readonly packetId: number;
  readonly properties: ReasonProperties;
  readonly reasonCodes: readonly number[];
}

export interface UnsubscribePacket {
  readonly type: typeof PacketType.unsubscribe;
  readonly packetId: number;
  readonly properties: { readonly userProperties?: UserProperties };
  readonly filters: readonly string[];
}

export interface UnsubackPacket {
  readonly type: typeof PacketType.unsuback;
  readonly packetId: number;
  readonly properties: ReasonProperties;
  /** Not sent in 3.x. */
  readonly reasonCodes: readonly number[];
}

export interface PingreqPacket {
  readonly type: typeof PacketType.pingreq;
}

export interface PingrespPacket {
  readonly type: typeof PacketType.pingresp;
}

export interface DisconnectProperties extends ReasonProperties {
  /** Seconds; absent is not the same as 0. */
  readonly sessionExpiryInterval?: number;
  readonly serverReference?: string;
}

export interface DisconnectPacket {
  readonly type: typeof PacketType.disconnect;
  readonly reasonCode: ReasonCode;
  readonly properties: DisconnectProperties;
}

export interface AuthProperties extends ReasonProperties {
  readonly authenticationMethod?: string;
  readonly authenticationData?: Uint8Array;
}

export interface AuthPacket {
  readonly type: typeof PacketType.auth;
  readonly reasonCode: ReasonCode;
  readonly properties: AuthProperties;
}

export type Packet =
  | ConnectPacket
  | ConnackPacket
  | PublishPacket
  | AcknowledgementPacket
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | UnsubackPacket
  | PingreqPacket
  | PingrespPacket
  | DisconnectPacket
  | AuthPacket;

/** The properties of a packet that has none: one frozen object, so that absence costs nothing. */
export const noProperties: Readonly<Record<never, never>> = Object.freeze({});
