import { type ConnackPacket, noProperties, PacketType } from '../../src/index.ts';
import type { Vector } from './vector.ts';

const { connack, pingreq, pingresp, disconnect, auth } = PacketType;
const client = { role: 'client' } as const;
const accepted: ConnackPacket = {
  type: connack,
  sessionPresent: false,
  reasonCode: 0,
  properties: noProperties,
};

const valid: readonly Vector[] = [
  { name: 'CONNACK, 5.0', version: 5, ...client, bytes: '20 03 00 00 00', packet: accepted },
  {
    name: 'CONNACK 87',
    version: 5,
    ...client,
    bytes: '20 03 00 87 00',
    packet: { ...accepted, reasonCode: 0x87 },
  },
  {
    name: 'CONNACK with every property',
    version: 5,
    ...client,
    bytes: `20 3d 01 00 3a 11 00000001 21 0014 24 01 25 00 27 00000400 12 0001 61 22 000a 1f 0001 72
      26 0000 0000 28 00 29 00 2a 00 13 000a 1a 0001 69 1c 0001 73 15 0001 6d 16 0001 64`,
    packet: {
      ...accepted,
      sessionPresent: true,
      properties: {
        sessionExpiryInterval: 1,
        receiveMaximum: 20,
        maximumQos: 1,
        retainAvailable: 0,
        maximumPacketSize: 1024,
        assignedClientIdentifier: 'a',
        topicAliasMaximum: 10,
        reasonString: 'r',
        userProperties: [['', '']],
        wildcardSubscriptionAvailable: 0,
        subscriptionIdentifierAvailable: 0,
        sharedSubscriptionAvailable: 0,
        serverKeepAlive: 10,
        responseInformation: 'i',
        serverReference: 's',
        authenticationMethod: 'm',
        authenticationData: Uint8Array.of(0x64),
      },
    },
  },
  {
    name: 'CONNACK, 3.1.1, session present',
    version: 4,
    ...client,
    bytes: '20 02 01 00',
    packet: { ...accepted, sessionPresent: true },
  },
  {
    name: 'CONNACK, 3.1: the first byte is unused',
    version: 3,
    ...client,
    bytes: '20 02 01 05',
    packet: { ...accepted, reasonCode: 5 },
    oneWay: true,
  },
  { name: 'PINGREQ', version: 4, bytes: 'c0 00', packet: { type: pingreq } },
  { name: 'PINGRESP', version: 4, ...client, bytes: 'd0 00', packet: { type: pingresp } },
  {
    name: 'DISCONNECT, 3.1.1',
    version: 4,
    bytes: 'e0 00',
    packet: { type: disconnect, reasonCode: 0, properties: noProperties },
  },
  {
    name: 'DISCONNECT, 5.0',
    version: 5,
    bytes: 'e0 00',
    packet: { type: disconnect, reasonCode: 0, properties: noProperties },
  },
  {
    name: 'DISCONNECT with will',
    version: 5,
    bytes: 'e0 01 04',
    packet: { type: disconnect, reasonCode: 4, properties: noProperties },
  },
  {
    name: 'DISCONNECT, success written out',
    version: 5,
    bytes: 'e0 02 00 00',
    packet: { type: disconnect, reasonCode: 0, properties: noProperties },
    oneWay: true,
  },
  {
    name: 'DISCONNECT 8b from a server',
    version: 5,
    ...client,
    bytes: 'e0 02 8b 00',
    packet: { type: disconnect, reasonCode: 0x8b, properties: noProperties },
    oneWay: true,
  },
  {
    name: 'DISCONNECT with a session expiry interval of 0',
    version: 5,
    bytes: 'e0 07 00 05 11 00000000',
    packet: { type: disconnect, reasonCode: 0, properties: { sessionExpiryInterval: 0 } },
  },
  {
    name: 'DISCONNECT with a server reference, from a server',
    version: 5,
    ...client,
    bytes: 'e0 0a 9d 08 1c 0001 73 1f 0001 72',
    packet: {
      type: disconnect,
      reasonCode: 0x9d,
      properties: { serverReference: 's', reasonString: 'r' },
    },
  },
  {
    name: 'AUTH, continue',
    version: 5,
    bytes: 'f0 10 18 0e 15 000b 534352414d2d5348412d31 (SCRAM-SHA-1)',
    packet: { type: auth, reasonCode: 0x18, properties: { authenticationMethod: 'SCRAM-SHA-1' } },
  },
  {
    name: 'AUTH, success with data from a server',
    version: 5,
    ...client,
    bytes: 'f0 0a 00 08 15 0001 6d 16 0001 ff',
    packet: {
      type: auth,
      reasonCode: 0,
      properties: { authenticationMethod: 'm', authenticationData: Uint8Array.of(255) },
    },
  },
];

const refused: readonly Vector[] = [
  [4, 'e0 01 00', 0x81, 'DISCONNECT with a body in 3.1.1'],
  [5, 'e0 01 03', 0x82, 'DISCONNECT code 03'],
  [5, 'e0 01 87', 0x82, 'DISCONNECT code 87 from a client'],
  [5, 'e0 06 00 04 1c 0001 78', 0x82, 'DISCONNECT with a server reference from a client (P72)'],
  [5, 'e0 03 00 00 00', 0x81, 'DISCONNECT with bytes left over'],
  [5, 'e0 02 00 05', 0x81, 'DISCONNECT with a property length beyond the end'],
  [5, 'f0 00', 0x82, 'AUTH without a method, empty form'],
  [5, 'f0 01 18', 0x81, 'AUTH without a property length'],
  [5, 'f0 02 18 00', 0x82, 'AUTH without a method'],
  [5, 'f0 06 00 04 15 0001 6d', 0x82, 'AUTH success from a client'],
  [5, 'f0 06 01 04 15 0001 6d', 0x82, 'AUTH code 01'],
  [5, 'f0 07 18 04 15 0001 6d 00', 0x81, 'AUTH with bytes left over'],
  [5, 'f0 0a 18 08 15 0001 6d 15 0001 6d', 0x82, 'AUTH with two methods'],
].map(([version, bytes, error, name]) => ({ name, version, bytes, error }) as Vector);

const refusedByClient: readonly Vector[] = [
  [5, '20 02 00 00', 0x81, 'CONNACK without a property length'],
  [5, '20 03 02 00 00', 0x81, 'CONNACK with reserved flags'],
  [4, '20 02 80 00', 0x81, 'CONNACK with reserved flags, 3.1.1'],
  [4, '20 03 00 00 00', 0x81, 'CONNACK of three bytes in 3.1.1'],
  [4, '20 01 00', 0x81, 'CONNACK of one byte'],
  [5, '20 03 01 87 00', 0x82, 'CONNACK with a session in a refusal'],
  [4, '20 02 01 05', 0x82, 'CONNACK with a session in a refusal, 3.1.1'],
  [5, '20 03 00 05 00', 0x82, 'CONNACK code 05 in 5.0'],
  [4, '20 02 00 06', 0x82, 'CONNACK return code 6'],
  [5, '20 05 00 00 02 24 02', 0x82, 'CONNACK with maximum QoS 2'],
  [5, '20 05 00 00 02 25 02', 0x82, 'CONNACK with retain available 2'],
  [5, '20 08 00 00 05 18 00000000', 0x82, 'CONNACK with a will delay interval'],
  [5, 'e0 01 04', 0x82, 'DISCONNECT code 04 from a server'],
  [5, 'e0 07 00 05 11 00000000', 0x82, 'DISCONNECT with a session expiry from a server'],
  [5, 'f0 06 19 04 15 0001 6d', 0x82, 'AUTH re-authenticate from a server'],
  [4, 'd0 01 00', 0x81, 'PINGRESP with a body'],
].map(([version, bytes, error, name]) => ({ ...client, name, version, bytes, error }) as Vector);

export const sessionVectors: readonly Vector[] = [...valid, ...refused, ...refusedByClient];
