import { encodeAcknowledgement } from './encode-acknowledgement.ts';
import { encodeConnack, encodeConnect } from './encode-connect.ts';
import { encodeAuth, encodeDisconnect } from './encode-disconnect.ts';
import { encodePublish } from './encode-publish.ts';
import { encodeSuback, encodeSubscribe, encodeUnsubscribe } from './encode-subscribe.ts';
import { PacketWriter } from './packet-writer.ts';
import { type Packet, PacketType, type ProtocolVersion } from './packets.ts';

/**
 * The bytes of any packet, of either direction, in the form of `version`: 3.x has no properties, and
 * what it cannot say is left out. Codes are written as they are: mapping them to 3.x is the caller's
 * part. Throws a TypeError or RangeError on what no packet can hold.
 */
export function encodePacket(packet: Packet, version: ProtocolVersion): Uint8Array {
  switch (packet.type) {
    case PacketType.connect:
      return encodeConnect(packet);
    case PacketType.connack:
      return encodeConnack(packet, version);
    case PacketType.publish:
      return encodePublish(packet, version);
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubrel:
    case PacketType.pubcomp:
      return encodeAcknowledgement(packet, version);
    case PacketType.subscribe:
      return encodeSubscribe(packet, version);
    case PacketType.unsubscribe:
      return encodeUnsubscribe(packet, version);
    case PacketType.suback:
    case PacketType.unsuback:
      return encodeSuback(packet, version);
    case PacketType.pingreq:
    case PacketType.pingresp:
      return new PacketWriter(packet.type << 4, 0).bytes;
    case PacketType.disconnect:
      return encodeDisconnect(packet, version);
    case PacketType.auth:
      return encodeAuth(packet, version);
    default:
      throw new TypeError(`there is no packet of type ${(packet as Packet).type}`);
  }
}
