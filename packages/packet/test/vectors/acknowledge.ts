import {
  type AcknowledgementPacket,
  noProperties,
  PacketType,
  type ReasonCode,
} from '../../src/index.ts';
import type { Vector } from './vector.ts';

const { puback, pubrec, pubrel, pubcomp } = PacketType;

function packet(
  type: AcknowledgementPacket['type'],
  reasonCode: ReasonCode = 0,
): AcknowledgementPacket {
  return { type, packetId: 10, reasonCode, properties: noProperties };
}

const short: readonly Vector[] = ([3, 4, 5] as const).flatMap((version): Vector[] => [
  { name: `PUBACK, ${version}`, version, bytes: '40 02 000a', packet: packet(puback) },
  { name: `PUBREC, ${version}`, version, bytes: '50 02 000a', packet: packet(pubrec) },
  { name: `PUBREL, ${version}`, version, bytes: '62 02 000a', packet: packet(pubrel) },
  { name: `PUBCOMP, ${version}`, version, bytes: '70 02 000a', packet: packet(pubcomp) },
  { name: `PUBACK id 0, ${version}`, version, bytes: '40 02 0000', error: 0x82 },
  { name: `PUBREL id 0, ${version}`, version, bytes: '62 02 0000', error: 0x82 },
  { name: `PUBACK without id, ${version}`, version, bytes: '40 00', error: 0x81 },
  { name: `PUBCOMP with half an id, ${version}`, version, bytes: '70 01 00', error: 0x81 },
]);

const long: readonly Vector[] = [
  { name: 'with a code', version: 5, bytes: '40 03 000a 80', packet: packet(puback, 0x80) },
  { name: 'PUBREL 92', version: 5, bytes: '62 03 000a 92', packet: packet(pubrel, 0x92) },
  { name: 'PUBCOMP 92', version: 5, bytes: '70 03 000a 92', packet: packet(pubcomp, 0x92) },
  {
    name: 'no matching subscribers, from a server',
    version: 5,
    role: 'client',
    bytes: '50 03 000a 10',
    packet: packet(pubrec, 0x10),
  },
  {
    name: 'success written out',
    version: 5,
    bytes: '40 03 000a 00',
    packet: packet(puback),
    oneWay: true,
  },
  {
    name: 'empty properties written out',
    version: 5,
    bytes: '50 04 000a 97 00',
    packet: packet(pubrec, 0x97),
    oneWay: true,
  },
  {
    name: 'reason string and user property',
    version: 5,
    bytes: '40 10 000a 00 0c 1f 0002 6e6f (no) 26 0001 61 0001 62',
    packet: {
      type: puback,
      packetId: 10,
      reasonCode: 0,
      properties: { reasonString: 'no', userProperties: [['a', 'b']] },
    },
  },
  {
    name: 'PUBREL sent again by a 3.1 client',
    version: 3,
    bytes: '6a 02 000a',
    packet: packet(pubrel),
    oneWay: true,
  },
];

const refused: readonly Vector[] = [
  [4, '40 03 0001 00', 0x81, 'PUBACK of three bytes in 3.1.1'],
  [3, '62 03 0001 00', 0x81, 'PUBREL of three bytes in 3.1'],
  [5, '40 03 0001 03', 0x82, 'PUBACK code 03 (P70)'],
  [5, '40 03 0001 10', 0x82, 'PUBACK code 10 from a client'],
  [5, '50 03 0001 92', 0x82, 'PUBREC code 92'],
  [5, '62 03 0001 80', 0x82, 'PUBREL code 80'],
  [5, '70 03 0001 10', 0x82, 'PUBCOMP code 10'],
  [5, '40 04 0001 03 00', 0x82, 'PUBACK code 03 in the long form'],
  [5, '40 05 0001 00 00 78', 0x81, 'bytes left over'],
  [5, '40 05 0001 00 02 1f', 0x81, 'property length beyond the end'],
  [5, '40 07 0001 00 03 23 0001', 0x82, 'a property of PUBLISH'],
  [5, '40 0a 0001 00 06 1f0000 1f0000', 0x82, 'reason string twice'],
].map(([version, bytes, error, name]) => ({ name, version, bytes, error }) as Vector);

export const acknowledgeVectors: readonly Vector[] = [...short, ...long, ...refused];
