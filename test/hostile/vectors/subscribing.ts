import { bytes, properties, props, rawPacket, str, subscribe, u16, unsubscribe } from './parts.ts';
import { type Outcome, type Vector, type Version, vectors } from './vector.ts';

const filter = (id: string, topicFilter: string, v4: Outcome, v5: Outcome) =>
  [
    id,
    `SUBSCRIBE to ${topicFilter === '' ? 'an empty filter' : topicFilter}`,
    (version: Version) => subscribe(version, 0, topicFilter),
    v4,
    v5,
  ] as const;

const withProperties = (...parts: (number | Uint8Array)[]) =>
  rawPacket(0x82, u16(1), props(...parts), str('t'), 0);

/** SUBSCRIBE and UNSUBSCRIBE packets that are wrong or unusual. */
export const subscribing: readonly Vector[] = vectors('connected', [
  [
    'P25',
    'SUBSCRIBE cut behind its filter',
    (version) => rawPacket(0x82, u16(1), properties(version), str('t')),
    'closed',
    'DISCONNECT 0x81',
  ],
  [
    'P26',
    'SUBSCRIBE without filters',
    (version) => rawPacket(0x82, u16(1), properties(version)),
    'closed',
    'DISCONNECT 0x82',
  ],
  [
    'P27',
    'SUBSCRIBE with flags 0',
    (version) => rawPacket(0x80, u16(1), properties(version), str('t'), 0),
    'closed',
    'DISCONNECT 0x81',
  ],
  [
    'P28',
    'SUBSCRIBE with packet identifier 0',
    (version) => rawPacket(0x82, u16(0), properties(version), str('t'), 0),
    'closed',
    'DISCONNECT 0x82',
  ],
  [
    'P29',
    'SUBSCRIBE with QoS 3',
    (version) => subscribe(version, 3, 't'),
    'closed',
    'DISCONNECT 0x82',
  ],
  [
    'P29',
    'SUBSCRIBE with reserved options',
    (version) => subscribe(version, 0xc0, 't'),
    'closed',
    'DISCONNECT 0x81',
  ],
  ['P30', 'Retain Handling 3', () => subscribe(5, 0x30, 't'), undefined, 'DISCONNECT 0x82'],
  ...['a/#/b', 'a+', '##'].map((one) => filter('P31', one, 'SUBACK 0x80', 'SUBACK 0x8f')),
  filter('P31', '', 'closed', 'DISCONNECT 0x81'),
  // Without a slash it is a filter like any other.
  filter('P32', '$share', 'SUBACK 0x00', 'SUBACK 0x00'),
  ...['$share/', '$share//t', '$share/g', '$share/g/', '$share/+/t'].map((one) =>
    filter('P32', one, 'SUBACK 0x80', 'SUBACK 0x8f'),
  ),
  [
    'P33',
    'No Local with a shared subscription',
    () => subscribe(5, 0x05, '$share/g/t'),
    undefined,
    'DISCONNECT 0x82',
  ],
  ['P34', 'Subscription Identifier 0', () => withProperties(0x0b, 0), undefined, 'DISCONNECT 0x82'],
  [
    'P35',
    'two Subscription Identifiers',
    () => withProperties(0x0b, 1, 0x0b, 2),
    undefined,
    'DISCONNECT 0x82',
  ],
  [
    'P36',
    'SUBSCRIBE to 65,535 slashes',
    (version) => subscribe(version, 0, '/'.repeat(65_535)),
    'SUBACK 0x80',
    'SUBACK 0x8f',
  ],
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty'].map((one) =>
    filter('P38', one, 'SUBACK 0x00', 'SUBACK 0x00'),
  ),
  [
    'P73',
    'UNSUBSCRIBE without filters',
    (version) => rawPacket(0xa2, u16(1), properties(version)),
    'closed',
    'DISCONNECT 0x82',
  ],
  [
    'P73',
    'UNSUBSCRIBE of a malformed filter',
    (version) => unsubscribe(version, 'a/#/b'),
    'UNSUBACK',
    'UNSUBACK 0x11',
  ],
  [
    'P73',
    'UNSUBSCRIBE of a shared filter that is subscribed plainly',
    (version) => bytes(subscribe(version, 0, 't'), unsubscribe(version, '$share/g/t')),
    'SUBACK 0x00, UNSUBACK',
    'SUBACK 0x00, UNSUBACK 0x11',
  ],
]);
