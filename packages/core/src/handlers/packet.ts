import {
  noProperties,
  type Packet,
  PacketType,
  protocolError,
  ReasonCode,
  type UserProperties,
} from '@sluice/packet';
import { LimitExceeded } from '../base/limit-exceeded.ts';
import type { Limits } from '../base/limits.ts';
import type { Connection } from '../connection/connection.ts';
import { handlePuback, handlePubcomp, handlePubrec, handlePubrel } from './acknowledgement.ts';
import { handleAuth } from './auth.ts';
import { holdUp } from './congestion.ts';
import { handleConnect } from './connect.ts';
import { handleDisconnect } from './disconnect.ts';
import { handlePublish } from './publish.ts';
import { handleSubscribe } from './subscribe.ts';
import { handleUnsubscribe } from './unsubscribe.ts';

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

/** The standard bounds neither their number nor their size; a broker that forwards them has to. */
function checkUserProperties(
  { userProperties }: { readonly userProperties?: UserProperties },
  { maxUserProperties, maxUserPropertyBytes }: Limits,
): void {
  if (userProperties === undefined) return;
  let bytes = 0;
  for (const [name, value] of userProperties) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (userProperties.length <= maxUserProperties && bytes <= maxUserPropertyBytes) return;
  const limit =
    userProperties.length > maxUserProperties ? 'maxUserProperties' : 'maxUserPropertyBytes';
  throw new LimitExceeded(
    limit,
    ReasonCode.quotaExceeded,
    `more than ${maxUserProperties} user properties or ${maxUserPropertyBytes} bytes of them`,
  );
}
