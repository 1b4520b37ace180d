import { noProperties, PacketType, type PublishPacket } from '../../src/index.ts';
import { utf8, type Vector } from './vector.ts';

const plain: PublishPacket = {
  type: PacketType.publish,
  qos: 0,
  retain: false,
  dup: false,
  topic: 't',
  packetId: 0,
  properties: noProperties,
  payload: utf8('x'),
};

const valid: readonly Vector[] = [
  { name: 'QoS 0', version: 4, bytes: '30 04 0001 74 (t) 78', packet: plain },
  { name: 'QoS 0, 3.1', version: 3, bytes: '30 04 0001 74 (t) 78', packet: plain },
  { name: 'QoS 0, 5.0', version: 5, bytes: '30 05 0001 74 00 (properties) 78', packet: plain },
  {
    name: 'QoS 1, 5.0',
    version: 5,
    bytes: '32 0a 0003 612f62 (a/b) 000a (packet id) 00 (properties) 6869 (payload)',
    packet: { ...plain, qos: 1, topic: 'a/b', packetId: 10, payload: utf8('hi') },
  },
  {
    name: 'QoS 1, 3.1.1',
    version: 4,
    bytes: '32 09 0003 612f62 (a/b) 000a (packet id) 6869 (payload)',
    packet: { ...plain, qos: 1, topic: 'a/b', packetId: 10, payload: utf8('hi') },
  },
  {
    name: 'QoS 2, DUP, RETAIN, no payload',
    version: 4,
    bytes: '3d 05 0001 74 ffff',
    packet: { ...plain, qos: 2, dup: true, retain: true, packetId: 0xffff, payload: utf8('') },
  },
  {
    name: 'every property that a client may send',
    version: 5,
    bytes: `30 26 0001 74 21 (33 bytes of properties)
      01 01 (payload format) 02 ffffffff (expiry) 03 0002 6373 (content type)
      08 0003 722f73 (response topic) 09 0001 ff (correlation data) 23 ffff (topic alias)
      26 0001 61 0002 c3a9 (user property a: é) 78`,
    packet: {
      ...plain,
      properties: {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 0xffff_ffff,
        contentType: 'cs',
        responseTopic: 'r/s',
        correlationData: Uint8Array.of(255),
        topicAlias: 0xffff,
        userProperties: [['a', 'é']],
      },
    },
  },
  {
    name: 'a topic alias in place of the topic',
    version: 5,
    bytes: '30 07 0000 03 23 0001 78',
    packet: { ...plain, topic: '', properties: { topicAlias: 1 } },
  },
  {
    name: 'subscription identifiers from a server',
    version: 5,
    role: 'client',
    bytes: '30 0e 0001 74 0a (properties) 0b 01 0b 8001 0b ffffff7f',
    packet: {
      ...plain,
      payload: utf8(''),
      properties: { subscriptionIdentifiers: [1, 128, 268_435_455] },
    },
  },
  {
    name: 'a topic of all lengths of UTF-8',
    version: 4,
    bytes: '30 0f 000d efbbbf 24 c3a9 e6bca2 f09f9880',
    packet: { ...plain, topic: '\ufeff$é漢😀', payload: utf8('') },
  },
];

const refused: readonly Vector[] = [
  [4, '30 03 0000 78', 0x81, 'empty topic (P15)'],
  [5, '30 04 0000 00 78', 0x82, 'empty topic without alias (P16)'],
  [5, '30 0a 0000 06 26 0001 61 0000 78', 0x82, 'empty topic without alias, with properties'],
  [4, '30 00', 0x81, 'no topic'],
  [4, '30 01 00', 0x81, 'half a topic length'],
  [4, '30 04 00ff 61 62', 0x81, 'topic beyond the end (P23)'],
  [4, '32 03 0001 74', 0x81, 'no packet id (P17)'],
  [4, '32 04 0001 74 00', 0x81, 'half a packet id'],
  [4, '32 06 0001 74 0000 78', 0x82, 'packet id 0 (P18)'],
  [5, '32 05 0001 74 0001', 0x81, 'no property length'],
  [5, '30 03 0001 74', 0x81, 'no property length at QoS 0'],
  [5, '30 05 0001 74 05 78', 0x81, 'property length beyond the end'],
  [4, '30 08 0005 612f2b2f62 78', 0x81, 'topic with + (P19)'],
  [4, '30 06 0003 612f23 78', 0x81, 'topic with # (P19)'],
  [4, '30 06 0003 610062 78', 0x81, 'U+0000 (P20)'],
  [4, '30 05 0002 c0af 78', 0x81, 'an overlong form (P21)'],
  [4, '30 06 0003 eda080 78', 0x81, 'a surrogate (P22)'],
  [4, '30 05 0002 c361 78', 0x81, 'a truncated sequence'],
  [4, '30 07 0004 f4908080 78', 0x81, 'beyond U+10FFFF'],
  [4, '30 04 0001 80 78', 0x81, 'a lone continuation'],
  [4, '30 04 0001 1f 78', 0x81, 'U+001F'],
  [4, '30 04 0001 7f 78', 0x81, 'U+007F'],
  [4, '30 05 0002 c29f 78', 0x81, 'U+009F'],
  [4, '30 06 0003 efb790 78', 0x81, 'U+FDD0'],
  [4, '30 06 0003 efbfbf 78', 0x81, 'U+FFFF'],
  [4, '30 07 0004 f48fbfbf 78', 0x81, 'U+10FFFF'],
  [5, '30 08 0001 74 03 23 0000 78', 0x94, 'topic alias 0 (P62)'],
  [5, '30 07 0001 74 02 0b 01 78', 0x82, 'subscription identifier from a client (P65)'],
  [5, '30 0b 0001 74 06 08 0003 612f23 78', 0x82, 'response topic with # (P66)'],
  [5, '30 08 0001 74 03 08 0000 78', 0x82, 'empty response topic'],
  [5, '30 09 0001 74 04 08 0001 07 78', 0x81, 'a control character in the response topic'],
  [5, '30 07 0001 74 02 01 02 78', 0x82, 'payload format indicator 2'],
  [5, '30 08 0001 74 04 01 01 01 01', 0x82, 'payload format indicator twice'],
  [5, '30 0e 0001 74 0a 02 00000001 02 00000001', 0x82, 'message expiry interval twice'],
  [5, '30 0a 0001 74 06 23 0001 23 0001', 0x82, 'topic alias twice'],
  [5, '30 09 0001 74 05 11 00000001', 0x82, 'session expiry interval in PUBLISH'],
  [5, '30 06 0001 74 01 26 78', 0x81, 'user property beyond the property length'],
].map(([version, bytes, error, name]) => ({ name, version, bytes, error }) as Vector);

export const publishVectors: readonly Vector[] = [
  ...valid,
  ...refused,
  {
    name: 'subscription identifier 0 from a server',
    version: 5,
    role: 'client',
    bytes: '30 06 0001 74 02 0b 00',
    error: 0x82,
  },
  {
    name: 'subscription identifier not minimal',
    version: 5,
    role: 'client',
    bytes: '30 07 0001 74 03 0b 8100',
    error: 0x81,
  },
  {
    name: 'a message may expire at once (P68)',
    version: 5,
    bytes: '30 0a 0001 74 05 02 00000000 78',
    packet: { ...plain, properties: { messageExpiryInterval: 0 } },
  },
];
