import type { Buffer } from 'node:buffer';
import { decodeProperties } from './decode-properties.ts';
import type { DecoderRules } from './decoder-rules.ts';
import { malformed, protocolError } from './errors.ts';
import { PacketReader } from './packet-reader.ts';
import {
  type AcknowledgementPacket,
  noProperties,
  PacketType,
  type ProtocolVersion,
} from './packets.ts';
import { PropertySet } from './properties.ts';
import { ReasonCode } from './reason-code.ts';
import { checkReasonCode, receivedCodes, releasedCodes } from './reason-rules.ts';

/** Decodes the body `bytes[at, end)` of a PUBACK, PUBREC, PUBREL or PUBCOMP. */
export function decodeAcknowledgement(
  type: AcknowledgementPacket['type'],
  bytes: Buffer,
  at: number,
  end: number,
  version: ProtocolVersion,
  rules: DecoderRules,
): AcknowledgementPacket {
  const length = end - at;
  if (length < 2 || (length > 2 && version !== 5))
    throw malformed('an acknowledgement of a wrong length');
  // The short form, read without a reader: nearly every acknowledgement has it.
  const packetId = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  if (packetId === 0) throw protocolError('packet identifier 0');
  if (length === 2) {
    return { type, packetId, reasonCode: ReasonCode.success, properties: noProperties };
  }
  const allowed =
    type === PacketType.puback || type === PacketType.pubrec
      ? receivedCodes[rules.role]
      : releasedCodes;
  const code = bytes[at + 2] as number;
  if (length === 3) {
    return { type, packetId, reasonCode: checkReasonCode(code, allowed), properties: noProperties };
  }
  const reader = new PacketReader(bytes, at + 3, end, rules);
  const properties = decodeProperties(reader, PropertySet.acknowledgement);
  reader.finish();
  return { type, packetId, reasonCode: checkReasonCode(code, allowed), properties };
}
