import { describe, expect, it } from 'vitest';
import {
  encodePacket,
  encodePublishHead,
  noProperties,
  type Packet,
  PacketType,
  type PublishPacket,
  packetTypeName,
  ReasonCode,
  reasonCodeName,
  writeAcknowledgement,
} from '../src/index.ts';

const { connect, publish, puback, pubrel, subscribe, unsubscribe, disconnect, auth } = PacketType;
const message: PublishPacket = {
  type: publish,
  qos: 1,
  retain: true,
  dup: false,
  topic: 'a/b',
  packetId: 10,
  properties: noProperties,
  payload: Buffer.from('hi'),
};

const connection = {
  type: connect,
  protocolVersion: 5,
  cleanStart: true,
  keepAlive: 0,
  clientId: '',
  properties: noProperties,
};
const will = { topic: 'w', payload: Buffer.from('w'), retain: false, properties: noProperties };

function subscribing(options: { qos?: number; retainHandling?: number }): object {
  const usual = { filter: 'a', qos: 0, noLocal: false, retainAsPublished: false };
  const subscriptions = [{ ...usual, retainHandling: 0, ...options }];
  return { type: subscribe, packetId: 1, properties: {}, subscriptions };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('the head of a PUBLISH', () => {
  it.each([
    [5, 1, '330a0003612f62000a00', 7],
    [4, 1, '33090003612f62000a', 7],
    [3, 2, '35090003612f62000a', 7],
    [5, 0, '31080003612f6200', 0],
    [4, 0, '31070003612f62', 0],
  ] as const)('version %i, QoS %i', (version, qos, bytes, packetIdOffset) => {
    const head = encodePublishHead({ ...message, qos }, 2, version);
    expect(hex(head.bytes)).toBe(bytes);
    expect(head.packetIdOffset).toBe(packetIdOffset);
  });

  it('announces a payload that it does not hold', () => {
    const { bytes, packetIdOffset } = encodePublishHead(message, 200_000, 4);
    expect(hex(bytes)).toBe('33c79a0c0003612f62000a');
    expect(Buffer.from(bytes).readUInt16BE(packetIdOffset)).toBe(10);
  });

  it('with properties has them before the payload', () => {
    const properties = { userProperties: [['k', 'v']], topicAlias: 3, contentType: undefined };
    const { bytes } = encodePublishHead({ ...message, properties } as never, 0, 5);
    expect(hex(bytes)).toBe('33120003612f62000a0a2600016b000176230003');
  });
});

describe('an acknowledgement', () => {
  it('is written in place', () => {
    const target = Buffer.alloc(10);
    expect(writeAcknowledgement(target, 1, puback, 10)).toBe(5);
    expect(writeAcknowledgement(target, 5, pubrel, 0xffff)).toBe(9);
    expect(hex(target)).toBe('004002000a6202ffff00');
  });

  it.each([
    [7, 1, 'no room'],
    [0, 0, 'packet identifier 0'],
    [0, 65_536, 'packet identifier 65536'],
  ])('at %i with id %i throws', (offset, packetId, reason) => {
    expect(() => writeAcknowledgement(Buffer.alloc(10), offset, puback, packetId)).toThrow(reason);
  });
});

describe('forms of 3.x', () => {
  const properties = { reasonString: 'no' };
  it.each<[string, Packet, string]>([
    ['PUBACK', { type: puback, packetId: 1, reasonCode: 0x87, properties }, '40020001'],
    ['DISCONNECT', { type: disconnect, reasonCode: 0x8b, properties }, 'e000'],
    ['PUBLISH', { ...message, properties: { topicAlias: 1 } }, '33090003612f62000a6869'],
    [
      'UNSUBACK',
      { type: PacketType.unsuback, packetId: 1, reasonCodes: [0, 17], properties },
      'b0020001',
    ],
    [
      'CONNACK',
      { type: PacketType.connack, sessionPresent: true, reasonCode: 0, properties },
      '20020000',
    ],
  ])('%s', (_name, packet, bytes) => {
    expect(hex(encodePacket(packet, 3))).toBe(bytes);
  });
});

describe('what cannot be encoded', () => {
  const filters = ['a'];
  it.each<[string, object, string]>([
    ['a lone surrogate', { ...message, topic: 'a\ud800' }, 'lone surrogate'],
    ['U+0000', { ...message, topic: 'a\0' }, 'U+0000'],
    ['a long string', { ...message, topic: 'é'.repeat(32_768) }, '65536 bytes'],
    ['packet id 0', { ...message, packetId: 0 }, 'packet identifier 0'],
    ['packet id 65,536', { ...message, packetId: 65_536 }, '65536'],
    ['packet id -1', { ...message, packetId: -1 }, '-1'],
    ['packet id 1.5', { ...message, packetId: 1.5 }, '1.5'],
    [
      'a property of another packet',
      { ...message, properties: { serverKeepAlive: 1 } },
      'serverKeepAlive',
    ],
    ['an unknown property', { ...message, properties: { colour: 1 } }, 'colour'],
    ['a flag of 2', { ...message, properties: { payloadFormatIndicator: 2 } }, 'neither 0 nor 1'],
    ['a topic alias of 0', { ...message, properties: { topicAlias: 0 } }, 'topicAlias cannot be 0'],
    [
      'an expiry of 2^32',
      { ...message, properties: { messageExpiryInterval: 2 ** 32 } },
      '4294967296',
    ],
    [
      'an identifier of 2^28',
      { ...message, properties: { subscriptionIdentifiers: [2 ** 28] } },
      '268435456',
    ],
    [
      'long data',
      { ...message, properties: { correlationData: new Uint8Array(65_536) } },
      '65536 bytes',
    ],
    [
      'no filter',
      { type: subscribe, packetId: 1, properties: {}, subscriptions: [] },
      'topic filter',
    ],
    ['no filter', { type: unsubscribe, packetId: 1, properties: {}, filters: [] }, 'topic filter'],
    ['QoS 3', { ...message, qos: 3 }, 'QoS 3 is not 0, 1 or 2'],
    ['a QoS that would be DUP', { ...message, qos: 4 }, 'QoS 4'],
    ['QoS 3 of a will', { ...connection, will: { ...will, qos: 3 } }, 'QoS 3'],
    ['QoS 4 of a subscription', subscribing({ qos: 4 }), 'QoS 4'],
    ['Retain Handling 3', subscribing({ retainHandling: 3 }), 'Retain Handling 3'],
    ['a text as payload', { ...message, payload: 'hi' }, 'must be bytes'],
    ['wider numbers as payload', { ...message, payload: new Uint16Array(1) }, 'must be bytes'],
    ['a text as data', { ...message, properties: { correlationData: 'hi' } }, 'must be bytes'],
    ['a text as password', { ...connection, userName: 'u', password: 'p' }, 'must be bytes'],
    ['no type', { packetId: 1 }, 'no packet of type undefined'],
    ['type 16', { type: 16 }, 'no packet of type 16'],
    [
      'a property of another packet in UNSUBSCRIBE',
      { type: unsubscribe, packetId: 1, properties: { subscriptionIdentifier: 1 }, filters },
      'subscriptionIdentifier',
    ],
  ])('%s', (_name, packet, reason) => {
    expect(() => encodePacket(packet as Packet, 5)).toThrow(reason);
  });

  it('a packet above 268,435,455 bytes', () => {
    expect(() => encodePublishHead(message, 2 ** 28, 4)).toThrow('268435463 bytes');
  });

  it('AUTH in 3.x', () => {
    expect(() => encodePacket({ type: auth, reasonCode: 0, properties: {} }, 4)).toThrow(TypeError);
  });

  it('a password without a user name in 3.x', () => {
    const packet = {
      type: connect,
      protocolVersion: 4,
      cleanStart: true,
      keepAlive: 0,
      clientId: '',
      password: new Uint8Array(),
      properties: noProperties,
    } as const;
    expect(() => encodePacket(packet, 4)).toThrow('without a user name');
  });
});

describe('names', () => {
  it('of packet types', () => {
    expect(Object.values(PacketType).map(packetTypeName)).toContain('PUBLISH');
    expect(packetTypeName(0)).toBe('packet type 0');
  });

  it('of reason codes', () => {
    expect(reasonCodeName(ReasonCode.topicAliasInvalid)).toBe('topic alias invalid');
    expect(reasonCodeName(ReasonCode.grantedQos1)).toBe('granted QoS 1');
    expect(reasonCodeName(ReasonCode.qosNotSupported)).toBe('QoS not supported');
    expect(reasonCodeName(0x0f)).toBe('reason code 0x0f');
  });
});
