import { ReasonCode } from '@sluice/packet';
import { bytes, rawPacket, u16 } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import type { Client } from '../client.ts';
import { acknowledgement, publish } from '../compose.ts';
import type { Trial } from '../trial.ts';
import { protocolErrorCodes } from './codes.ts';

/** A subscriber that has got a message and not answered it, and the packet id. */
async function withMessage(t: Trial, qos: 1 | 2, topic: string): Promise<[Client, number]> {
  const subscriber = await t.connect();
  await subscriber.subscribe({ filter: topic, qos });
  const publisher = await t.connect();
  await publisher.publish(topic, 'x', { qos });
  const { packetId } = await subscriber.expect('publish', { qos });
  return [subscriber, packetId];
}

const wrongCodes = {
  'of another packet': ReasonCode.packetIdentifierNotFound,
  'of no packet': 0x05,
  'of no packet, a failure': 0xff,
};

function closesWithForeignCode(
  kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp',
  id: string,
  codes: Readonly<Record<string, number>>,
  begin: (t: Trial, topic: string) => Promise<[Client, number]>,
): ConformanceCase {
  const firstByte = { puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70 }[kind];
  return defineCase({
    name: `${kind}-with-a-foreign-code-closes`,
    ids: { v5: [id] },
    versions: [5],
    needs: kind === 'puback' ? [] : ['qos2'],
    run: (t) =>
      t.each(codes, async (code, name) => {
        const [client, packetId] = await begin(t, t.topic(name));
        client.send(rawPacket(firstByte, u16(packetId), code));
        await client.expectClosed({ codes: protocolErrorCodes });
      }),
  });
}

async function released(t: Trial, topic: string): Promise<[Client, number]> {
  const [client, packetId] = await withMessage(t, 2, topic);
  client.send(acknowledgement('pubrec', packetId));
  await client.expect('pubrel', { packetId, reasonCode: 0 });
  return [client, packetId];
}

async function received(t: Trial, topic: string): Promise<[Client, number]> {
  const client = await t.connect();
  client.send(publish({ topic, qos: 2, packetId: 9 }));
  await client.expect('pubrec', { packetId: 9 });
  return [client, 9];
}

const releaseCodes = { 'of another packet': 0x80, 'of no packet': 0x05 };

/** PUBACK, PUBREC, PUBREL and PUBCOMP: sections 3.4 to 3.7. */
export const pubackToPubcompCases: readonly ConformanceCase[] = [
  closesWithForeignCode('puback', 'MQTT-3.4.2-1', wrongCodes, (t, topic) =>
    withMessage(t, 1, topic),
  ),
  closesWithForeignCode('pubrec', 'MQTT-3.5.2-1', wrongCodes, (t, topic) =>
    withMessage(t, 2, topic),
  ),
  closesWithForeignCode('pubrel', 'MQTT-3.6.2-1', releaseCodes, received),
  closesWithForeignCode('pubcomp', 'MQTT-3.7.2-1', releaseCodes, released),

  defineCase({
    name: 'codes-of-the-broker-are-those-of-the-tables',
    ids: { v5: ['MQTT-3.4.2-1', 'MQTT-3.5.2-1', 'MQTT-3.6.2-1', 'MQTT-3.7.2-1'] },
    versions: [5],
    needs: ['qos2'],
    async run(t) {
      const ofPublish = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
      const isOne = (code: number) => ofPublish.includes(code);
      const topics = [t.topic(), '$SYS/conformance', `${t.target.refusedTopic ?? t.topic()}/x`];
      for (const topic of topics) {
        const client = await t.connect();
        client.send(publish({ topic, qos: 1, packetId: 1 }));
        await t.about('MQTT-3.4.2-1', () => client.expect('puback', { reasonCode: isOne }));
        client.send(publish({ topic, qos: 2, packetId: 2 }));
        await t.about('MQTT-3.5.2-1', () => client.expect('pubrec', { reasonCode: isOne }));
      }
      const [subscriber, packetId] = await released(t, t.topic('released'));
      subscriber.send(acknowledgement('pubcomp', packetId));
      await t.about('MQTT-3.7.2-1', async () => {
        const [client] = await received(t, t.topic('received'));
        client.send(acknowledgement('pubrel', 9));
        await client.expect('pubcomp', { packetId: 9, reasonCode: 0 });
      });
    },
  }),

  defineCase({
    name: 'codes-with-reason-and-properties-are-accepted',
    ids: { v5: ['MQTT-3.4.2-1', 'MQTT-3.5.2-1', 'MQTT-3.6.2-1', 'MQTT-3.7.2-1'] },
    versions: [5],
    needs: ['qos2'],
    async run(t) {
      const why = { reasonString: 'because', userProperties: [['a', 'b']] as const };
      const [first, firstId] = await withMessage(t, 1, t.topic('1'));
      first.send(acknowledgement('puback', firstId, 0, why));
      await first.ping();
      const [second, secondId] = await withMessage(t, 2, t.topic('2'));
      second.send(acknowledgement('pubrec', secondId, 0, why));
      await second.expect('pubrel', { packetId: secondId });
      second.send(acknowledgement('pubcomp', secondId, 0, why));
      await second.ping();
      const [third] = await received(t, t.topic('3'));
      third.send(acknowledgement('pubrel', 9, 0, why));
      await third.expect('pubcomp', { packetId: 9, reasonCode: 0 });
    },
  }),

  defineCase({
    name: 'acknowledgements-stay-within-the-maximum-packet-size',
    ids: {
      v5: [
        'MQTT-3.4.2-2',
        'MQTT-3.4.2-3',
        'MQTT-3.5.2-2',
        'MQTT-3.5.2-3',
        'MQTT-3.6.2-2',
        'MQTT-3.6.2-3',
        'MQTT-3.7.2-2',
        'MQTT-3.7.2-3',
      ],
    },
    versions: [5],
    needs: ['refused-topic', 'qos2'],
    async run(t) {
      const topic = `${t.target.refusedTopic}/${t.clientId('x')}`;
      // What fits must be whole; the shortest form with a failure is 5 bytes long, CONNACK maybe 30.
      for (const maximumPacketSize of [40, 60]) {
        const client = await t.connect({ properties: { maximumPacketSize } });
        const request = [
          ['puback', publish({ topic, qos: 1, packetId: 1 }), 'MQTT-3.4.2'],
          ['pubrec', publish({ topic, qos: 2, packetId: 2 }), 'MQTT-3.5.2'],
          ['pubrel', acknowledgement('pubrec', 3), 'MQTT-3.6.2'],
          ['pubcomp', acknowledgement('pubrel', 4), 'MQTT-3.7.2'],
        ] as const;
        for (const [kind, packet, section] of request) {
          client.send(packet);
          const answer = await client.expect(kind);
          const size = client.bytesOf(answer).length;
          const what = `${kind.toUpperCase()} of ${size} bytes, of ${maximumPacketSize} allowed`;
          t.check(`${section}-2`, size <= maximumPacketSize, what);
          t.check(`${section}-3`, size <= maximumPacketSize, what);
        }
      }
    },
  }),

  defineCase({
    name: 'acknowledgement-without-packet-id-closes',
    ids: { v5: ['MQTT-4.13.1-1'], v311: ['MQTT-4.8.0-1'] },
    versions: [4, 5],
    run: (t) =>
      t.each(
        {
          'PUBACK, empty': bytes('40 00'),
          'PUBACK, id cut': bytes('40 01 00'),
          'PUBACK, id 0': bytes('40 02 00 00'),
          'PUBREC, empty': bytes('50 00'),
          'PUBREC, id 0': bytes('50 02 00 00'),
          'PUBREL, id cut': bytes('62 01 00'),
          'PUBREL, id 0': bytes('62 02 00 00'),
          'PUBCOMP, empty': bytes('70 00'),
          'PUBCOMP, id 0': bytes('70 02 00 00'),
        },
        async (packet) => {
          const client = await t.connect();
          client.send(packet);
          await client.expectClosed({ codes: protocolErrorCodes });
        },
      ),
  }),
];
