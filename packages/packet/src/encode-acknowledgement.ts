import { blockSize, measureProperties, writeProperties } from './encode-properties.ts';
import { PacketWriter } from './packet-writer.ts';
import { type AcknowledgementPacket, PacketType, type ProtocolVersion } from './packets.ts';
import { PropertySet } from './properties.ts';

/**
 * Writes the four-byte form of PUBACK, PUBREC, PUBREL or PUBCOMP (success, no properties; the same
 * in all versions) into a buffer of the caller, and returns the offset behind it.
 */
export function writeAcknowledgement(
  target: Uint8Array,
  offset: number,
  type: AcknowledgementPacket['type'],
  packetId: number,
): number {
  // A typed array would drop what does not fit, without a word.
  if (offset + 4 > target.length) throw new RangeError('no room for an acknowledgement');
  if (!(packetId >= 1 && packetId <= 0xffff)) {
    throw new RangeError(`packet identifier ${packetId} cannot be encoded`);
  }
  target[offset] = firstByte(type);
  target[offset + 1] = 2;
  target[offset + 2] = packetId >> 8;
  target[offset + 3] = packetId;
  return offset + 4;
}

export function encodeAcknowledgement(
  packet: AcknowledgementPacket,
  version: ProtocolVersion,
): Uint8Array {
  const { type, packetId, reasonCode, properties } = packet;
  const propertiesLength = measureProperties(properties, PropertySet.acknowledgement, version);
  let size = 2;
  if (propertiesLength > 0) size = 3 + blockSize(propertiesLength);
  else if (version === 5 && reasonCode !== 0) size = 3;
  const writer = new PacketWriter(firstByte(type), size);
  writer.packetId(packetId);
  if (size > 2) writer.u8(reasonCode);
  if (size > 3) writeProperties(writer, properties, propertiesLength);
  return writer.bytes;
}

function firstByte(type: AcknowledgementPacket['type']): number {
  return (type << 4) | (type === PacketType.pubrel ? 0b0010 : 0);
}
