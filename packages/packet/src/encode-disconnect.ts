import { blockSize, measureProperties, writeProperties } from './encode-properties.ts';
import { PacketWriter } from './packet-writer.ts';
import {
  type AuthPacket,
  type DisconnectPacket,
  PacketType,
  type ProtocolVersion,
} from './packets.ts';
import { PropertySet } from './properties.ts';

export function encodeDisconnect(packet: DisconnectPacket, version: ProtocolVersion): Uint8Array {
  const { reasonCode, properties } = packet;
  // A Server Reference tells that a server is sending; all the rest either side may send.
  const set =
    properties.serverReference === undefined
      ? PropertySet.disconnectFromClient
      : PropertySet.disconnectFromServer;
  const propertiesLength = measureProperties(properties, set, version);
  let size = 0;
  if (propertiesLength > 0) size = 1 + blockSize(propertiesLength);
  else if (version === 5 && reasonCode !== 0) size = 1;
  const writer = new PacketWriter(PacketType.disconnect << 4, size);
  if (size > 0) writer.u8(reasonCode);
  if (size > 1) writeProperties(writer, properties, propertiesLength);
  return writer.bytes;
}

export function encodeAuth(packet: AuthPacket, version: ProtocolVersion): Uint8Array {
  if (version !== 5) throw new TypeError('AUTH does not exist in MQTT 3.x');
  const { reasonCode, properties } = packet;
  const propertiesLength = measureProperties(properties, PropertySet.auth, version);
  const writer = new PacketWriter(PacketType.auth << 4, 1 + blockSize(propertiesLength));
  writer.u8(reasonCode);
  writeProperties(writer, properties, propertiesLength);
  return writer.bytes;
}
