import { type Packet, PacketType, protocolError } from '@sluice/packet';
import type { Connection } from '../connection.ts';
import { handlePuback, handlePubcomp, handlePubrec, handlePubrel } from './acknowledgement.ts';
import { handleConnect } from './connect.ts';
import { handleDisconnect } from './disconnect.ts';
import { handlePublish } from './publish.ts';
import { handleSubscribe } from './subscribe.ts';
import { handleUnsubscribe } from './unsubscribe.ts';

/** Hands a packet to the handler of its kind; a promise only while a hook takes its time. */
export function handlePacket(connection: Connection, packet: Packet): void | Promise<void> {
  switch (packet.type) {
    case PacketType.publish:
      return handlePublish(connection, packet);
    case PacketType.puback:
      return handlePuback(connection, packet);
    case PacketType.pubrec:
      return handlePubrec(connection, packet);
    case PacketType.pubrel:
      return handlePubrel(connection, packet);
    case PacketType.pubcomp:
      return handlePubcomp(connection, packet);
    case PacketType.pingreq:
      connection.pingresp(); // [MQTT-3.12.4-1]
      return;
    case PacketType.subscribe:
      return handleSubscribe(connection, packet);
    case PacketType.unsubscribe:
      return handleUnsubscribe(connection, packet);
    case PacketType.connect:
      return handleConnect(connection, packet);
    case PacketType.disconnect:
      return handleDisconnect(connection, packet);
    case PacketType.auth:
      throw protocolError('AUTH without an authentication method'); // [MQTT-4.12.0-6]
    default:
      throw protocolError('a packet that only a server sends');
  }
}
