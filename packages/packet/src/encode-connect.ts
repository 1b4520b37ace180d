import { blockSize, measureProperties, writeProperties } from './encode-properties.ts';
import { binarySize, PacketWriter, textSize, twoBits } from './packet-writer.ts';
import {
  type ConnackPacket,
  type ConnectPacket,
  PacketType,
  type ProtocolVersion,
} from './packets.ts';
import { PropertySet } from './properties.ts';

/** The packet names its own version. */
export function encodeConnect(packet: ConnectPacket): Uint8Array {
  const { protocolVersion: version, clientId, will, userName, password, properties } = packet;
  if (version !== 5 && password !== undefined && userName === undefined) {
    throw new TypeError('a password without a user name cannot be encoded in MQTT 3.x');
  }
  const protocolName = version === 3 ? 'MQIsdp' : 'MQTT';
  const propertiesLength = measureProperties(properties, PropertySet.connect, version);
  const willLength = will ? measureProperties(will.properties, PropertySet.will, version) : 0;
  let size = textSize(protocolName) + 4;
  size += blockSize(propertiesLength);
  size += textSize(clientId);
  if (will !== undefined) {
    size += blockSize(willLength) + textSize(will.topic) + binarySize(will.payload);
  }
  if (userName !== undefined) size += textSize(userName);
  if (password !== undefined) size += binarySize(password);

  const writer = new PacketWriter(PacketType.connect << 4, size);
  writer.text(protocolName);
  writer.u8(version);
  writer.u8(connectFlags(packet));
  writer.u16(packet.keepAlive);
  writeProperties(writer, properties, propertiesLength);
  writer.text(clientId);
  if (will !== undefined) {
    writeProperties(writer, will.properties, willLength);
    writer.text(will.topic);
    writer.binary(will.payload);
  }
  if (userName !== undefined) writer.text(userName);
  if (password !== undefined) writer.binary(password);
  return writer.bytes;
}

export function encodeConnack(packet: ConnackPacket, version: ProtocolVersion): Uint8Array {
  const { sessionPresent, reasonCode, properties } = packet;
  const propertiesLength = measureProperties(properties, PropertySet.connack, version);
  const size = 2 + blockSize(propertiesLength);
  const writer = new PacketWriter(PacketType.connack << 4, size);
  // In 3.1 the byte is reserved: a client cannot be told.
  writer.u8(sessionPresent && version !== 3 ? 1 : 0);
  writer.u8(reasonCode);
  writeProperties(writer, properties, propertiesLength);
  return writer.bytes;
}

function connectFlags({ userName, password, will, cleanStart }: ConnectPacket): number {
  return (
    (userName === undefined ? 0 : 0x80) |
    (password === undefined ? 0 : 0x40) |
    (will?.retain ? 0x20 : 0) |
    (will === undefined ? 0 : 0x04 | (twoBits(will.qos, 'QoS') << 3)) |
    (cleanStart ? 0x02 : 0)
  );
}
