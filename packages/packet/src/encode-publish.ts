import { Buffer } from 'node:buffer';
import { blockSize, measureProperties, writeProperties } from './encode-properties.ts';
import { checkBytes, PacketWriter, textSize, twoBits } from './packet-writer.ts';
import {
  PacketType,
  type ProtocolVersion,
  type PublishPacket,
  type PublishProperties,
  type Qos,
} from './packets.ts';
import { PropertySet } from './properties.ts';

export interface PublishHeadFields {
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly dup: boolean;
  /** Not written at QoS 0. */
  readonly packetId: number;
  readonly properties: PublishProperties;
}

/** Everything of a PUBLISH that stands before its payload. */
export interface PublishHead {
  readonly bytes: Uint8Array;
  /** Where the packet id can be changed in place; 0 at QoS 0, which has none. */
  readonly packetIdOffset: number;
}

// Which side sends is not known here; the larger set holds all that either may send.
const set = PropertySet.publishFromServer;

/**
 * The head of a PUBLISH whose payload of `payloadLength` bytes is sent behind it. One head serves
 * all subscribers of a variant: only the packet id differs.
 */
export function encodePublishHead(
  fields: PublishHeadFields,
  payloadLength: number,
  version: ProtocolVersion,
): PublishHead {
  const { topic, qos, packetId, properties } = fields;
  const propertiesLength = measureProperties(properties, set, version);
  const size = textSize(topic) + (qos === 0 ? 0 : 2) + blockSize(propertiesLength);
  const writer = new PacketWriter(firstByte(fields), size, payloadLength);
  writer.text(topic);
  const packetIdOffset = qos === 0 ? 0 : writer.at;
  if (qos !== 0) writer.packetId(packetId);
  writeProperties(writer, properties, propertiesLength);
  return { bytes: writer.bytes, packetIdOffset };
}

export function encodePublish(packet: PublishPacket, version: ProtocolVersion): Uint8Array {
  const { payload } = packet;
  checkBytes(payload);
  const head = encodePublishHead(packet, payload.length, version).bytes;
  const bytes = Buffer.allocUnsafe(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}

function firstByte({ qos, dup, retain }: PublishHeadFields): number {
  return (PacketType.publish << 4) | (dup ? 8 : 0) | (twoBits(qos, 'QoS') << 1) | (retain ? 1 : 0);
}
