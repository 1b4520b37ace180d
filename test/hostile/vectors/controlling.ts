import { bytes, props, rawConnect, rawPacket, str, u16, u32 } from './parts.ts';
import { type Vector, type Version, vectors } from './vector.ts';

const plainConnect = (version: Version) => rawConnect(version, { payload: [str('a')] });

/** Acknowledgements, connection packets and packets of servers, from a connected client. */
export const controlling: readonly Vector[] = vectors('connected', [
  ['P08', 'second CONNECT', plainConnect, 'closed', 'DISCONNECT 0x82'],
  ['P09', 'reserved packet type 0', () => bytes('0000'), 'closed', 'DISCONNECT 0x81'],
  ['P10', 'AUTH in 3.1.1', () => bytes('f000'), 'closed', undefined],
  ['P10', 'AUTH where no method was named', () => bytes('f000'), undefined, 'DISCONNECT 0x82'],
  [
    'P11',
    'CONNACK from a client',
    (version) => bytes(version === 5 ? '2003000000' : '20020000'),
    'closed',
    'DISCONNECT 0x82',
  ],
  [
    'P12',
    'SUBACK from a client',
    (version) => bytes(version === 5 ? '9004 0001 00 00' : '9003 0001 00'),
    'closed',
    'DISCONNECT 0x82',
  ],
  [
    'P12',
    'UNSUBACK from a client',
    (version) => bytes(version === 5 ? 'b004 0001 00 00' : 'b002 0001'),
    'closed',
    'DISCONNECT 0x82',
  ],
  ['P12', 'PINGRESP from a client', () => bytes('d000'), 'closed', 'DISCONNECT 0x82'],
  ['P61', 'the first byte of a packet, and no more', () => bytes('30'), 'accepted', 'accepted'],
  [
    'P69',
    'PUBREL of an unknown packet identifier',
    () => bytes('6202 0001'),
    'PUBCOMP 0x00',
    'PUBCOMP 0x92',
  ],
  [
    'P69',
    'PUBREC of an unknown packet identifier',
    () => bytes('5002 0001'),
    'PUBREL 0x00',
    'PUBREL 0x92',
  ],
  [
    'P69',
    'PUBCOMP of an unknown packet identifier',
    () => bytes('7002 0001'),
    'accepted',
    'accepted',
  ],
  [
    'P69',
    'PUBACK of an unknown packet identifier',
    () => bytes('4002 0001'),
    'accepted',
    'accepted',
  ],
  ['P69', 'PUBREL with flags 0', () => bytes('6002 0001'), 'closed', 'DISCONNECT 0x81'],
  ['P70', 'PUBACK with reason code 0x03', () => bytes('4003 0001 03'), 'closed', 'DISCONNECT 0x82'],
  [
    'P71',
    'DISCONNECT that makes a session of none',
    () => rawPacket(0xe0, 0, props(0x11, u32(10))),
    undefined,
    'DISCONNECT 0x82',
  ],
  [
    'P72',
    'DISCONNECT with a Server Reference',
    () => rawPacket(0xe0, 0, props(0x1c, str('x'))),
    undefined,
    'DISCONNECT 0x82',
  ],
  ['P74', 'PINGREQ with a body', () => bytes('c001 78'), 'closed', 'DISCONNECT 0x81'],
  [
    'P74',
    'PUBACK with a longer body',
    () => rawPacket(0x40, u16(1), '00 00 78'),
    'closed',
    'DISCONNECT 0x81',
  ],
]);
