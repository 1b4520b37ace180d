import { ReasonCode } from '@sluice/packet';
import { bytes, props, rawPacket, str, u32, vbi } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { publish } from '../compose.ts';
import { rawConnect } from '../raw-connect.ts';

const maximumPacketSize = 100;

/** A payload with which a PUBLISH to this topic, as its subscriber gets it, has this size. */
function payloadFor(topic: string, qos: 0 | 1 | 2, packetSize: number): string {
  const head = 2 + 2 + new TextEncoder().encode(topic).length + (qos === 0 ? 0 : 2) + 1;
  return 'x'.repeat(packetSize - head);
}

/** Maximum Packet Size: sections 3.1.2.11.4 and 3.2.2.3.6 of 5.0. */
export const packetSizeCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'message-too-large-for-a-client-is-discarded',
    ids: { v5: ['MQTT-3.1.2-24', 'MQTT-3.1.2-25'] },
    versions: [5],
    run: (t) =>
      t.eachQos(0, async (qos) => {
        const topic = t.topic(`${qos}`);
        // One at a time: a message that is discarded must not hold up those behind it.
        const client = await t.connect({ properties: { maximumPacketSize, receiveMaximum: 1 } });
        await client.subscribe({ filter: topic, qos });
        const publisher = await t.connect();
        const fits = payloadFor(topic, qos, maximumPacketSize);
        for (const payload of [`${fits}x`, fits, `${fits}xx`, 'small']) {
          await publisher.publish(topic, payload, { qos });
        }
        const message = await t.about('MQTT-3.1.2-24', () =>
          client.expectMessage({ payload: fits }),
        );
        const size = client.bytesOf(message).length;
        t.check('MQTT-3.1.2-24', size <= maximumPacketSize, `a packet of ${size} bytes came`);
        await t.about('MQTT-3.1.2-25', () => client.expectMessage({ payload: 'small' }));
      }),
  }),

  defineCase({
    name: 'queued-message-too-large-for-a-client-is-discarded',
    ids: { v5: ['MQTT-3.1.2-24', 'MQTT-3.1.2-25'] },
    versions: [5],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect({ keep: true });
      await client.subscribe({ filter: topic, qos: 1 });
      client.drop();
      const publisher = await t.connect();
      const fits = payloadFor(topic, 1, maximumPacketSize);
      for (const payload of ['first', `${fits}x`, fits]) {
        await publisher.publish(topic, payload, { qos: 1 });
      }
      const { clientId } = client;
      const properties = { maximumPacketSize, receiveMaximum: 1 };
      const back = await t.connect({ clientId, keep: true, properties });
      await back.expectMessage({ payload: 'first' });
      await t.about('MQTT-3.1.2-24', () => back.expectMessage({ payload: fits }));
      await back.expectNothing();
    },
  }),

  defineCase({
    name: 'retained-message-too-large-for-a-client-is-discarded',
    ids: { v5: ['MQTT-3.1.2-24', 'MQTT-3.1.2-25'] },
    versions: [5],
    needs: ['retain', 'wildcards'],
    async run(t) {
      const topic = t.topic();
      const publisher = await t.connect();
      const fits = payloadFor(`${topic}/a`, 0, maximumPacketSize);
      await publisher.publish(`${topic}/a`, `${fits}x`, { retain: true, qos: 1 });
      await publisher.publish(`${topic}/b`, fits, { retain: true, qos: 1 });
      const client = await t.connect({ properties: { maximumPacketSize } });
      await client.subscribe(`${topic}/#`);
      await t.about('MQTT-3.1.2-24', () =>
        client.expect('publish', { topic: `${topic}/b`, payload: fits }),
      );
      await client.expectNothing();
      await client.ping();
    },
  }),

  defineCase({
    name: 'acknowledgements-keep-to-the-maximum-packet-size',
    ids: { v5: ['MQTT-3.1.2-24'] },
    versions: [5],
    async run(t) {
      // CONNACK must fit as well: one with many limits is longer than any answer below.
      const plain = await t.connect();
      const size = plain.connack === undefined ? 0 : plain.bytesOf(plain.connack).length;
      const properties = { maximumPacketSize: Math.max(20, size) };
      const client = await t.connect({ properties });
      const answers = [
        await client.publish(t.topic(), 'message', { qos: 1 }),
        ...(await client.subscribe(t.topic())),
        ...(await client.unsubscribe(t.topic('never subscribed'))),
      ];
      t.check('MQTT-3.1.2-24', answers.length === 3, 'an answer is missing');
      await client.ping();
    },
  }),

  defineCase({
    name: 'packet-above-the-announced-maximum-closes',
    ids: { v5: ['MQTT-3.2.2-15'] },
    versions: [5],
    needs: ['maximum-packet-size'],
    async run(t) {
      const client = await t.connect();
      const { maximumPacketSize: limit = 0 } = client.connack?.properties ?? {};
      // The fixed header alone must do: the rest never comes.
      client.send(bytes(0x30, vbi(limit), str(t.topic()), props()));
      await client.expectClosed({ codes: [ReasonCode.packetTooLarge] });
    },
  }),

  defineCase({
    name: 'packet-of-the-announced-maximum-is-taken',
    ids: { v5: ['MQTT-3.2.2-15'] },
    versions: [5],
    needs: ['maximum-packet-size'],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect();
      const { maximumPacketSize: limit = 0 } = client.connack?.properties ?? {};
      const packet = publish({ topic, qos: 1, packetId: 1 });
      const empty = client.encode(packet).length;
      const room = limit - (empty - 2) - 1;
      const payload = new Uint8Array(room - vbi(room).length);
      const whole = client.encode({ ...packet, payload });
      // What the length field takes more was counted once too often at most.
      const exact = client.encode({
        ...packet,
        payload: new Uint8Array(payload.length + limit - whole.length),
      });
      t.check('MQTT-3.2.2-15', exact.length === limit, `the packet has ${exact.length} bytes`);
      client.send(exact);
      await client.expect('puback', { packetId: 1 });
    },
  }),

  defineCase({
    name: 'connack-keeps-to-the-maximum-packet-size',
    ids: { v5: ['MQTT-3.1.2-24', 'MQTT-3.2.2-19', 'MQTT-3.2.2-20'] },
    versions: [5],
    async run(t) {
      const client = await t.open();
      const limit = 60;
      client.send(
        rawConnect(5, {
          flags: 0x03,
          properties: props('27', u32(limit)),
          payload: [str(client.clientId)],
        }),
        rawPacket(0xc0),
      );
      for (const { length } of await client.bytesUntilClosed()) {
        t.check('MQTT-3.1.2-24', length <= limit, `a packet of ${length} bytes came`);
      }
    },
  }),
];
