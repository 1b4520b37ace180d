import { type ConformanceCase, defineCase } from '../case.ts';
import { numbered } from './deliveries.ts';

const maximumPacketSize = 100;
const tooLarge = 'x'.repeat(maximumPacketSize);
const ids = { v5: ['MQTT-3.1.2-24', 'MQTT-3.1.2-25'] };

/** Messages that one client may not get for its Maximum Packet Size: section 3.1.2.11.4 of 5.0. */
export const droppedForSizeCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'others-get-what-is-too-large-for-one',
    ids,
    versions: [5],
    async run(t) {
      const topic = t.topic();
      const narrow = await t.connect({ properties: { maximumPacketSize } });
      const wide = await t.connect();
      for (const client of [narrow, wide]) await client.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      for (const payload of [tooLarge, 'small']) {
        await publisher.publish(topic, payload, { qos: 1 });
        await wide.expectMessage({ payload });
      }
      await narrow.expectMessage({ payload: 'small' });
    },
  }),

  defineCase({
    name: 'will-too-large-for-a-client-is-discarded',
    ids,
    versions: [5],
    async run(t) {
      const topic = t.topic();
      const narrow = await t.connect({ properties: { maximumPacketSize } });
      const wide = await t.connect();
      for (const client of [narrow, wide]) await client.subscribe({ filter: topic, qos: 1 });
      const dying = await t.connect({ will: { topic, payload: tooLarge, qos: 1 } });
      dying.drop();
      await wide.expectMessage({ payload: tooLarge });
      await narrow.expectNothing(100);
      await narrow.ping();
    },
  }),

  defineCase({
    name: 'message-too-large-for-its-properties-is-discarded',
    ids,
    versions: [5],
    async run(t) {
      const topic = t.topic();
      const narrow = await t.connect({ properties: { maximumPacketSize } });
      await narrow.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      const properties = { userProperties: [['name', tooLarge]] as const };
      await publisher.publish(topic, 'properties', { qos: 1, properties });
      await publisher.publish(topic, 'small', { qos: 1 });
      await narrow.expectMessage({ payload: 'small' });
    },
  }),

  defineCase({
    name: 'message-in-flight-too-large-for-the-new-connection-is-discarded',
    ids: { v5: [...ids.v5, 'MQTT-4.4.0-1'] },
    versions: [5],
    run: (t) =>
      t.eachQos(1, async (qos, name) => {
        const topic = t.topic(name);
        const clientId = t.clientId(`kept${qos}`);
        const before = await t.connect({ clientId, keep: true });
        await before.subscribe({ filter: topic, qos });
        const publisher = await t.connect();
        const payloads = ['0', tooLarge, '2', tooLarge, '4'];
        for (const payload of payloads) {
          await publisher.publish(topic, payload, { qos });
          await before.expect('publish', { payload });
        }
        before.drop();
        const properties = { maximumPacketSize, receiveMaximum: 1 };
        const after = await t.connect({ clientId, keep: true, properties });
        for (const payload of ['0', '2', '4']) await after.expectMessage({ payload, dup: true });
        await publisher.publish(topic, 'new', { qos });
        await after.expectMessage({ payload: 'new', dup: false });
        after.drop();
        // They count as delivered: a wider connection does not get them either.
        const wide = await t.connect({ clientId, keep: true });
        await wide.expectNothing();
      }),
  }),

  defineCase({
    name: 'many-messages-too-large-do-not-stall-a-queue',
    ids: { v5: ['MQTT-3.1.2-25'] },
    versions: [5],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const absentee = await t.connect({ clientId, keep: true });
      await absentee.subscribe({ filter: topic, qos: 1 });
      await absentee.disconnect();
      const publisher = await t.connect();
      for (const payload of numbered(100)) {
        const isLarge = Number(payload) % 10 !== 9;
        await publisher.publish(topic, isLarge ? tooLarge : payload, { qos: 1 });
      }
      const properties = { maximumPacketSize, receiveMaximum: 2 };
      const back = await t.connect({ clientId, keep: true, properties });
      for (let number = 9; number < 100; number += 10) {
        await back.expectMessage({ payload: `${number}` });
      }
      await back.expectNothing(100);
    },
  }),
];
