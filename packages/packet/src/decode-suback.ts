import { decodeProperties } from './decode-properties.ts';
import { malformed } from './errors.ts';
import type { PacketReader } from './packet-reader.ts';
import {
  noProperties,
  PacketType,
  type ProtocolVersion,
  type SubackPacket,
  type UnsubackPacket,
} from './packets.ts';
import { PropertySet } from './properties.ts';
import { checkReasonCode, subackCodes, subackReturnCodes, unsubackCodes } from './reason-rules.ts';

export function decodeSuback(reader: PacketReader, version: ProtocolVersion): SubackPacket {
  const packetId = reader.packetId();
  const properties =
    version === 5 ? decodeProperties(reader, PropertySet.acknowledgement) : noProperties;
  const codes = decodeCodes(reader, version === 5 ? subackCodes : subackReturnCodes);
  return { type: PacketType.suback, packetId, properties, reasonCodes: codes };
}

export function decodeUnsuback(reader: PacketReader, version: ProtocolVersion): UnsubackPacket {
  const packetId = reader.packetId();
  if (version !== 5) {
    reader.finish();
    return { type: PacketType.unsuback, packetId, properties: noProperties, reasonCodes: [] };
  }
  const properties = decodeProperties(reader, PropertySet.acknowledgement);
  const codes = decodeCodes(reader, unsubackCodes);
  return { type: PacketType.unsuback, packetId, properties, reasonCodes: codes };
}

function decodeCodes(reader: PacketReader, allowed: ReadonlySet<number>): number[] {
  const codes = reader.rest();
  if (codes.length === 0) throw malformed('an acknowledgement without a reason code');
  for (const code of codes) checkReasonCode(code, allowed);
  return codes;
}
