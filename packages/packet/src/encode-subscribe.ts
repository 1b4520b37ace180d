import { blockSize, measureProperties, writeProperties } from './encode-properties.ts';
import { PacketWriter, textSize, twoBits } from './packet-writer.ts';
import {
  PacketType,
  type ProtocolVersion,
  type SubackPacket,
  type SubscribePacket,
  type SubscriptionRequest,
  type UnsubackPacket,
  type UnsubscribePacket,
} from './packets.ts';
import { PropertySet } from './properties.ts';

export function encodeSubscribe(packet: SubscribePacket, version: ProtocolVersion): Uint8Array {
  const { packetId, properties, subscriptions } = packet;
  if (subscriptions.length === 0) throw new TypeError('a SUBSCRIBE needs a topic filter');
  const propertiesLength = measureProperties(properties, PropertySet.subscribe, version);
  let size = 2 + blockSize(propertiesLength);
  for (const { filter } of subscriptions) size += textSize(filter) + 1;
  const writer = new PacketWriter((PacketType.subscribe << 4) | 0b0010, size);
  writer.packetId(packetId);
  writeProperties(writer, properties, propertiesLength);
  for (const subscription of subscriptions) {
    writer.text(subscription.filter);
    writer.u8(version === 5 ? subscriptionOptions(subscription) : twoBits(subscription.qos, 'QoS'));
  }
  return writer.bytes;
}

export function encodeUnsubscribe(packet: UnsubscribePacket, version: ProtocolVersion): Uint8Array {
  const { packetId, properties, filters } = packet;
  if (filters.length === 0) throw new TypeError('an UNSUBSCRIBE needs a topic filter');
  const propertiesLength = measureProperties(properties, PropertySet.unsubscribe, version);
  let size = 2 + blockSize(propertiesLength);
  for (const filter of filters) size += textSize(filter);
  const writer = new PacketWriter((PacketType.unsubscribe << 4) | 0b0010, size);
  writer.packetId(packetId);
  writeProperties(writer, properties, propertiesLength);
  for (const filter of filters) writer.text(filter);
  return writer.bytes;
}

/** SUBACK and UNSUBACK; the latter has no codes in 3.x. */
export function encodeSuback(
  packet: SubackPacket | UnsubackPacket,
  version: ProtocolVersion,
): Uint8Array {
  const { type, packetId, properties } = packet;
  const codes = version !== 5 && type === PacketType.unsuback ? [] : packet.reasonCodes;
  const propertiesLength = measureProperties(properties, PropertySet.acknowledgement, version);
  const size = 2 + blockSize(propertiesLength) + codes.length;
  const writer = new PacketWriter(type << 4, size);
  writer.packetId(packetId);
  writeProperties(writer, properties, propertiesLength);
  for (const code of codes) writer.u8(code);
  return writer.bytes;
}

function subscriptionOptions(subscription: SubscriptionRequest): number {
  const { qos, noLocal, retainAsPublished, retainHandling } = subscription;
  const handling = twoBits(retainHandling, 'Retain Handling') << 4;
  return twoBits(qos, 'QoS') | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | handling;
}
