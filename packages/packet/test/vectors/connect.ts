import { type ConnectPacket, noProperties, PacketType } from '../../src/index.ts';
import { utf8, type Vector } from './vector.ts';

const mqtt = '0004 4d515454 (MQTT)';
const plain: ConnectPacket = {
  type: PacketType.connect,
  protocolVersion: 5,
  cleanStart: true,
  keepAlive: 60,
  clientId: 'a',
  properties: noProperties,
};
const v4: ConnectPacket = { ...plain, protocolVersion: 4 };
const v3: ConnectPacket = { ...plain, protocolVersion: 3 };

/** A CONNECT of 5.0 from its property length on. */
function with5(name: string, rest: string, error: number): Vector {
  const length = rest.replace(/\([^)]*\)|\s/g, '').length / 2 + 10;
  const head = `10 ${length.toString(16).padStart(2, '0')} ${mqtt} 05 02 003c`;
  return { name, version: 5, first: true, bytes: `${head} ${rest}`, error };
}

const valid: readonly Vector[] = [
  {
    name: '5.0, empty client id',
    version: 5,
    first: true,
    bytes: `10 0d ${mqtt} 05 (level) 02 (clean start) 003c (keep alive) 00 (properties) 0000 (id)`,
    packet: { ...plain, clientId: '' },
  },
  {
    name: '3.1.1, empty client id',
    version: 4,
    first: true,
    bytes: `10 0c ${mqtt} 04 (level) 02 (clean session) 003c (keep alive) 0000 (id)`,
    packet: { ...v4, clientId: '' },
  },
  {
    name: '3.1, client id a',
    version: 3,
    first: true,
    bytes: '10 0f 0006 4d5149736470 (MQIsdp) 03 02 003c 0001 61 (id)',
    packet: v3,
  },
  {
    name: '5.0 with everything',
    version: 5,
    first: true,
    bytes: `10 72 ${mqtt} 05 f6 (all but will QoS 2 and bit 0) ffff (keep alive)
      2e (46 bytes of properties)
        11 ffffffff (session expiry interval) 21 0001 (receive maximum)
        27 00010000 (maximum packet size) 22 000a (topic alias maximum)
        19 01 (request response information) 17 00 (request problem information)
        26 0001 61 0001 62 (user property a: b) 26 0001 61 0000 (and a again)
        15 0005 504c41494e (authentication method PLAIN) 16 0002 00ff (data)
      0001 61 (client id)
      28 (40 bytes of will properties)
        18 0000000a (delay) 01 01 (payload format) 02 00000001 (expiry)
        03 0001 74 (content type) 08 0001 72 (response topic) 09 0001 00 (correlation data)
        26 0001 6b 0001 76 (user property) 26 0002 6b32 0002 7632 (another)
      0001 77 (will topic) 0002 6869 (will payload) 0001 75 (user name) 0001 70 (password)`,
    packet: {
      ...plain,
      keepAlive: 65_535,
      properties: {
        sessionExpiryInterval: 0xffff_ffff,
        receiveMaximum: 1,
        maximumPacketSize: 65_536,
        topicAliasMaximum: 10,
        requestResponseInformation: 1,
        requestProblemInformation: 0,
        userProperties: [
          ['a', 'b'],
          ['a', ''],
        ],
        authenticationMethod: 'PLAIN',
        authenticationData: Uint8Array.of(0, 255),
      },
      will: {
        topic: 'w',
        payload: utf8('hi'),
        qos: 2,
        retain: true,
        properties: {
          willDelayInterval: 10,
          payloadFormatIndicator: 1,
          messageExpiryInterval: 1,
          contentType: 't',
          responseTopic: 'r',
          correlationData: Uint8Array.of(0),
          userProperties: [
            ['k', 'v'],
            ['k2', 'v2'],
          ],
        },
      },
      userName: 'u',
      password: utf8('p'),
    },
  },
  {
    name: '3.1.1 with will, user name and password',
    version: 4,
    first: true,
    bytes: `10 1a ${mqtt} 04 ce (user, password, will QoS 1, will, clean) 0000
      0001 61 (id) 0001 77 (will topic) 0000 (will message) 0001 75 (user) 0003 00ff70 (password)`,
    packet: {
      ...v4,
      keepAlive: 0,
      will: { topic: 'w', payload: utf8(''), qos: 1, retain: false, properties: noProperties },
      userName: 'u',
      password: Uint8Array.of(0, 255, 0x70),
    },
  },
  {
    name: 'user name and password may be empty',
    version: 4,
    first: true,
    bytes: `10 11 ${mqtt} 04 c2 003c 0001 61 0000 (user name) 0000 (password)`,
    packet: { ...v4, userName: '', password: utf8('') },
  },
  {
    name: '5.0 allows a password without a user name',
    version: 5,
    first: true,
    bytes: `10 11 ${mqtt} 05 42 003c 00 0001 61 0001 70 (password)`,
    packet: { ...plain, password: utf8('p') },
  },
  {
    name: 'a client id keeps a leading U+FEFF',
    version: 4,
    first: true,
    bytes: `10 0f ${mqtt} 04 02 003c 0003 efbbbf`,
    packet: { ...v4, clientId: '\ufeff' },
  },
  {
    name: '3.1: bit 0 of the flags is unused',
    version: 3,
    first: true,
    bytes: '10 0f 0006 4d5149736470 03 03 003c 0001 61',
    packet: v3,
    oneWay: true,
  },
  {
    name: '3.1: the length outranks the user name flag',
    version: 3,
    first: true,
    bytes: '10 0f 0006 4d5149736470 03 c2 003c 0001 61',
    packet: v3,
    oneWay: true,
  },
  {
    name: '3.1: the length outranks the password flag',
    version: 3,
    first: true,
    bytes: '10 12 0006 4d5149736470 03 c2 003c 0001 61 0001 75 (user name)',
    packet: { ...v3, userName: 'u' },
    oneWay: true,
  },
];

const wrongName: readonly Vector[] = [
  ['another protocol name', '10 0c 0004 48545450 04 02 003c 0000', 0x81],
  ['the name in small letters', '10 0c 0004 6d717474 04 02 003c 0000', 0x81],
  ['a name longer than the packet', '10 0c ffff 4d515454 04 02 003c 0000', 0x81],
  ['an empty body', '10 00', 0x81],
  ['MQIsdp with level 4', '10 0f 0006 4d5149736470 04 02 003c 0001 61', 0x84],
  ['MQTT with level 3', `10 0d ${mqtt} 03 02 003c 0001 61`, 0x84],
  ['MQTT with level 0', `10 0d ${mqtt} 00 02 003c 0001 61`, 0x84],
  ['MQTT with level 6', `10 0d ${mqtt} 06 02 003c 0001 61`, 0x84],
  ['a bridge that announces itself', `10 0d ${mqtt} 84 02 003c 0001 61`, 0x84],
].map(([name, bytes, error]) => ({ name, version: 0, first: true, bytes, error }) as Vector);

const malformed4: readonly Vector[] = [
  ['flag bit 0 (P53)', `10 0d ${mqtt} 04 03 003c 0001 61`],
  ['will QoS without a will (P52)', `10 0d ${mqtt} 04 0a 003c 0001 61`],
  ['will retain without a will (P52)', `10 0d ${mqtt} 04 22 003c 0001 61`],
  ['will QoS 3 (P51)', `10 13 ${mqtt} 04 1e 003c 0001 61 0001 77 0001 78`],
  ['password without user name (P54)', `10 10 ${mqtt} 04 42 003c 0001 61 0001 70`],
  ['user name flag without user name', `10 0d ${mqtt} 04 82 003c 0001 61`],
  ['password flag without password', `10 10 ${mqtt} 04 c2 003c 0001 61 0001 75`],
  ['will flag without will', `10 0d ${mqtt} 04 06 003c 0001 61`],
  ['will without message', `10 10 ${mqtt} 04 06 003c 0001 61 0001 77`],
  ['client id beyond the end (P07)', `10 0f ${mqtt} 04 02 003c 003c 003c 00`],
  ['no client id', `10 0a ${mqtt} 04 02 003c`],
  ['half a keep alive', `10 09 ${mqtt} 04 02 00`],
  ['bytes left over', `10 0e ${mqtt} 04 02 003c 0001 61 00`],
  ['U+0000 in the client id', `10 0d ${mqtt} 04 02 003c 0001 00`],
  ['a control character in the client id', `10 0d ${mqtt} 04 02 003c 0001 0a`],
  ['ill-formed UTF-8 in the client id', `10 0d ${mqtt} 04 02 003c 0001 ff`],
  ['a non-character in the user name', `10 12 ${mqtt} 04 82 003c 0000 0004 f09fbfbe`],
].map(([name, bytes]) => ({ name, version: 4, first: true, bytes, error: 0x81 }) as Vector);

const refusedWills: readonly Vector[] = [
  ['will topic with # (P56)', `10 15 ${mqtt} 04 06 003c 0001 61 0003 61 2f 23 0001 78`],
  ['will topic with + (P56)', `10 13 ${mqtt} 04 06 003c 0001 61 0001 2b 0001 78`],
  ['empty will topic (P56)', `10 12 ${mqtt} 04 06 003c 0001 61 0000 0001 78`],
].map(([name, bytes]) => ({ name, version: 4, first: true, bytes, error: 0x90 }) as Vector);

const properties5: readonly Vector[] = [
  with5('session expiry interval twice (P40)', '0a 11 00000000 11 0000000b 0001 61', 0x82),
  with5('unknown property 7f (P41)', '02 7f 00 0001 61', 0x81),
  with5('unknown property 00', '02 00 00 0001 61', 0x81),
  with5('property id in two bytes', '03 9100 00 0001 61', 0x81),
  with5('topic alias in CONNECT (P42)', '03 23 0001 0001 61', 0x82),
  with5('receive maximum 0 (P43)', '03 21 0000 0001 61', 0x82),
  with5('maximum packet size 0 (P44)', '05 27 00000000 0001 61', 0x82),
  with5('request problem information 2 (P45)', '02 17 02 0001 61', 0x82),
  with5('request response information 2', '02 19 02 0001 61', 0x82),
  with5('authentication data without a method (P46)', '04 16 0001 78 0001 61', 0x82),
  with5('property length beyond the packet (P47)', '7f 11 0000000a 0001 61', 0x81),
  with5('user property cut in its value (P48)', '05 26 0001 61 00 0001 61', 0x81),
  with5('value beyond the property length', '03 11 0000 000a 0001 61', 0x81),
  with5('property length in five bytes (P06)', 'ffffffff01 0001 61', 0x81),
  with5('property length not minimal', '8000 0001 61', 0x81),
  with5('U+0000 in a user property', '06 26 0001 00 0000 0001 61', 0x81),
  with5('ill-formed UTF-8 in the method', '04 15 0001 c0 0001 61', 0x81),
  {
    name: 'a property of CONNECT in the will (P50)',
    version: 5,
    first: true,
    bytes: `10 1a ${mqtt} 05 06 003c 00 0001 61 05 11 00000001 0001 77 0001 78`,
    error: 0x82,
  },
  {
    name: 'a wildcard in the response topic of the will',
    version: 5,
    first: true,
    bytes: `10 19 ${mqtt} 05 06 003c 00 0001 61 04 08 0001 23 0001 77 0001 78`,
    error: 0x82,
  },
];

export const connectVectors: readonly Vector[] = [
  ...valid,
  ...wrongName,
  ...malformed4,
  ...refusedWills,
  ...properties5,
  {
    name: 'a password without a user name is legal in 5.0 only: 3.1',
    version: 3,
    first: true,
    bytes: '10 12 0006 4d5149736470 03 42 003c 0001 61 0001 70',
    error: 0x81,
  },
];
