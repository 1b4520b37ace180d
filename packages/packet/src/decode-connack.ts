import { decodeProperties } from './decode-properties.ts';
import { malformed, protocolError } from './errors.ts';
import type { PacketReader } from './packet-reader.ts';
import { type ConnackPacket, noProperties, PacketType, type ProtocolVersion } from './packets.ts';
import { PropertySet } from './properties.ts';
import { checkReasonCode, connackCodes, connackReturnCodes } from './reason-rules.ts';

export function decodeConnack(reader: PacketReader, version: ProtocolVersion): ConnackPacket {
  const flags = reader.u8();
  // [MQTT-3.2.2-1]; in 3.1 the whole byte is unused.
  if (flags > 1 && version !== 3) throw malformed('reserved CONNACK flags are set');
  const sessionPresent = flags === 1 && version !== 3;
  const allowed = version === 5 ? connackCodes : connackReturnCodes;
  const reasonCode = checkReasonCode(reader.u8(), allowed);
  // [MQTT-3.2.2-6]
  if (sessionPresent && reasonCode !== 0) throw protocolError('a session present in a refusal');
  const properties = version === 5 ? decodeProperties(reader, PropertySet.connack) : noProperties;
  reader.finish();
  return { type: PacketType.connack, sessionPresent, reasonCode, properties };
}
