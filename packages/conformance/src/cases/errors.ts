import { props, rawPacket, str, u16 } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { publish } from '../compose.ts';
import { protocolErrorCodes } from './codes.ts';

/** Packets of 5.0 whose properties are wrong: unknown, of another packet, given twice, cut short, out of range. */
const wrongProperties: Readonly<Record<string, Uint8Array>> = {
  'SUBSCRIBE, unknown property': rawPacket(0x82, u16(1), props('7f 01'), str('f'), 0),
  'SUBSCRIBE, Topic Alias': rawPacket(0x82, u16(1), props('23 00 01'), str('f'), 0),
  'SUBSCRIBE, two identifiers': rawPacket(0x82, u16(1), props('0b 01 0b 02'), str('f'), 0),
  'SUBSCRIBE, identifier 0': rawPacket(0x82, u16(1), props('0b 00'), str('f'), 0),
  'SUBSCRIBE, properties beyond the packet': rawPacket(0x82, u16(1), '7f', str('f'), 0),
  'UNSUBSCRIBE, identifier': rawPacket(0xa2, u16(1), props('0b 01'), str('f')),
  'UNSUBSCRIBE, Reason String': rawPacket(0xa2, u16(1), props('1f', str('why')), str('f')),
  'UNSUBSCRIBE, properties cut short': rawPacket(0xa2, u16(1), props('26 00 05 61'), str('f')),
  'PUBLISH, Session Expiry': rawPacket(0x30, str('t'), props('11 00 00 00 01')),
  'PUBACK, Topic Alias': rawPacket(0x40, u16(1), 0, props('23 00 01')),
  'DISCONNECT, two Reason Strings': rawPacket(0xe0, 0, props('1f', str('a'), '1f', str('b'))),
};

/** Packets of every version that are too short or too long for what they say. */
const wrongLengths: Readonly<Record<string, string>> = {
  'PUBACK of one byte': '40 01 00',
  'PUBREL of one byte': '62 01 01',
  'PUBLISH without a topic length': '30 01 00',
  'PUBLISH with a topic beyond the packet': '30 04 00 09 61 62',
  'PUBLISH of QoS 1 without an identifier': '32 03 00 01 61',
  'SUBSCRIBE of one byte': '82 01 00',
  'UNSUBSCRIBE of one byte': 'a2 01 00',
};

/** Section 4.13 of 5.0, 4.8 of 3.1.1. */
export const errorsCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'packet-with-wrong-properties-closes',
    ids: { v5: ['MQTT-4.13.1-1', 'MQTT-4.13.2-1'] },
    versions: [5],
    run: (t) =>
      t.each(wrongProperties, async (packet) => {
        const client = await t.connect();
        client.send(packet);
        await client.expectClosed({ codes: protocolErrorCodes });
      }),
  }),

  defineCase({
    name: 'packet-of-a-wrong-length-closes',
    ids: { v5: ['MQTT-4.13.1-1'], v311: ['MQTT-4.8.0-1'] },
    versions: [4, 5],
    run: (t) =>
      t.each(wrongLengths, async (hex) => {
        const client = await t.connect();
        client.send(hex);
        await client.expectClosed({ codes: protocolErrorCodes });
      }),
  }),

  defineCase({
    name: 'error-ends-its-own-connection-only',
    ids: { v5: ['MQTT-4.13.1-1'], v311: ['MQTT-4.8.0-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const other = await t.connect();
      await other.subscribe(t.topic());
      const client = await t.connect();
      // What came before the error counts, what comes behind it does not.
      client.send(
        publish({ topic: t.topic(), payload: 'before' }),
        '00 00',
        publish({ topic: t.topic(), payload: 'behind' }),
      );
      await client.expectClosed({ codes: protocolErrorCodes });
      await other.expectMessage({ payload: 'before' });
      await other.expectNothing();
    },
  }),

  defineCase({
    name: 'session-goes-on-after-an-error',
    ids: { v5: ['MQTT-4.13.1-1', 'MQTT-3.1.2-23'], v311: ['MQTT-4.8.0-1', 'MQTT-3.1.2-4'] },
    versions: [3, 4, 5],
    async run(t) {
      const clientId = t.clientId('e');
      const client = await t.connect({ clientId, keep: true });
      await client.subscribe({ filter: t.topic(), qos: 1 });
      client.send('00 00');
      await client.expectClosed({ codes: protocolErrorCodes });
      const publisher = await t.connect();
      await publisher.publish(t.topic(), 'queued', { qos: 1 });
      const again = await t.connect({ clientId, keep: true });
      await again.expectMessage({ payload: 'queued' });
    },
  }),

  defineCase({
    name: 'request-that-is-refused-leaves-the-connection-open',
    ids: { v5: ['MQTT-4.13.1-1'], v311: ['MQTT-3.3.5-2'] },
    versions: [4, 5],
    needs: ['refused-topic'],
    async run(t) {
      const client = await t.connect();
      const { refusedTopic = '' } = t.target;
      client.send(publish({ topic: `${refusedTopic}/x`, qos: 1, packetId: 9 }));
      const answer = await client.receive();
      if (answer === undefined || answer.type === 14)
        return t.excuse('the broker ends the connection');
      t.check({}, answer.type === 4 && answer.packetId === 9, 'another packet than PUBACK came');
      await client.ping();
    },
  }),
];
