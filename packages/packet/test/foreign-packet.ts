import { type Packet, PacketType, type ProtocolVersion, packetTypeName } from '../src/index.ts';

/** A packet in the form that mqtt-packet has for it. */
export function toForeign(packet: Packet, version: ProtocolVersion): object {
  const cmd = packetTypeName(packet.type).toLowerCase();
  const properties = 'properties' in packet ? toForeignProperties(packet.properties) : {};
  switch (packet.type) {
    case PacketType.connect: {
      const {
        clientId,
        cleanStart: clean,
        keepAlive: keepalive,
        userName,
        password,
        will,
      } = packet;
      const protocolId = version === 3 ? 'MQIsdp' : 'MQTT';
      return {
        ...{ cmd, protocolId, protocolVersion: version, clientId, clean, keepalive, properties },
        ...(userName !== undefined && { username: userName }),
        ...(password && { password: Buffer.from(password) }),
        ...(will && {
          will: {
            ...will,
            payload: Buffer.from(will.payload),
            properties: toForeignProperties(will.properties),
          },
        }),
      };
    }
    case PacketType.connack: {
      const { sessionPresent, reasonCode } = packet;
      const code = version === 5 ? { reasonCode } : { returnCode: reasonCode };
      return { cmd, sessionPresent, ...code, properties };
    }
    case PacketType.publish: {
      const { qos, retain, dup, topic, packetId, payload } = packet;
      const messageId = qos === 0 ? {} : { messageId: packetId };
      return {
        cmd,
        qos,
        retain,
        dup,
        topic,
        ...messageId,
        payload: Buffer.from(payload),
        properties,
      };
    }
    case PacketType.subscribe: {
      const subscriptions = packet.subscriptions.map(
        ({ filter, qos, noLocal: nl, retainAsPublished: rap, retainHandling: rh }) =>
          version === 5 ? { topic: filter, qos, nl, rap, rh } : { topic: filter, qos },
      );
      return { cmd, messageId: packet.packetId, subscriptions, properties };
    }
    case PacketType.unsubscribe:
      return { cmd, messageId: packet.packetId, unsubscriptions: packet.filters, properties };
    case PacketType.suback:
    case PacketType.unsuback: {
      const { packetId: messageId, reasonCodes } = packet;
      return {
        cmd,
        messageId,
        ...(reasonCodes.length > 0 && { granted: reasonCodes }),
        properties,
      };
    }
    case PacketType.pingreq:
    case PacketType.pingresp:
      return { cmd };
    default: {
      const messageId = 'packetId' in packet ? { messageId: packet.packetId } : {};
      const code = version === 5 ? { reasonCode: packet.reasonCode } : {};
      return { cmd, ...messageId, ...code, properties };
    }
  }
}

const foreignNames: Readonly<Record<string, string>> = {
  maximumQos: 'maximumQoS',
  subscriptionIdentifierAvailable: 'subscriptionIdentifiersAvailable',
  subscriptionIdentifiers: 'subscriptionIdentifier',
};
const flags = /^(payloadFormat|request|retainA|wildcard|subscriptionIdentifierA|shared)/;

function toForeignProperties(properties: object): object {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      foreignNames[name] ?? name,
      toForeignValue(name, value),
    ]),
  );
}

function toForeignValue(name: string, value: unknown): unknown {
  if (flags.test(name)) return value === 1;
  if (name === 'userProperties') return Object.fromEntries(value as [string, string][]);
  if (value instanceof Uint8Array) return Buffer.from(value);
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

/** Its packets compare by value: bytes as text, objects without a prototype as others, no empty blocks. */
export function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, comparable(inner)] as const);
  return Object.fromEntries(
    entries.filter(([key, inner]) => key !== 'properties' || !isEmpty(inner)),
  );
}

function isEmpty(value: unknown): boolean {
  return value === undefined || Object.keys(value as object).length === 0;
}
