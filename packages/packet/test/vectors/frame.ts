import type { Packet } from '../../src/index.ts';
import { noProperties, PacketType } from '../../src/index.ts';
import type { Vector } from './vector.ts';

const beforeConnect: readonly Vector[] = [
  ['PUBACK (P01)', '40 02 0001', 0x82],
  ['PUBLISH that announces 256 MB (P02)', '30 ffffff7f', 0x82],
  ['a PROXY header (P75)', '0d0a0d0a000d0a515549540a', 0x82],
  ['PINGREQ', 'c0 00', 0x82],
  ['CONNECT with wrong flags', '12 0c 0004 4d515454 04 02 003c 0000', 0x81],
  ['CONNECT of 5.0 with wrong flags', '18 0d 0004 4d515454 05 02 003c 00 0000', 0x81],
  ['a greeting of TLS', '16 03 01 0200 0100', 0x81],
  ['CONNECT above the limit (P03)', '10 ffffff7f 00044d5154540402003c', 0x95],
  ['five bytes of length (P04)', '10 ffffffff 01', 0x81],
  ['a length that is not minimal (P05)', '10 8d8000 00044d5154540402003c000161', 0x81],
].map(
  ([name, bytes, error]) =>
    ({ name: `first: ${name}`, version: 0, first: true, bytes, error }) as Vector,
);

const afterConnect: readonly Vector[] = [
  [4, '00 00', 0x81, 'reserved type 0 (P09)'],
  [5, '01 00', 0x81, 'reserved type 0 with flags'],
  [3, 'f0 00', 0x81, 'AUTH in 3.1'],
  [4, 'f0 00', 0x81, 'AUTH in 3.1.1 (P10)'],
  [4, '10 0d 0004 4d515454 04 02 003c 0001 61', 0x82, 'a second CONNECT (P08)'],
  [5, '10 ff', 0x82, 'a second CONNECT, refused at its first byte'],
  [5, '20 03 00 00 00', 0x82, 'CONNACK from a client (P11)'],
  [4, '90 03 0001 00', 0x82, 'SUBACK from a client (P12)'],
  [4, 'b0 02 0001', 0x82, 'UNSUBACK from a client (P12)'],
  [4, 'd0 00', 0x82, 'PINGRESP from a client (P12)'],
  [5, '21 03 00 00 00', 0x81, 'CONNACK with wrong flags'],
  [4, '3e 06 0001 74 0001 78', 0x81, 'PUBLISH with QoS 3 and DUP'],
  [4, '36 06 0001 74 0001 78', 0x81, 'PUBLISH with QoS 3 (P13)'],
  [4, '38 04 0001 74 78', 0x81, 'PUBLISH with QoS 0 and DUP (P14)'],
  [3, '38 04 0001 74 78', 0x81, 'PUBLISH with QoS 0 and DUP in 3.1'],
  [4, '42 02 0001', 0x81, 'PUBACK with flags'],
  [4, '60 02 0001', 0x81, 'PUBREL without its flag (P69)'],
  [4, '6a 02 0001', 0x81, 'PUBREL with DUP in 3.1.1'],
  [4, '80 06 0001 0001 74 00', 0x81, 'SUBSCRIBE without its flag (P27)'],
  [5, '8a 07 0001 00 0001 74 00', 0x81, 'SUBSCRIBE with DUP in 5.0'],
  [3, '80 06 0001 0001 74 00', 0x81, 'SUBSCRIBE without its QoS in 3.1'],
  [3, '64 02 0001', 0x81, 'PUBREL with QoS 2 in 3.1'],
  [3, '36 06 0001 74 0001 78', 0x81, 'PUBLISH with QoS 3 in 3.1'],
  [4, 'a0 05 0001 0001 74', 0x81, 'UNSUBSCRIBE without its flag'],
  [4, 'c1 00', 0x81, 'PINGREQ with flags'],
  [5, 'e8 00', 0x81, 'DISCONNECT with flags'],
  [4, 'c0 01 78', 0x81, 'PINGREQ with a body (P74)'],
  [5, 'c0 8000', 0x81, 'a length of 0 in two bytes'],
  [4, '30 ff00', 0x81, 'a length of 127 in two bytes'],
  [4, '30 80808000', 0x81, 'a length of 0 in four bytes'],
  [4, '30 80808080', 0x81, 'a length of more than four bytes'],
  [4, '30 ffffff7f', 0x95, 'a packet above the limit'],
].map(([version, bytes, error, name]) => ({ name, version, bytes, error }) as Vector);

const acknowledgement = { packetId: 1, reasonCode: 0, properties: noProperties };

/** 3.1 says of these flags that they are not used, not what they have to be. */
const unusedFlags: readonly Vector[] = [
  ['PUBACK', '4f 02 0001', { type: PacketType.puback, ...acknowledgement }],
  ['PUBREC', '54 02 0001', { type: PacketType.pubrec, ...acknowledgement }],
  ['PUBREL, its RETAIN', '63 02 0001', { type: PacketType.pubrel, ...acknowledgement }],
  ['PUBCOMP', '78 02 0001', { type: PacketType.pubcomp, ...acknowledgement }],
  ['PINGREQ', 'c2 00', { type: PacketType.pingreq }],
  ['DISCONNECT', 'e1 00', { type: PacketType.disconnect, reasonCode: 0, properties: noProperties }],
].map(([name, bytes, packet]) => ({
  name: `unused flags of ${name as string}`,
  version: 3,
  bytes: bytes as string,
  packet: packet as Packet,
  oneWay: true,
}));

/** The fixed header, whatever stands behind it. */
export const frameVectors: readonly Vector[] = [
  ...beforeConnect,
  ...afterConnect,
  ...unusedFlags,
  {
    name: 'unused flags of CONNECT',
    version: 3,
    first: true,
    bytes: '1f 0f 0006 4d5149736470 03 02 003c 0001 61',
    packet: {
      type: PacketType.connect,
      protocolVersion: 3,
      cleanStart: true,
      keepAlive: 60,
      clientId: 'a',
      properties: noProperties,
    },
    oneWay: true,
  },
  { name: 'CONNECT from a server', version: 5, role: 'client', bytes: '10 00', error: 0x82 },
  { name: 'SUBSCRIBE from a server', version: 5, role: 'client', bytes: '82 00', error: 0x82 },
  { name: 'UNSUBSCRIBE from a server', version: 5, role: 'client', bytes: 'a2 00', error: 0x82 },
  { name: 'PINGREQ from a server', version: 5, role: 'client', bytes: 'c0 00', error: 0x82 },
  { name: 'DISCONNECT from a 3.1.1 server', version: 4, role: 'client', bytes: 'e0', error: 0x82 },
  {
    name: 'one byte above the limit',
    version: 4,
    bytes: '30 04 0001 74 78',
    maxPacketBytes: 5,
    error: 0x95,
  },
];
