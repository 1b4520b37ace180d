import type { ProtocolVersion } from '@sluice/packet';
import { bytes, type Part, props, rawPacket, str, u16 } from './bytes.ts';

/** Fields of a CONNECT as they go on the wire, right or wrong. */
export interface RawConnectFields {
  /** 0x10 by default. */
  readonly firstByte?: number;
  readonly protocolName?: string;
  readonly level?: number;
  /** Connect Flags; 0x02, Clean Start, by default. */
  readonly flags?: number;
  /** The whole property section with its length; empty by default, left out in 3.x. */
  readonly properties?: Part;
  /** Client Identifier and what follows it. */
  readonly payload: readonly Part[];
}

/** A CONNECT of raw parts in the form of a version. */
export function rawConnect(version: ProtocolVersion, fields: RawConnectFields): Uint8Array {
  const { firstByte = 0x10, level = version, flags = 0x02, properties = props() } = fields;
  const protocolName = fields.protocolName ?? (version === 3 ? 'MQIsdp' : 'MQTT');
  return rawPacket(
    firstByte,
    str(protocolName),
    level,
    flags,
    u16(60),
    version === 5 ? properties : bytes(),
    ...fields.payload,
  );
}

/** A will in the payload of a CONNECT: its properties (5.0), topic and payload. */
export function rawWill(
  version: ProtocolVersion,
  topic: string | Uint8Array,
  payload: string | Uint8Array = 'gone',
  properties: Part = props(),
): Uint8Array {
  return bytes(version === 5 ? properties : bytes(), str(topic), str(payload));
}
