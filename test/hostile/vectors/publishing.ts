import { bytes, properties, publish, rawPacket, str, u16, u32 } from './parts.ts';
import { type Vector, type Version, vectors } from './vector.ts';

const withProperty = (...parts: (number | string | Uint8Array)[]) =>
  publish(5, 't', Buffer.from('x'), ...parts);

const topicOf = (hex: string) => bytes(hex);

/** QoS 0 has no answer that could say why: the message goes nowhere. */
const unheard = (id: string, name: string, topic: string) =>
  [
    id,
    `PUBLISH to ${name}`,
    (version: Version) => publish(version, topic),
    'accepted',
    'accepted',
  ] as const;

/** 3.1.1 has no reason codes: the message is acknowledged, and goes nowhere. */
const refused = (id: string, name: string, topic: string) =>
  [
    id,
    `PUBLISH with QoS 1 to ${name}`,
    (version: Version) => rawPacket(0x32, str(topic), u16(1), properties(version), '78'),
    'PUBACK 0x00',
    'PUBACK 0x90',
  ] as const;

/** PUBLISH packets that are wrong or unusual. */
export const publishing: readonly Vector[] = vectors('connected', [
  [
    'P13',
    'PUBLISH with QoS 3',
    (version) => rawPacket(0x36, str('t'), u16(1), properties(version), '78'),
    'closed',
    'DISCONNECT 0x81',
  ],
  [
    'P14',
    'PUBLISH with QoS 0 and DUP',
    (version) => rawPacket(0x38, str('t'), properties(version), '78'),
    'closed',
    'DISCONNECT 0x81',
  ],
  ['P15', 'PUBLISH to no topic', (version) => publish(version, ''), 'closed', undefined],
  [
    'P16',
    'PUBLISH with neither topic nor alias',
    () => publish(5, ''),
    undefined,
    'DISCONNECT 0x82',
  ],
  [
    'P17',
    'PUBLISH with QoS 1, cut before its packet identifier',
    () => rawPacket(0x32, str('t')),
    'closed',
    'DISCONNECT 0x81',
  ],
  [
    'P18',
    'PUBLISH with packet identifier 0',
    (version) => rawPacket(0x32, str('t'), u16(0), properties(version), '78'),
    'closed',
    'DISCONNECT 0x82',
  ],
  ...['a/+/b', 'a/#', '+', '#'].map(
    (topic) =>
      [
        'P19',
        `PUBLISH to ${topic}`,
        (version: Version) => publish(version, topic),
        'closed',
        'DISCONNECT 0x81',
      ] as const,
  ),
  ['P20', 'topic with U+0000', (version) => publish(version, 'a\0b'), 'closed', 'DISCONNECT 0x81'],
  [
    'P21',
    'topic in overlong UTF-8',
    (version) => publish(version, topicOf('c0af')),
    'closed',
    'DISCONNECT 0x81',
  ],
  [
    'P22',
    'topic with a surrogate',
    (version) => publish(version, topicOf('eda080')),
    'closed',
    'DISCONNECT 0x81',
  ],
  [
    'P23',
    'topic longer than the packet',
    () => rawPacket(0x30, '00ff 6162'),
    'closed',
    'DISCONNECT 0x81',
  ],
  ...['$SYS/x/new/clients', '$share/g/t'].flatMap((topic) => [
    unheard('P24', topic, topic),
    refused('P24', topic, topic),
  ]),
  [
    'P24',
    'PUBLISH to another $ topic',
    (version) => publish(version, '$other/x'),
    'accepted',
    'accepted',
  ],
  [
    'P37',
    'PUBLISH to a topic of 101 levels',
    (version) => publish(version, new Array(101).fill('a').join('/')),
    'accepted',
    'accepted',
  ],
  unheard('P37', 'a topic of 201 levels', 'a/'.repeat(200)),
  refused('P37', 'a topic of 201 levels', 'a/'.repeat(200)),
  [
    'P38',
    'PUBLISH to __proto__',
    (version) => publish(version, '__proto__'),
    'accepted',
    'accepted',
  ],
  ['P62', 'Topic Alias 0', () => withProperty(0x23, u16(0)), undefined, 'DISCONNECT 0x94'],
  [
    'P63',
    'Topic Alias above the maximum',
    () => withProperty(0x23, u16(17)),
    undefined,
    'DISCONNECT 0x94',
  ],
  [
    'P64',
    'Topic Alias that was never set',
    () => publish(5, '', Buffer.from('x'), 0x23, u16(1)),
    undefined,
    'DISCONNECT 0x82',
  ],
  [
    'P65',
    'Subscription Identifier from a client',
    () => withProperty(0x0b, 1),
    undefined,
    'DISCONNECT 0x82',
  ],
  [
    'P66',
    'Response Topic with a wildcard',
    () => withProperty(0x08, str('a/#')),
    undefined,
    'DISCONNECT 0x82',
  ],
  [
    'P67',
    'payload that is not the UTF-8 that it says it is',
    () => publish(5, 't', 'fffe', 0x01, 1),
    undefined,
    'accepted',
  ],
  ['P68', 'Message Expiry Interval 0', () => withProperty(0x02, u32(0)), undefined, 'accepted'],
  [
    'P68',
    'Message Expiry Interval 4,294,967,295',
    () => withProperty(0x02, u32(0xffffffff)),
    undefined,
    'accepted',
  ],
]);
