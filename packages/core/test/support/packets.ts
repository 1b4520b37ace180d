import {
  type AcknowledgementPacket,
  type AuthPacket,
  type ConnackPacket,
  type ConnectPacket,
  type DisconnectPacket,
  type DisconnectProperties,
  noProperties,
  type Packet,
  PacketType,
  type PingrespPacket,
  type ProtocolVersion,
  type PublishPacket,
  type PublishProperties,
  type Qos,
  type ReasonCode,
  type SubackPacket,
  type SubscribePacket,
  type SubscriptionRequest,
  type UnsubackPacket,
  type UnsubscribePacket,
  type Will,
  type WillProperties,
} from '@sluice/packet';

/** What a broker sends, by name. */
export interface PacketByName {
  connack: ConnackPacket;
  publish: PublishPacket;
  puback: AcknowledgementPacket;
  pubrec: AcknowledgementPacket;
  pubrel: AcknowledgementPacket;
  pubcomp: AcknowledgementPacket;
  suback: SubackPacket;
  unsuback: UnsubackPacket;
  pingresp: PingrespPacket;
  disconnect: DisconnectPacket;
  auth: AuthPacket;
}

export type AcknowledgementName = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp';

const names: readonly string[] = Object.entries(PacketType).reduce<string[]>(
  (list, [name, type]) => {
    list[type] = name;
    return list;
  },
  [],
);

export function nameOf(packet: Packet): string {
  return names[packet.type] ?? String(packet.type);
}

/** What the bytes of a payload say. */
export function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}

export type ConnectFields = Partial<Omit<ConnectPacket, 'type' | 'protocolVersion'>>;

export function connectPacket(
  protocolVersion: ProtocolVersion,
  fields: ConnectFields,
): ConnectPacket {
  return {
    type: PacketType.connect,
    protocolVersion,
    cleanStart: true,
    keepAlive: 0,
    clientId: '',
    properties: noProperties,
    ...fields,
  };
}

export interface PublishFields {
  readonly qos?: Qos;
  readonly retain?: boolean;
  readonly dup?: boolean;
  readonly packetId?: number;
  readonly properties?: PublishProperties;
}

export function publishPacket(
  topic: string,
  payload: Uint8Array | string = '',
  { qos = 0, retain = false, dup = false, packetId = 0, properties = {} }: PublishFields = {},
): PublishPacket {
  return {
    type: PacketType.publish,
    qos,
    retain,
    dup,
    topic,
    packetId: qos === 0 ? 0 : packetId,
    properties,
    payload: Buffer.from(payload as string),
  };
}

export function acknowledgement(
  name: AcknowledgementName,
  packetId: number,
  reasonCode: ReasonCode = 0,
): AcknowledgementPacket {
  return { type: PacketType[name], packetId, reasonCode, properties: noProperties };
}

export function subscription(
  filter: string,
  fields: Partial<SubscriptionRequest> = {},
): SubscriptionRequest {
  return {
    filter,
    qos: 2,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
    ...fields,
  };
}

export function subscribePacket(
  packetId: number,
  subscriptions: readonly SubscriptionRequest[],
  subscriptionIdentifier?: number,
): SubscribePacket {
  const properties = subscriptionIdentifier === undefined ? {} : { subscriptionIdentifier };
  return { type: PacketType.subscribe, packetId, properties, subscriptions };
}

export function unsubscribePacket(packetId: number, filters: readonly string[]): UnsubscribePacket {
  return { type: PacketType.unsubscribe, packetId, properties: noProperties, filters };
}

export function disconnectPacket(
  reasonCode: ReasonCode = 0,
  properties: DisconnectProperties = {},
): DisconnectPacket {
  return { type: PacketType.disconnect, reasonCode, properties };
}

export const pingreq: Packet = { type: PacketType.pingreq };

export interface WillFields {
  readonly qos?: Qos;
  readonly retain?: boolean;
  readonly properties?: WillProperties;
}

export function aWill(
  topic: string,
  payload = 'gone',
  { qos = 0, retain = false, properties = {} }: WillFields = {},
): Will {
  return { topic, payload: Buffer.from(payload), qos, retain, properties };
}
