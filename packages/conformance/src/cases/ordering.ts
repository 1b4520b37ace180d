import type { Qos } from '@sluice/packet';
import { type ConformanceCase, defineCase } from '../case.ts';
import type { Client } from '../client.ts';
import { acknowledgement, publish } from '../compose.ts';
import { collect, numbered, textsOf } from './deliveries.ts';

/** Publishes numbers in one chunk each ten, without waiting for answers in between. */
async function burst(publisher: Client, topic: string, qos: Qos, count: number): Promise<void> {
  const perChunk = 10;
  for (let start = 0; start < count; start += perChunk) {
    const packets = numbered(perChunk).map((_, index) =>
      publish({ topic, payload: `${start + index}`, qos, packetId: qos === 0 ? 0 : index + 1 }),
    );
    publisher.send(...packets);
    if (qos === 0) continue;
    for (let id = 1; id <= perChunk; id++) {
      await publisher.find(qos === 1 ? 'puback' : 'pubrec', { packetId: id });
    }
    if (qos === 1) continue;
    for (let id = 1; id <= perChunk; id++) publisher.send(acknowledgement('pubrel', id));
    for (let id = 1; id <= perChunk; id++) await publisher.find('pubcomp', { packetId: id });
  }
}

const inOrder = { v5: ['MQTT-4.6.0-5', 'MQTT-4.6.0-6'], v311: ['MQTT-4.6.0-5', 'MQTT-4.6.0-6'] };

/** Messages received and their order: sections 4.5 and 4.6. */
export const orderingCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'message-reaches-every-session-that-subscribed',
    ids: { v5: ['MQTT-4.5.0-1'], v311: ['MQTT-4.5.0-1'] },
    versions: [3, 4, 5],
    needs: ['wildcards'],
    async run(t) {
      const topic = t.topic('a/b');
      const absentee = await t.connect({ keep: true });
      await absentee.subscribe({ filter: topic, qos: 1 });
      await absentee.disconnect();
      const connected = await t.connect();
      await connected.subscribe({ filter: t.topic('+/b'), qos: 1 });
      const keeper = await t.connect({ keep: true });
      await keeper.subscribe({ filter: t.topic('#'), qos: 1 });
      const stranger = await t.connect();
      await stranger.subscribe(t.topic('a'), t.topic('+'), t.topic('a/b/+'));
      const publisher = await t.connect();
      await publisher.publish(topic, 'x', { qos: 1 });
      await connected.expectMessage({ topic, payload: 'x' });
      await keeper.expectMessage({ topic, payload: 'x' });
      const back = await t.connect({ clientId: absentee.clientId, keep: true });
      await back.expectMessage({ topic, payload: 'x' });
      await stranger.expectNothing(100);
    },
  }),

  defineCase({
    name: 'publisher-that-subscribed-gets-its-own-message',
    ids: { v5: ['MQTT-4.5.0-1'], v311: ['MQTT-4.5.0-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect();
      await client.subscribe({ filter: topic, qos: 1 });
      client.send(publish({ topic, payload: 'x', qos: 1, packetId: 9 }));
      await client.find('puback', { packetId: 9 });
      await client.expectMessage({ topic, payload: 'x' });
    },
  }),

  defineCase({
    name: 'bursts-arrive-in-order',
    ids: inOrder,
    versions: [3, 4, 5],
    run: (t) =>
      t.eachQos(0, async (qos, name) => {
        const topic = t.topic(name);
        const subscriber = await t.connect();
        await subscriber.subscribe({ filter: topic, qos });
        const publisher = await t.connect();
        const count = 200;
        const [found] = await Promise.all([
          collect(subscriber, count),
          burst(publisher, topic, qos, count),
        ]);
        const texts = textsOf(found).join();
        t.check('MQTT-4.6.0-5', texts === numbered(count).join(), `this order came: ${texts}`);
      }),
  }),

  defineCase({
    name: 'each-of-many-publishers-keeps-its-order',
    ids: inOrder,
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 1 });
      const names = ['a', 'b', 'c', 'd'];
      const publishing = names.map(async (name) => {
        const publisher = await t.connect();
        for (const number of numbered(25)) {
          await publisher.publish(topic, `${name}${number}`, { qos: 1 });
        }
      });
      const [found] = await Promise.all([collect(subscriber, 100), ...publishing]);
      for (const name of names) {
        const own = textsOf(found).filter((text) => text.startsWith(name));
        const expected = numbered(25).map((number) => name + number);
        t.check('MQTT-4.6.0-6', own.join() === expected.join(), `this order came: ${own}`);
      }
    },
  }),

  defineCase({
    name: 'live-messages-stay-behind-the-queue',
    ids: {
      v5: ['MQTT-4.6.0-5', 'MQTT-4.6.0-6', 'MQTT-4.5.0-1'],
      v311: ['MQTT-4.6.0-5', 'MQTT-4.6.0-6', 'MQTT-4.5.0-1'],
    },
    versions: [3, 4, 5],
    run: (t) =>
      t.eachQos(1, async (qos, name) => {
        const topic = t.topic(name);
        const clientId = t.clientId(`kept${qos}`);
        const absentee = await t.connect({ clientId, keep: true });
        await absentee.subscribe({ filter: topic, qos });
        await absentee.disconnect();
        const publisher = await t.connect();
        await burst(publisher, topic, qos, 60);
        const publishLive = async () => {
          for (const number of numbered(60))
            await publisher.publish(topic, `live ${number}`, { qos });
        };
        const takeAll = async () => collect(await t.connect({ clientId, keep: true }), 120);
        const [taken] = await Promise.all([takeAll(), publishLive()]);
        const found = textsOf(taken).join();
        const expected = [...numbered(60), ...numbered(60).map((number) => `live ${number}`)];
        t.check('MQTT-4.6.0-5', found === expected.join(), `this order came: ${found}`);
      }),
  }),

  defineCase({
    name: 'order-survives-reconnects-in-the-middle',
    ids: {
      v5: ['MQTT-4.6.0-5', 'MQTT-4.4.0-1', 'MQTT-3.3.1-1'],
      v311: ['MQTT-4.6.0-1', 'MQTT-4.6.0-6', 'MQTT-4.4.0-1', 'MQTT-3.3.1-1'],
    },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const begin = await t.connect({ clientId, keep: true });
      await begin.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      const count = 60;
      const texts: string[] = [];
      // Each connection takes ten, acknowledges seven, and ends.
      const takeAll = async () => {
        let client = begin;
        while (texts.length < count) {
          const left = count - texts.length;
          for (let taken = 0; taken < Math.min(10, left); taken++) {
            const message = await client.expect('publish');
            if (taken >= 7) continue;
            texts.push(...textsOf([message]));
            client.send(acknowledgement('puback', message.packetId));
          }
          await client.disconnect();
          client = await t.connect({ clientId, keep: true });
        }
      };
      await Promise.all([takeAll(), burst(publisher, topic, 1, count)]);
      const expected = numbered(count).join();
      const found = texts.join();
      t.check({ v5: 'MQTT-4.6.0-5', v311: 'MQTT-4.6.0-6' }, found === expected, `came: ${found}`);
    },
  }),

  defineCase({
    name: 'acknowledgements-of-the-broker-are-in-order',
    ids: { v5: [], v311: ['MQTT-4.6.0-2', 'MQTT-4.6.0-3'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const publisher = await t.connect();
      const ids = [9, 3, 65_535, 1, 7, 300];
      for (const [qos, kind, id] of [
        [1, 'puback', { v311: 'MQTT-4.6.0-2' }],
        [2, 'pubrec', { v311: 'MQTT-4.6.0-3' }],
      ] as const) {
        publisher.send(...ids.map((packetId) => publish({ topic, qos, packetId })));
        await t.about(id, async () => {
          for (const packetId of ids) await publisher.expect(kind, { packetId });
        });
      }
    },
  }),

  defineCase({
    name: 'pubrels-of-the-broker-follow-the-pubrecs',
    ids: { v5: [], v311: ['MQTT-4.6.0-4'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      const ids: number[] = [];
      for (const payload of numbered(6)) {
        await publisher.publish(topic, payload, { qos: 2 });
        ids.push((await subscriber.expect('publish', { payload })).packetId);
      }
      ids.reverse();
      subscriber.send(...ids.map((id) => acknowledgement('pubrec', id)));
      for (const packetId of ids) await subscriber.expect('pubrel', { packetId });
    },
  }),

  defineCase({
    name: 'acknowledgements-in-another-order-are-accepted',
    ids: { v5: ['MQTT-4.3.2-3'], v311: ['MQTT-4.3.2-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const subscriber = await t.connect({ clientId, keep: true });
      await subscriber.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      const ids: number[] = [];
      for (const payload of numbered(6)) {
        await publisher.publish(topic, payload, { qos: 1 });
        ids.push((await subscriber.expect('publish', { payload })).packetId);
      }
      const last = ids.shift() ?? 0;
      for (const packetId of ids.reverse()) subscriber.send(acknowledgement('puback', packetId));
      await subscriber.ping();
      subscriber.drop();
      const back = await t.connect({ clientId, keep: true });
      await back.expectMessage({ payload: '0', packetId: last, dup: true });
      await back.expectNothing();
    },
  }),
];
