import { decodeProperties } from './decode-properties.ts';
import { malformed, protocolError } from './errors.ts';
import type { PacketReader } from './packet-reader.ts';
import {
  type AuthPacket,
  type AuthProperties,
  type DisconnectPacket,
  noProperties,
  PacketType,
  type ProtocolVersion,
} from './packets.ts';
import { PropertySet } from './properties.ts';
import { ReasonCode } from './reason-code.ts';
import { authCodes, checkReasonCode, disconnectCodes, type Role } from './reason-rules.ts';

export function decodeDisconnect(
  reader: PacketReader,
  version: ProtocolVersion,
  role: Role,
): DisconnectPacket {
  if (reader.atEnd) {
    return {
      type: PacketType.disconnect,
      reasonCode: ReasonCode.success,
      properties: noProperties,
    };
  }
  if (version !== 5) throw malformed('a DISCONNECT with a body');
  const reasonCode = checkReasonCode(reader.u8(), disconnectCodes[role]);
  const set =
    role === 'server' ? PropertySet.disconnectFromClient : PropertySet.disconnectFromServer;
  const properties = reader.atEnd ? noProperties : decodeProperties(reader, set);
  reader.finish();
  return { type: PacketType.disconnect, reasonCode, properties };
}

export function decodeAuth(reader: PacketReader, role: Role): AuthPacket {
  // The empty form means success without properties, and so lacks the method too.
  if (reader.atEnd) throw protocolError('an AUTH without a method');
  const reasonCode = checkReasonCode(reader.u8(), authCodes[role]);
  const properties: AuthProperties = decodeProperties(reader, PropertySet.auth);
  reader.finish();
  if (properties.authenticationMethod === undefined) {
    throw protocolError('an AUTH without a method');
  }
  return { type: PacketType.auth, reasonCode, properties };
}
