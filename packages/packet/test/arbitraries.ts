import fc from 'fast-check';
import {
  type ConnectPacket,
  noProperties,
  type Packet,
  PacketType,
  type ProtocolVersion,
} from '../src/index.ts';

/** Who sends: a client's packets are read by a server. */
export type Sender = 'client' | 'server';

const withoutNul = (text: string) => text.replaceAll('\0', '');
const text = fc.string({ unit: 'binary', maxLength: 12 }).map(withoutNul);
const nameUnit = fc.constantFrom(
  'a',
  'b',
  'Z',
  '0',
  '/',
  '/',
  ' ',
  '$',
  '-',
  'é',
  '漢',
  '😀',
  '\ufeff',
);
const name = fc.string({ unit: nameUnit, maxLength: 12 });
const topic = fc.string({ unit: nameUnit, minLength: 1, maxLength: 40 });
const filter = fc.oneof(topic, fc.constantFrom('#', '+/b', 'a/#', '$share/g/t', 'a+', '#/x'));
const bytes = fc.uint8Array({ maxLength: 40 });
const payload = fc.oneof(bytes, fc.uint8Array({ minLength: 100, maxLength: 300 }));
const flag = fc.constantFrom(0 as const, 1 as const);
const u16 = fc.integer({ min: 0, max: 0xffff });
const positiveU16 = fc.integer({ min: 1, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const positiveU32 = fc.integer({ min: 1, max: 0xffff_ffff });
const identifier = fc.integer({ min: 1, max: 268_435_455 });
const pairs = fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 });
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const packetId = positiveU16;

const messageProperties = {
  payloadFormatIndicator: flag,
  messageExpiryInterval: u32,
  contentType: text,
  responseTopic: topic,
  correlationData: bytes,
  userProperties: pairs,
};
const reasonProperties = { reasonString: text, userProperties: pairs };
const authentication = { authenticationMethod: text, authenticationData: bytes };
const sessionProperties = {
  sessionExpiryInterval: u32,
  receiveMaximum: positiveU16,
  maximumPacketSize: positiveU32,
  topicAliasMaximum: u16,
};
const connackProperties = {
  ...sessionProperties,
  ...reasonProperties,
  ...authentication,
  maximumQos: flag,
  retainAvailable: flag,
  assignedClientIdentifier: text,
  wildcardSubscriptionAvailable: flag,
  subscriptionIdentifierAvailable: flag,
  sharedSubscriptionAvailable: flag,
  serverKeepAlive: u16,
  responseInformation: text,
  serverReference: text,
};

/** Packets that `sender` may send in `version` and that read back as they are. */
export function packets(sender: Sender, version: ProtocolVersion): fc.Arbitrary<Packet> {
  const fromBoth = [publish(sender, version), acknowledgement(sender, version)];
  const only = sender === 'client' ? fromClient(version) : fromServer(version);
  return fc.oneof(...fromBoth, ...only) as fc.Arbitrary<Packet>;
}

export function connect(version: ProtocolVersion): fc.Arbitrary<ConnectPacket> {
  const properties = propertiesIn(version, {
    ...sessionProperties,
    requestResponseInformation: flag,
    requestProblemInformation: flag,
    userProperties: pairs,
    ...authentication,
  }).filter((found) => !('authenticationData' in found) || 'authenticationMethod' in found);
  const willProperties = propertiesIn(version, { willDelayInterval: u32, ...messageProperties });
  const will = fc.record({ topic, payload, qos, retain: fc.boolean(), properties: willProperties });
  return fc
    .record(
      {
        type: fc.constant(PacketType.connect),
        protocolVersion: fc.constant(version),
        cleanStart: fc.boolean(),
        keepAlive: u16,
        clientId: name,
        will,
        userName: name,
        password: bytes,
        properties,
      },
      {
        requiredKeys: [
          'type',
          'protocolVersion',
          'cleanStart',
          'keepAlive',
          'clientId',
          'properties',
        ],
      },
    )
    .filter((packet) => version === 5 || !('password' in packet) || 'userName' in packet);
}

function publish(sender: Sender, version: ProtocolVersion): fc.Arbitrary<object> {
  const fromServer = {
    subscriptionIdentifiers: fc.array(identifier, { minLength: 1, maxLength: 3 }),
  };
  const properties = propertiesIn(version, {
    ...messageProperties,
    topicAlias: positiveU16,
    ...(sender === 'server' ? fromServer : {}),
  });
  return fc
    .record({ qos, retain: fc.boolean(), dup: fc.boolean(), topic, packetId, properties, payload })
    .map((fields) => ({
      type: PacketType.publish,
      ...fields,
      dup: fields.qos > 0 && fields.dup,
      packetId: fields.qos > 0 ? fields.packetId : 0,
    }));
}

function acknowledgement(sender: Sender, version: ProtocolVersion): fc.Arbitrary<object> {
  const received = [
    0,
    0x80,
    0x83,
    0x87,
    0x90,
    0x91,
    0x97,
    0x99,
    ...(sender === 'server' ? [0x10] : []),
  ];
  const properties = propertiesIn(version, reasonProperties);
  const forms = [
    { types: [PacketType.puback, PacketType.pubrec], codes: received },
    { types: [PacketType.pubrel, PacketType.pubcomp], codes: [0, 0x92] },
  ];
  return fc.oneof(
    ...forms.map(({ types, codes }) =>
      fc.record({
        type: fc.constantFrom(...types),
        packetId,
        reasonCode: version === 5 ? fc.constantFrom(...codes) : fc.constant(0),
        properties,
      }),
    ),
  );
}

function fromClient(version: ProtocolVersion): fc.Arbitrary<object>[] {
  const plain = {
    filter,
    qos,
    noLocal: fc.constant(false),
    retainAsPublished: fc.constant(false),
    retainHandling: fc.constant(0),
  };
  const full = {
    ...plain,
    noLocal: fc.boolean(),
    retainAsPublished: fc.boolean(),
    retainHandling: fc.constantFrom(0, 1, 2),
  };
  const request = fc
    .record<object & { filter: string; noLocal: boolean }>(version === 5 ? full : plain)
    .filter((wanted) => !(wanted.noLocal && wanted.filter.startsWith('$share/')));
  const subscribe = fc.record({
    type: fc.constant(PacketType.subscribe),
    packetId,
    properties: propertiesIn(version, {
      subscriptionIdentifier: identifier,
      userProperties: pairs,
    }),
    subscriptions: fc.array(request, { minLength: 1, maxLength: 4 }),
  });
  const unsubscribe = fc.record({
    type: fc.constant(PacketType.unsubscribe),
    packetId,
    properties: propertiesIn(version, { userProperties: pairs }),
    filters: fc.array(filter, { minLength: 1, maxLength: 4 }),
  });
  const pingreq = fc.constant({ type: PacketType.pingreq });
  const codes = [0, 4, 0x80, 0x81, 0x82, 0x93, 0x99];
  const own = { ...reasonProperties, sessionExpiryInterval: u32 };
  const common = [subscribe, unsubscribe, pingreq, disconnect(version, codes, own)];
  return version === 5 ? [...common, auth([0x18, 0x19])] : common;
}

function fromServer(version: ProtocolVersion): fc.Arbitrary<object>[] {
  const connackCodes = version === 5 ? [0, 0x80, 0x84, 0x87, 0x9f] : [0, 1, 2, 3, 4, 5];
  const connack = fc
    .record({
      type: fc.constant(PacketType.connack),
      sessionPresent: version === 3 ? fc.constant(false) : fc.boolean(),
      reasonCode: fc.constantFrom(...connackCodes),
      properties: propertiesIn(version, connackProperties),
    })
    .map((fields) => ({
      ...fields,
      sessionPresent: fields.sessionPresent && fields.reasonCode === 0,
    }));
  const subackCodes = version === 5 ? [0, 1, 2, 0x80, 0x87, 0x8f, 0xa2] : [0, 1, 2, 0x80];
  const unsubackCodes = fc.array(fc.constantFrom(0, 0x11, 0x87), { minLength: 1, maxLength: 4 });
  const properties = propertiesIn(version, reasonProperties);
  const common = [
    connack,
    fc.record({
      type: fc.constant(PacketType.suback),
      packetId,
      properties,
      reasonCodes: fc.array(fc.constantFrom(...subackCodes), { minLength: 1, maxLength: 4 }),
    }),
    fc.record({
      type: fc.constant(PacketType.unsuback),
      packetId,
      properties,
      reasonCodes: version === 5 ? unsubackCodes : fc.constant([]),
    }),
    fc.constant({ type: PacketType.pingresp }),
  ];
  if (version !== 5) return common;
  const codes = [0, 0x81, 0x8b, 0x8e, 0x9c, 0xa2];
  const own = { ...reasonProperties, serverReference: text };
  return [...common, disconnect(version, codes, own), auth([0, 0x18])];
}

function disconnect(
  version: ProtocolVersion,
  codes: readonly number[],
  properties: Record<string, fc.Arbitrary<unknown>>,
): fc.Arbitrary<object> {
  return fc.record({
    type: fc.constant(PacketType.disconnect),
    reasonCode: version === 5 ? fc.constantFrom(...codes) : fc.constant(0),
    properties: propertiesIn(version, properties),
  });
}

function auth(codes: readonly number[]): fc.Arbitrary<object> {
  return fc.record({
    type: fc.constant(PacketType.auth),
    reasonCode: fc.constantFrom(...codes),
    properties: fc.record(
      { ...authentication, ...reasonProperties },
      { requiredKeys: ['authenticationMethod'] },
    ),
  });
}

function propertiesIn(
  version: ProtocolVersion,
  model: Record<string, fc.Arbitrary<unknown>>,
): fc.Arbitrary<object> {
  if (version !== 5) return fc.constant(noProperties);
  return fc.oneof(fc.constant(noProperties), fc.record(model, { requiredKeys: [] }));
}
