import { type Packet, PacketType } from '@sluice/packet';
import type { Receiver } from './receiver.ts';
import type { Sender } from './sender.ts';
import type { Subscriber } from './subscriber.ts';

/** The three parts of a client, each for its own packets. */
export interface Roles {
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly subscriber: Subscriber;
}

/** The broker has written a packet: what it promises is promised, whether it arrives or not. */
export function noticeLeft({ sender, receiver, subscriber }: Roles, packet: Packet): void {
  switch (packet.type) {
    case PacketType.puback:
    case PacketType.pubrec:
      sender.onLeft(packet.packetId, packet.reasonCode);
      break;
    case PacketType.suback:
    case PacketType.unsuback:
      subscriber.onLeft(packet.packetId, packet.reasonCodes);
      break;
    default:
      receiver.onLeft(packet);
  }
}

/** A packet has come to the client. */
export function noticeArrived({ sender, receiver, subscriber }: Roles, packet: Packet): void {
  switch (packet.type) {
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubcomp:
      sender.onAcknowledged(packet.type, packet.packetId, packet.reasonCode);
      break;
    case PacketType.suback:
    case PacketType.unsuback:
      subscriber.onArrived(packet.packetId);
      break;
    case PacketType.publish:
    case PacketType.pubrel:
      receiver.onArrived(packet);
      break;
    default:
  }
}
