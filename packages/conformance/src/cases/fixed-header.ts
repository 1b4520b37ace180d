import { type ProtocolVersion, ReasonCode } from '@sluice/packet';
import { bytes, props, rawPacket, str, u16 } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { rawConnect } from '../raw-connect.ts';
import type { StatementIds } from '../statement-ids.ts';
import { malformedCodes, protocolErrorCodes } from './codes.ts';

interface Kind {
  readonly name: string;
  /** The flags that are right. */
  readonly flags: number;
  readonly type: number;
  readonly body: (version: ProtocolVersion) => Uint8Array;
  /** The statement of this kind alone, in both standards. */
  readonly own?: StatementIds;
}

const withId = () => u16(1);
const withProperties = (version: ProtocolVersion) => bytes(u16(1), version === 5 ? props() : '');

const kinds: readonly Kind[] = [
  { name: 'puback', type: 4, flags: 0, body: withId },
  { name: 'pubrec', type: 5, flags: 0, body: withId },
  {
    name: 'pubrel',
    type: 6,
    flags: 2,
    body: withId,
    own: { v5: ['MQTT-3.6.1-1'], v311: ['MQTT-3.6.1-1'] },
  },
  { name: 'pubcomp', type: 7, flags: 0, body: withId },
  {
    name: 'subscribe',
    type: 8,
    flags: 2,
    body: (version) => bytes(withProperties(version), str('sluice-conformance'), 0),
    own: { v5: ['MQTT-3.8.1-1'], v311: ['MQTT-3.8.1-1'] },
  },
  {
    name: 'unsubscribe',
    type: 10,
    flags: 2,
    body: (version) => bytes(withProperties(version), str('sluice-conformance')),
    own: { v5: ['MQTT-3.10.1-1'], v311: ['MQTT-3.10.1-1'] },
  },
  { name: 'pingreq', type: 12, flags: 0, body: () => bytes() },
  {
    name: 'disconnect',
    type: 14,
    flags: 0,
    body: () => bytes(),
    own: { v5: ['MQTT-3.14.1-1'], v311: ['MQTT-3.14.1-1'] },
  },
];

const serverPackets = (version: ProtocolVersion): Readonly<Record<string, Uint8Array>> => ({
  CONNACK: version === 5 ? bytes('20 03 00 00 00') : bytes('20 02 00 00'),
  SUBACK: version === 5 ? bytes('90 04 00 01 00 00') : bytes('90 03 00 01 00'),
  UNSUBACK: version === 5 ? bytes('b0 04 00 01 00 00') : bytes('b0 02 00 01'),
  PINGRESP: bytes('d0 00'),
});

/** Fixed header and Variable Byte Integers: section 2.1 and 1.5.5 of 5.0, 2.2 of 3.1.1. */
export const fixedHeaderCases: readonly ConformanceCase[] = [
  ...kinds.map(({ name, type, flags, body, own }) =>
    defineCase({
      name: `wrong-flags-of-${name}-close`,
      ids: {
        v5: ['MQTT-2.1.3-1', ...(own?.v5 ?? [])],
        v311: ['MQTT-2.2.2-1', 'MQTT-2.2.2-2', ...(own?.v311 ?? [])],
      },
      versions: [4, 5],
      run: (t) => {
        const wrong = [0, 1, 2, 4, 8, 15].filter((one) => one !== flags);
        const variants = Object.fromEntries(wrong.map((one) => [`flags ${one}`, one]));
        return t.each(variants, async (one) => {
          const client = await t.connect();
          client.send(rawPacket((type << 4) | one, body(t.version)));
          await client.expectClosed({ codes: malformedCodes });
        });
      },
    }),
  ),

  defineCase({
    name: 'wrong-flags-of-connect-close',
    ids: { v5: ['MQTT-2.1.3-1'], v311: ['MQTT-2.2.2-1', 'MQTT-2.2.2-2'] },
    versions: [4, 5],
    run: (t) =>
      t.each({ 'flags 1': 0x11, 'flags 2': 0x12, 'flags 8': 0x18 }, async (firstByte) => {
        const client = await t.open();
        client.send(rawConnect(t.version, { firstByte, payload: [str(client.clientId)] }));
        await client.expectClosed({ codes: malformedCodes });
      }),
  }),

  defineCase({
    name: 'reserved-packet-type-closes',
    ids: { v5: ['MQTT-4.13.1-1'], v311: ['MQTT-4.8.0-1'] },
    versions: [3, 4, 5],
    run: (t) =>
      t.each(
        t.version === 5 ? { 'type 0': '00 00' } : { 'type 0': '00 00', 'type 15': 'f0 00' },
        async (hex) => {
          const client = await t.connect();
          client.send(hex);
          await client.expectClosed({ codes: protocolErrorCodes });
        },
      ),
  }),

  defineCase({
    name: 'packet-that-only-servers-send-closes',
    ids: { v5: ['MQTT-4.13.1-1'], v311: ['MQTT-4.8.0-1'] },
    versions: [3, 4, 5],
    run: (t) =>
      t.each(serverPackets(t.version), async (packet) => {
        const client = await t.connect();
        client.send(packet);
        await client.expectClosed({ codes: protocolErrorCodes });
      }),
  }),

  defineCase({
    name: 'variable-byte-integer-that-is-not-minimal-closes',
    ids: { v5: ['MQTT-1.5.5-1'] },
    versions: [5],
    run: (t) =>
      t.each(
        {
          'Remaining Length of PINGREQ': bytes('c0 80 00'),
          'Remaining Length of PUBLISH': bytes('30 84 00 00 01 61 00'),
          'Property Length of PUBLISH': rawPacket(0x30, str('sluice-conformance'), '80 00'),
          'Subscription Identifier': rawPacket(0x82, u16(1), props('0b 81 00'), str('f'), 0),
        },
        async (packet) => {
          const client = await t.connect();
          client.send(packet);
          await client.expectClosed({ codes: malformedCodes });
        },
      ),
  }),

  defineCase({
    name: 'variable-byte-integer-of-five-bytes-closes',
    ids: { v5: ['MQTT-1.5.5-1'], v311: ['MQTT-4.8.0-1'] },
    versions: [3, 4, 5],
    run: (t) =>
      t.each(
        { 'of PUBLISH': '30 80 80 80 80 01', 'of PINGREQ': 'c0 ff ff ff ff 7f' },
        async (hex) => {
          const client = await t.connect();
          client.send(hex);
          await client.expectClosed({ codes: [...malformedCodes, ReasonCode.packetTooLarge] });
        },
      ),
  }),

  defineCase({
    name: 'packets-arrive-in-any-pieces',
    ids: { v5: ['MQTT-4.2.0-1'], v311: ['MQTT-7.1.1-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect();
      await client.subscribe(topic);
      const payload = 'x'.repeat(300);
      const first = rawPacket(
        0x30,
        str(topic),
        t.version === 5 ? props() : '',
        new TextEncoder().encode(payload),
      );
      await client.sendInPieces(first, 1);
      await client.find('publish', { topic, payload });
      // Two packets and the beginning of a third in one piece, its rest in another.
      const three = bytes(first, 'c0 00', first);
      await client.sendInPieces(three, three.length - 100, 20);
      await client.find('pingresp');
      for (let count = 0; count < 2; count++) await client.find('publish', { topic, payload });
    },
  }),
];
