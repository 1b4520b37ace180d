import { noProperties, PacketType, type SubscriptionRequest } from '../../src/index.ts';
import type { Vector } from './vector.ts';

const { subscribe, suback, unsubscribe, unsuback } = PacketType;
const request: SubscriptionRequest = {
  filter: 'a/b',
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
};
const client = { role: 'client' } as const;
const none = { packetId: 10, properties: noProperties };

const valid: readonly Vector[] = [
  {
    name: 'SUBSCRIBE, 5.0',
    version: 5,
    bytes: '82 09 000a 00 (properties) 0003 612f62 01',
    packet: { type: subscribe, ...none, subscriptions: [request] },
  },
  {
    name: 'SUBSCRIBE, 3.1.1',
    version: 4,
    bytes: '82 08 000a 0003 612f62 01',
    packet: { type: subscribe, ...none, subscriptions: [request] },
  },
  {
    name: 'SUBSCRIBE sent again by a 3.1 client, upper bits unused',
    version: 3,
    bytes: '8a 08 000a 0003 612f62 fd',
    packet: { type: subscribe, ...none, subscriptions: [request] },
    oneWay: true,
  },
  {
    name: 'SUBSCRIBE with all options',
    version: 5,
    bytes: `82 1a 000a 0d 0b ffffff7f (identifier) 26 0001 61 0002 6263
      0001 23 2e (QoS 2, no local, as published, retain handling 2) 0003 2b2f62 10`,
    packet: {
      type: subscribe,
      packetId: 10,
      properties: { subscriptionIdentifier: 268_435_455, userProperties: [['a', 'bc']] },
      subscriptions: [
        { filter: '#', qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 },
        { ...request, filter: '+/b', qos: 0, retainHandling: 1 },
      ],
    },
  },
  {
    name: 'filters that the broker has to judge (P31, P32)',
    version: 4,
    bytes: '82 1a 0001 0005 612f232f62 00 0002 612b 00 0008 2473686172652f2f 00',
    packet: {
      type: subscribe,
      packetId: 1,
      properties: noProperties,
      subscriptions: [
        { ...request, filter: 'a/#/b', qos: 0 },
        { ...request, filter: 'a+', qos: 0 },
        { ...request, filter: '$share//', qos: 0 },
      ],
    },
  },
  {
    name: 'SUBACK, 5.0',
    version: 5,
    ...client,
    bytes: '90 06 000a 00 01 87 a2',
    packet: { type: suback, ...none, reasonCodes: [1, 0x87, 0xa2] },
  },
  {
    name: 'SUBACK, 3.1.1',
    version: 4,
    ...client,
    bytes: '90 06 000a 00 01 02 80',
    packet: { type: suback, ...none, reasonCodes: [0, 1, 2, 0x80] },
  },
  {
    name: 'UNSUBSCRIBE, 5.0',
    version: 5,
    bytes: 'a2 08 000b 00 0003 612f62',
    packet: { type: unsubscribe, packetId: 11, properties: noProperties, filters: ['a/b'] },
  },
  {
    name: 'UNSUBSCRIBE, 3.1.1',
    version: 4,
    bytes: 'a2 0a 000b 0003 612f62 0001 23',
    packet: { type: unsubscribe, packetId: 11, properties: noProperties, filters: ['a/b', '#'] },
  },
  {
    name: 'UNSUBSCRIBE sent again by a 3.1 client',
    version: 3,
    bytes: 'aa 07 000b 0003 612f62',
    packet: { type: unsubscribe, packetId: 11, properties: noProperties, filters: ['a/b'] },
    oneWay: true,
  },
  {
    name: 'UNSUBACK, 5.0',
    version: 5,
    ...client,
    bytes: 'b0 0a 000a 05 1f 0002 6e6f (no) 00 11',
    packet: {
      type: unsuback,
      packetId: 10,
      properties: { reasonString: 'no' },
      reasonCodes: [0, 17],
    },
  },
  {
    name: 'UNSUBACK, 3.1.1',
    version: 4,
    ...client,
    bytes: 'b0 02 000a',
    packet: { type: unsuback, ...none, reasonCodes: [] },
  },
];

const refused: readonly Vector[] = [
  [5, '82 06 0001 00 0001 74', 0x81, 'SUBSCRIBE truncated after the filter (P25)'],
  [4, '82 02 0001', 0x82, 'SUBSCRIBE without a filter (P26)'],
  [5, '82 03 0001 00', 0x82, 'SUBSCRIBE without a filter, 5.0'],
  [4, '82 01 00', 0x81, 'SUBSCRIBE with half an id'],
  [4, '82 06 0000 0001 74 00', 0x82, 'SUBSCRIBE id 0 (P28)'],
  [5, '82 07 0001 00 0001 74 c3', 0x81, 'reserved options (P29)'],
  [5, '82 07 0001 00 0001 74 40', 0x81, 'one reserved option'],
  [5, '82 07 0001 00 0001 74 03', 0x82, 'QoS 3 (P29)'],
  [5, '82 07 0001 00 0001 74 30', 0x82, 'retain handling 3 (P30)'],
  [4, '82 06 0001 0001 74 03', 0x81, 'QoS 3 in 3.1.1'],
  [3, '82 06 0001 0001 74 03', 0x81, 'QoS 3 in 3.1'],
  [4, '82 06 0001 0001 74 04', 0x81, 'an option of 5.0 in 3.1.1'],
  [4, '82 05 0001 0000 00', 0x81, 'empty filter (P31)'],
  [4, '82 06 0001 0001 00 00', 0x81, 'U+0000 in a filter'],
  [4, '82 06 0001 0001 fe 00', 0x81, 'ill-formed UTF-8 in a filter'],
  [4, '82 06 0001 0001 09 00', 0x81, 'a control character in a filter'],
  [4, '82 06 0001 0009 74 00', 0x81, 'filter beyond the end'],
  [5, '82 10 0001 00 000a 2473686172652f672f74 05', 0x82, 'No Local on a shared filter (P33)'],
  [5, '82 09 0001 02 0b 00 0001 74 00', 0x82, 'subscription identifier 0 (P34)'],
  [5, '82 0b 0001 04 0b 01 0b 02 0001 74 00', 0x82, 'two subscription identifiers (P35)'],
  [5, '82 0c 0001 05 0b 80808080 0001 74 00', 0x81, 'an identifier of five bytes'],
  [5, '82 0a 0001 03 23 0001 0001 74 00', 0x82, 'a property of PUBLISH in SUBSCRIBE'],
  [4, 'a2 02 0001', 0x82, 'UNSUBSCRIBE without a filter (P73)'],
  [5, 'a2 03 0001 00', 0x82, 'UNSUBSCRIBE without a filter, 5.0'],
  [4, 'a2 05 0000 0001 74', 0x82, 'UNSUBSCRIBE id 0'],
  [4, 'a2 04 0001 0000', 0x81, 'UNSUBSCRIBE with an empty filter'],
  [5, 'a2 08 0001 02 0b 01 0001 74', 0x82, 'a property of SUBSCRIBE in UNSUBSCRIBE'],
].map(([version, bytes, error, name]) => ({ name, version, bytes, error }) as Vector);

const refusedByClient: readonly Vector[] = [
  [5, '90 04 0001 00 03', 0x82, 'SUBACK code 03'],
  [4, '90 03 0001 87', 0x82, 'SUBACK code 87 in 3.1.1'],
  [5, '90 03 0001 00', 0x81, 'SUBACK without a code'],
  [4, '90 02 0001', 0x81, 'SUBACK without a code, 3.1.1'],
  [5, '90 04 0000 00 00', 0x82, 'SUBACK id 0'],
  [5, 'b0 03 0001 00', 0x81, 'UNSUBACK without a code'],
  [5, 'b0 04 0001 00 01', 0x82, 'UNSUBACK code 01'],
  [4, 'b0 03 0001 00', 0x81, 'UNSUBACK with a code in 3.1.1'],
].map(([version, bytes, error, name]) => ({ ...client, name, version, bytes, error }) as Vector);

export const subscribeVectors: readonly Vector[] = [...valid, ...refused, ...refusedByClient];
