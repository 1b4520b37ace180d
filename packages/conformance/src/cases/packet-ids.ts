import { ReasonCode } from '@sluice/packet';
import { bytes, type Part, props, rawPacket, str, u16 } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { acknowledgement, publish, subscribe, unsubscribe } from '../compose.ts';
import { malformedCodes } from './codes.ts';

const unused = { v5: 'MQTT-2.2.1-4', v311: 'MQTT-2.3.1-4' };

/** Packet identifiers and Property Length: section 2.2 of 5.0, 2.3 of 3.1.1. */
export const packetIdCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'message-at-qos-0-has-no-packet-id',
    ids: { v5: ['MQTT-2.2.1-2', 'MQTT-2.2.2-1'], v311: ['MQTT-2.3.1-5'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect();
      await client.subscribe(topic);
      await client.publish(topic, 'message');
      const message = await client.expect('publish', { topic, payload: 'message', qos: 0 });
      const noProperties: Part = t.version === 5 ? props() : '';
      const plain = rawPacket(0x30, str(topic), noProperties, new TextEncoder().encode('message'));
      t.check(
        { v5: 'MQTT-2.2.1-2', v311: 'MQTT-2.3.1-5' },
        client.bytesOf(message).length === plain.length,
        `${client.bytesOf(message).length} bytes came, not ${plain.length}`,
      );
    },
  }),

  defineCase({
    name: 'packet-id-0-closes',
    ids: { v5: ['MQTT-2.2.1-3'], v311: ['MQTT-2.3.1-1'] },
    versions: [4, 5],
    run: (t) => {
      const head = bytes(u16(0), t.version === 5 ? props() : '');
      const topic = str(t.topic());
      return t.each(
        {
          'PUBLISH at QoS 1': rawPacket(0x32, topic, head),
          'PUBLISH at QoS 2': rawPacket(0x34, topic, head),
          SUBSCRIBE: rawPacket(0x82, head, topic, 0),
          UNSUBSCRIBE: rawPacket(0xa2, head, topic),
        },
        async (packet) => {
          const client = await t.connect();
          client.send(packet);
          await client.expectClosed({ codes: malformedCodes });
        },
      );
    },
  }),

  defineCase({
    name: 'packet-id-in-use-is-told',
    ids: { v5: ['MQTT-2.2.1-3'], v311: ['MQTT-2.3.1-2'] },
    versions: [4, 5],
    needs: ['qos2'],
    async run(t) {
      const client = await t.connect();
      client.send(publish({ topic: t.topic(), qos: 2, packetId: 5 }));
      await client.expect('pubrec', { packetId: 5 });
      client.send(subscribe(5, [t.topic('other')]));
      const answer = await client.find('suback', { packetId: 5 });
      const codes: readonly number[] =
        t.version === 5 ? [ReasonCode.packetIdentifierInUse, 0] : [0, 0x80];
      t.check(
        { v5: 'MQTT-2.2.1-3', v311: 'MQTT-2.3.1-2' },
        codes.includes(answer.reasonCodes[0] ?? -1),
        `SUBACK ${answer.reasonCodes}`,
      );
      client.send(acknowledgement('pubrel', 5));
      await client.expect('pubcomp', { packetId: 5, reasonCode: 0 });
    },
  }),

  defineCase({
    name: 'messages-in-flight-have-different-packet-ids',
    ids: { v5: ['MQTT-2.2.1-4', 'MQTT-4.3.2-1', 'MQTT-4.3.3-1'], v311: ['MQTT-2.3.1-4'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect({ keep: true });
      await client.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      const inFlight = async (from: number, of: typeof client): Promise<number[]> => {
        const ids: number[] = [];
        for (let count = from; count < from + 8; count++) {
          await publisher.publish(topic, `${count}`, { qos: count % 2 === 0 ? 1 : 2 });
          ids.push((await of.find('publish', { payload: `${count}` })).packetId);
        }
        return ids;
      };
      const before = await inFlight(0, client);
      client.drop();
      // Those of the first connection are still in use on the second.
      const back = await t.connect({ clientId: client.clientId, keep: true });
      for (const packetId of before) {
        await t.about(unused, () => back.expect('publish', { packetId, dup: true }));
      }
      const after = await inFlight(8, back);
      const all = [...before, ...after];
      t.check(unused, !all.includes(0), 'a packet id is 0');
      t.check(unused, new Set(all).size === all.length, `packet ids ${all} are not all different`);
    },
  }),

  defineCase({
    name: 'acknowledgements-repeat-the-packet-id',
    ids: {
      v5: ['MQTT-2.2.1-5', 'MQTT-2.2.1-6'],
      v311: ['MQTT-2.3.1-6', 'MQTT-2.3.1-7', 'MQTT-2.3.1-3'],
    },
    versions: [3, 4, 5],
    needs: ['qos2'],
    run: (t) =>
      t.each({ lowest: 1, 'two bytes': 0x0201, highest: 65_535 }, async (packetId) => {
        const topic = t.topic();
        const client = await t.connect();
        client.send(publish({ topic, qos: 1, packetId }));
        await client.expect('puback', { packetId });
        // It is free again: each exchange may have the same one.
        client.send(publish({ topic, qos: 2, packetId }));
        await client.expect('pubrec', { packetId });
        client.send(acknowledgement('pubrel', packetId));
        await client.expect('pubcomp', { packetId });
        client.send(subscribe(packetId, [topic]));
        await client.expect('suback', { packetId });
        client.send(unsubscribe(packetId, [topic]));
        await client.expect('unsuback', { packetId });
      }),
  }),

  defineCase({
    name: 'acknowledgement-of-nothing-is-no-offence',
    ids: { v5: ['MQTT-2.2.1-5'], v311: ['MQTT-2.3.1-6'] },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.connect();
      client.send(acknowledgement('puback', 77), acknowledgement('pubcomp', 78));
      await client.ping();
      client.send(acknowledgement('pubrel', 79));
      const notFound = t.version === 5 ? ReasonCode.packetIdentifierNotFound : 0;
      await client.expect('pubcomp', {
        packetId: 79,
        reasonCode: (code) => code === notFound || code === 0,
      });
      client.send(acknowledgement('pubrec', 80));
      await client.expect('pubrel', { packetId: 80 });
    },
  }),

  defineCase({
    name: 'packet-without-property-length-closes',
    ids: { v5: ['MQTT-2.2.2-1'] },
    versions: [5],
    run: (t) =>
      t.each(
        {
          PUBLISH: rawPacket(0x30, str(t.topic())),
          // The length of the filter is taken for the Property Length, and what follows is no property.
          SUBSCRIBE: rawPacket(0x82, u16(1), str(t.topic()), 0),
          UNSUBSCRIBE: rawPacket(0xa2, u16(1), str(t.topic())),
        },
        async (packet) => {
          const client = await t.connect();
          client.send(packet);
          await client.expectClosed({ codes: [...malformedCodes, ReasonCode.topicFilterInvalid] });
        },
      ),
  }),
];
