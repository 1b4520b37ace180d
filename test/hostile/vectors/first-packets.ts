import { bytes, props, rawConnect, rawPacket, rawWill, str, u16, u32 } from './parts.ts';
import { type Vector, type Version, vectors } from './vector.ts';

/** A 5.0 CONNECT with these properties. */
const withProperties = (...parts: readonly (number | string | Uint8Array)[]) =>
  rawConnect(5, { properties: props(...parts), payload: [str('a')] });

const connect = (version: Version, flags: number, ...payload: (Uint8Array | string)[]) =>
  rawConnect(version, { flags, payload });

const willTo = (version: Version, topic: string) =>
  rawConnect(version, { flags: 0x06, payload: [str('a'), rawWill(version, topic)] });

const userProperty = bytes(0x26, str('a'), str('a'));

/** Packets in place of CONNECT, and CONNECT packets that are wrong or unusual. */
export const firstPackets: readonly Vector[] = vectors('first', [
  ['P01', 'PUBACK as the first packet', () => bytes('40 02 0001'), 'closed', 'closed'],
  ['P02', 'PUBLISH of 256 MB as the first packet', () => bytes('30 ffffff7f'), 'closed', 'closed'],
  [
    'P03',
    'CONNECT of 256 MB that never comes',
    () => bytes('10 ffffff7f', str('MQTT'), '04 02 003c'),
    'closed',
    'closed',
  ],
  ['P04', 'Remaining Length of five bytes', () => bytes('10 ffffffff01'), 'closed', 'closed'],
  [
    'P05',
    'Remaining Length that is longer than it need be',
    (version) =>
      bytes('10', version === 5 ? '8e8000' : '8d8000', connect(version, 2, str('a')).subarray(2)),
    'closed',
    'closed',
  ],
  [
    'P06',
    'Property Length of five bytes',
    () => rawPacket(0x10, str('MQTT'), '05 02 003c', 'ffffffff01', str('a')),
    undefined,
    'CONNACK 0x81',
  ],
  [
    'P07',
    'client identifier longer than the packet',
    (version) => connect(version, 2, u16(60), '003c00'),
    'closed',
    'CONNACK 0x81',
  ],
  ['P09', 'reserved packet type 0 as the first packet', () => bytes('0000'), 'closed', 'closed'],
  ['P11', 'CONNACK as the first packet', () => bytes('20 03 00 00 00'), 'closed', 'closed'],
  [
    'P39',
    'client identifier __proto__',
    (version) => connect(version, 2, str('__proto__')),
    'CONNACK 0x00',
    'CONNACK 0x00',
  ],
  [
    'P39',
    'user name __proto__',
    (version) => connect(version, 0x82, str('a'), str('__proto__')),
    'CONNACK 0x00',
    'CONNACK 0x00',
  ],
  [
    'P40',
    'Session Expiry Interval twice',
    () => withProperties(0x11, u32(10), 0x11, u32(10)),
    undefined,
    'CONNACK 0x82',
  ],
  ['P41', 'property 0x7f', () => withProperties(0x7f, 0), undefined, 'CONNACK 0x81'],
  ['P42', 'Topic Alias in CONNECT', () => withProperties(0x23, u16(1)), undefined, 'CONNACK 0x82'],
  ['P43', 'Receive Maximum 0', () => withProperties(0x21, u16(0)), undefined, 'CONNACK 0x82'],
  ['P44', 'Maximum Packet Size 0', () => withProperties(0x27, u32(0)), undefined, 'CONNACK 0x82'],
  [
    'P45',
    'Request Problem Information 2',
    () => withProperties(0x17, 2),
    undefined,
    'CONNACK 0x82',
  ],
  [
    'P46',
    'Authentication Data without a method',
    () => withProperties(0x16, str('x')),
    undefined,
    'CONNACK 0x82',
  ],
  [
    'P47',
    'properties longer than the packet',
    () => rawPacket(0x10, str('MQTT'), '05 02 003c', '7f 11 0000000a', str('a')),
    undefined,
    'CONNACK 0x81',
  ],
  [
    'P48',
    'User Property cut in the middle',
    () => withProperties('26 0005 6162'),
    undefined,
    'CONNACK 0x81',
  ],
  [
    'P49',
    'CONNECT with 8,000 User Properties',
    () => withProperties(...new Array<Uint8Array>(8_000).fill(userProperty)),
    undefined,
    'CONNACK 0x97',
  ],
  [
    'P50',
    'properties of CONNECT in a will',
    () =>
      rawConnect(5, {
        flags: 0x06,
        payload: [str('a'), rawWill(5, 'w', 'x', props(0x11, u32(10)))],
      }),
    undefined,
    'CONNACK 0x82',
  ],
  [
    'P51',
    'will of QoS 3',
    (version) => connect(version, 0x1e, str('a'), rawWill(version, 'w')),
    'closed',
    'CONNACK 0x81',
  ],
  [
    'P52',
    'Will Retain without a will',
    (version) => connect(version, 0x2a, str('a')),
    'closed',
    'CONNACK 0x81',
  ],
  [
    'P52',
    'Will QoS without a will',
    (version) => connect(version, 0x0a, str('a')),
    'closed',
    'CONNACK 0x81',
  ],
  [
    'P53',
    'reserved flag of CONNECT',
    (version) => connect(version, 0x03, str('a')),
    'closed',
    'CONNACK 0x81',
  ],
  [
    'P54',
    'password without a user name',
    (version) => connect(version, 0x42, str('a'), str('p')),
    'closed',
    'CONNACK 0x00',
  ],
  [
    'P55',
    'empty user name and password',
    (version) => connect(version, 0xc2, str('a'), str(''), str('')),
    'CONNACK 0x00',
    'CONNACK 0x00',
  ],
  ['P56', 'will to a filter', (version) => willTo(version, 'a/#'), 'closed', 'CONNACK 0x90'],
  ['P56', 'will to no topic', (version) => willTo(version, ''), 'closed', 'CONNACK 0x90'],
  [
    'P56',
    'will to $CONTROL',
    (version) => willTo(version, '$CONTROL/x'),
    'CONNACK 0x00',
    'CONNACK 0x00',
  ],
  ['P56', 'will to $SYS', (version) => willTo(version, '$SYS/x'), 'closed', 'CONNACK 0x90'],
  [
    'P57',
    'will delay beyond the end of the session',
    () =>
      rawConnect(5, {
        flags: 0x06,
        payload: [str('a'), rawWill(5, 'w', 'x', props(0x18, u32(60)))],
      }),
    undefined,
    'CONNACK 0x00',
  ],
  [
    'P58',
    'protocol name MQIsdp with level 4',
    () => rawConnect(4, { protocolName: 'MQIsdp', payload: [str('a')] }),
    'CONNACK 0x01',
    undefined,
  ],
  [
    'P58',
    'protocol level 6',
    () => rawConnect(5, { level: 6, payload: [str('a')] }),
    undefined,
    'CONNACK 0x84',
  ],
  [
    'P58',
    'protocol name longer than the packet',
    () => rawPacket(0x10, 'ffff', Buffer.from('MQTT')),
    'closed',
    'closed',
  ],
  [
    'P59',
    'no client identifier, and the session is to stay',
    (version) => connect(version, 0, str('')),
    'CONNACK 0x02',
    'CONNACK 0x00',
  ],
  ...['#', '+', 'a/b', '%c'].map(
    (clientId) =>
      [
        'P60',
        `client identifier ${clientId}`,
        (version: Version) => connect(version, 2, str(clientId)),
        'CONNACK 0x00',
        'CONNACK 0x00',
      ] as const,
  ),
  [
    'P75',
    'PROXY v2 header that nobody asked for',
    () => bytes('0d0a0d0a000d0a515549540a 2111000f 7f000001 7f000001 04d2 075b 20ffff'),
    'closed',
    'closed',
  ],
]);
