import fc from 'fast-check';
import { type Packet as Foreign, generate, parser } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import {
  Decoder,
  encodePacket,
  type Packet,
  PacketType,
  type ProtocolVersion,
  packetTypeName,
} from '../src/index.ts';
import { connect, packets, type Sender } from './arbitraries.ts';
import { drain, plain } from './drain.ts';

// The same packets through mqtt-packet 9.0.2, in both directions. Where it differs on purpose or by
// fault, the packets below avoid it:
// - user properties are an object there: repeated names lose their order, and an empty value its name;
// - it writes no password without a user name, which 5.0 allows;
// - it writes no empty client id with clean start 0, and none at all in 3.1;
// - flags are booleans there, and one subscription identifier is a number, several an array.

const versions = [3, 4, 5] as const;
const senders = ['client', 'server'] as const;
const cases = versions.flatMap((version) => senders.map((sender) => ({ version, sender })));

describe.each(cases)('version $version, sent by a $sender', ({ version, sender }) => {
  const sent =
    sender === 'client'
      ? fc.oneof(packets(sender, version), connect(version))
      : packets(sender, version);

  it('reads there as it was written here, and the reverse', () => {
    fc.assert(
      fc.property(sent.filter(isSpokenThere).map(withUniqueNames), (packet) => {
        const foreign = toForeign(packet, version);
        const read = parse(encodePacket(packet, version), version);
        const compared = Object.keys(foreign).map((key) => [key, Reflect.get(read, key)]);
        expect(comparable(Object.fromEntries(compared))).toEqual(comparable(foreign));

        const written = generate(foreign as unknown as Foreign, { protocolVersion: version });
        const { packets: decoded, error } = drain(decoderFor(packet, sender, version), [written]);
        expect(error).toBeUndefined();
        expect(decoded).toEqual([plain(packet)]);
      }),
      { numRuns: 300 },
    );
  });
});

function isSpokenThere(packet: Packet): boolean {
  if (packet.type !== PacketType.connect) return true;
  const { password, userName, clientId, cleanStart, protocolVersion } = packet;
  if (password !== undefined && userName === undefined) return false;
  return clientId !== '' || (cleanStart && protocolVersion !== 3);
}

function withUniqueNames<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(withUniqueNames) as T;
  const entries = Object.entries(value).map(([key, inner]) => {
    if (key !== 'userProperties') return [key, withUniqueNames(inner)];
    return [
      key,
      inner.map(([name, text]: [string, string], index: number) => [`${name}#${index}`, text]),
    ];
  });
  return Object.fromEntries(entries);
}

function decoderFor(packet: Packet, sender: Sender, version: ProtocolVersion): Decoder {
  return new Decoder({
    role: sender === 'client' ? 'server' : 'client',
    maxPacketBytes: 100_000,
    ...(packet.type === PacketType.connect ? {} : { protocolVersion: version }),
  });
}

function parse(bytes: Uint8Array, protocolVersion: ProtocolVersion): Foreign {
  const found: Foreign[] = [];
  const reader = parser({ protocolVersion });
  reader.on('packet', (packet) => found.push(packet));
  reader.on('error', (error) => {
    throw error;
  });
  expect(reader.parse(Buffer.from(bytes))).toBe(0);
  expect(found).toHaveLength(1);
  return found[0] as Foreign;
}

/** Its packets compare by value: bytes as text, objects without a prototype as others, no empty blocks. */
function comparable(value: unknown): unknown {
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

function toForeign(packet: Packet, version: ProtocolVersion): object {
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
