import { noProperties, type Packet, PacketType, protocolError } from '@sluice/packet';
import type { Connection } from '../connection/connection.ts';
import { handlePuback, handlePubcomp, handlePubrec, handlePubrel } from './acknowledgement.ts';
import { handleAuth } from './auth.ts';
import { holdUp } from './congestion.ts';
import { handleConnect } from './connect.ts';
import { handleDisconnect } from './disconnect.ts';
import { handlePublish } from './publish.ts';
import { handleSubscribe } from './subscribe.ts';
import { handleUnsubscribe } from './unsubscribe.ts';
import { checkUserProperties } from './user-properties.ts';

/** Handles a packet; a promise only while a hook takes its time. Who adds to a disk that falls behind is read no further. */
export function handlePacket(connection: Connection, packet: Packet): void | Promise<void> {
  const { commits } = connection.parts.context;
  const added = commits.added;
  const pending = dispatch(connection, packet);
  if (commits.congested && commits.added !== added) holdUp(connection);
  return pending;
}

function dispatch(connection: Connection, packet: Packet): void | Promise<void> {
  if ('properties' in packet && packet.properties !== noProperties) {
    const { properties } = packet;
    if (properties !== connection.checkedProperties) {
      checkUserProperties(properties, connection.limits);
      connection.checkedProperties = properties;
    }
  }
  if (connection.exchange?.isFirst === true) checkDuringExchange(packet);
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
      connection.answers.pingresp(); // [MQTT-3.12.4-1]
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
      return handleAuth(connection, packet);
    default:
      throw protocolError('a packet that only a server sends');
  }
}

/** Before CONNACK a client with an authentication method has nothing else to say [MQTT-3.1.2-30]. */
function checkDuringExchange({ type }: Packet): void {
  if (type === PacketType.auth || type === PacketType.disconnect) return;
  throw protocolError('the authentication is not finished');
}
