import { type Packet, PacketType, packetTypeName } from '@sluice/packet';

/** Virtual seconds since the beginning. */
export function describeTime(ms: number): string {
  return (ms / 1_000).toFixed(3).padStart(8);
}

/** A packet in a line. */
export function describePacket(packet: Packet): string {
  const name = packetTypeName(packet.type).toUpperCase();
  switch (packet.type) {
    case PacketType.connect: {
      const { protocolVersion, cleanStart, properties, will } = packet;
      const left =
        will === undefined ? '' : ` will "${Buffer.from(will.payload)}" to ${will.topic}`;
      return `${name} v${protocolVersion} clean ${cleanStart} ${JSON.stringify(properties)}${left}`;
    }
    case PacketType.connack:
      return `${name} ${packet.reasonCode} session present ${packet.sessionPresent}`;
    case PacketType.publish: {
      const { topic, qos, packetId, dup, retain, payload, properties } = packet;
      const flags = `${dup ? ' DUP' : ''}${retain ? ' RETAIN' : ''}`;
      const text = Buffer.from(payload).toString('latin1').slice(0, 20);
      const named = Object.keys(properties).length === 0 ? '' : ` ${JSON.stringify(properties)}`;
      return `${name} "${text}" to ${topic} QoS ${qos}${qos > 0 ? ` id ${packetId}` : ''}${flags}${named}`;
    }
    case PacketType.subscribe:
      return `${name} id ${packet.packetId} ${packet.subscriptions.map(({ filter, qos }) => `${filter} (${qos})`).join(', ')}`;
    case PacketType.unsubscribe:
      return `${name} id ${packet.packetId} ${packet.filters.join(', ')}`;
    case PacketType.suback:
    case PacketType.unsuback:
      return `${name} id ${packet.packetId} ${packet.reasonCodes.join(', ')}`;
    case PacketType.disconnect:
      return `${name} 0x${packet.reasonCode.toString(16)} ${packet.properties.reasonString ?? ''}`;
    case PacketType.pingreq:
    case PacketType.pingresp:
    case PacketType.auth:
      return name;
    default:
      return `${name} id ${packet.packetId}${packet.reasonCode === 0 ? '' : ` 0x${packet.reasonCode.toString(16)}`}`;
  }
}
