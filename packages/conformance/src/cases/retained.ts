import type { Qos } from '@sluice/packet';
import { type ConformanceCase, defineCase } from '../case.ts';
import { type FilterFields, publish } from '../compose.ts';
import type { Trial } from '../trial.ts';
import { collect, textsOf } from './deliveries.ts';
import { retainOptionsCases } from './retain-options.ts';

/** What a new client gets right after it subscribed. */
async function retainedFor(t: Trial, expected: number, subscription: FilterFields) {
  const client = await t.connect();
  await client.subscribe(subscription);
  return collect(client, expected);
}

/** Retained messages: section 3.3.1.3. */
export const retainedCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'last-retained-message-is-the-one',
    ids: {
      v5: ['MQTT-3.3.1-5'],
      v311: ['MQTT-3.3.1-5', 'MQTT-3.3.1-6', 'MQTT-3.3.1-8'],
    },
    versions: [3, 4, 5],
    needs: ['retain'],
    async run(t) {
      const topic = t.topic();
      const publisher = await t.connect();
      const messages = t.qosFrom(1).map((qos) => ({ payload: `${qos}`, qos, retain: true }));
      for (const { payload, ...fields } of messages)
        await publisher.publish(topic, payload, fields);
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 2 });
      await subscriber.expectMessage({ topic, ...messages.at(-1), dup: false });
      await subscriber.expectNothing();
    },
  }),

  defineCase({
    name: 'retained-message-has-the-lower-of-two-qos',
    ids: { v5: ['MQTT-3.3.1-5'], v311: ['MQTT-3.3.1-5'] },
    versions: [3, 4, 5],
    needs: ['retain', 'qos2'],
    async run(t) {
      const publisher = await t.connect();
      const qosValues: readonly Qos[] = [0, 1, 2];
      for (const qos of qosValues) {
        await publisher.publish(t.topic(`${qos}`), 'x', { qos, retain: true });
      }
      // A message at QoS 0 comes without an answer that says that it is stored.
      await publisher.ping();
      for (const stored of [1, 2, 0] as const) {
        for (const granted of qosValues) {
          const subscriber = await t.connect();
          await subscriber.subscribe({ filter: t.topic(`${stored}`), qos: granted });
          await subscriber.expectMessage({ retain: true, qos: Math.min(stored, granted) as Qos });
        }
      }
    },
  }),

  defineCase({
    name: 'retained-message-at-qos-0-replaces',
    ids: { v5: ['MQTT-3.3.1-5'], v311: ['MQTT-3.3.1-7'] },
    versions: [3, 4, 5],
    needs: ['retain'],
    async run(t) {
      const topic = t.topic();
      const publisher = await t.connect();
      await publisher.publish(topic, 'old', { qos: 1, retain: true });
      await publisher.publish(topic, 'new', { qos: 0, retain: true });
      await publisher.ping();
      const found = textsOf(await retainedFor(t, 1, { filter: topic }));
      // 3.1.1 lets a broker forget a retained message of QoS 0, but not keep the one before it.
      const allowed = t.version === 5 ? ['new'] : ['new', ''];
      t.check(
        { v5: 'MQTT-3.3.1-5', v311: 'MQTT-3.3.1-7' },
        allowed.includes(found.join()),
        `instead of the new message came: ${found}`,
      );
    },
  }),

  defineCase({
    name: 'empty-retained-message-removes-and-is-delivered',
    ids: {
      v5: ['MQTT-3.3.1-6', 'MQTT-3.3.1-7'],
      v311: ['MQTT-3.3.1-9', 'MQTT-3.3.1-10', 'MQTT-3.3.1-11'],
    },
    versions: [3, 4, 5],
    needs: ['retain'],
    run: (t) =>
      t.eachQos(0, async (qos, name) => {
        const topic = t.topic(name);
        const publisher = await t.connect();
        await publisher.publish(topic, 'old', { qos: 1, retain: true });
        const live = await t.connect();
        await live.subscribe({ filter: topic, qos: 2 });
        await live.expectMessage({ payload: 'old', retain: true });
        await publisher.publish(topic, '', { qos, retain: true });
        await live.expectMessage({ payload: '', retain: false, qos });
        t.check(
          { v5: 'MQTT-3.3.1-6', v311: 'MQTT-3.3.1-10' },
          (await retainedFor(t, 0, { filter: topic, qos: 2 })).length === 0,
          'a later subscriber got a retained message',
        );
        await publisher.publish(topic, '', { qos, retain: true });
        t.check(
          { v5: 'MQTT-3.3.1-7', v311: 'MQTT-3.3.1-11' },
          (await retainedFor(t, 0, { filter: topic, qos: 2 })).length === 0,
          'an empty message is stored',
        );
      }),
  }),

  defineCase({
    name: 'message-that-is-not-retained-leaves-the-stored-one',
    ids: { v5: ['MQTT-3.3.1-8'], v311: ['MQTT-3.3.1-12'] },
    versions: [3, 4, 5],
    needs: ['retain'],
    async run(t) {
      const topic = t.topic();
      const publisher = await t.connect();
      await publisher.publish(topic, 'not stored', { qos: 1 });
      const nothing = await retainedFor(t, 0, { filter: topic });
      t.check(
        { v5: 'MQTT-3.3.1-8', v311: 'MQTT-3.3.1-12' },
        nothing.length === 0,
        'a message with RETAIN 0 was stored',
      );
      await publisher.publish(topic, 'stored', { qos: 1, retain: true });
      await publisher.publish(topic, 'other', { qos: 1 });
      await publisher.publish(topic, '', { qos: 1 });
      const found = textsOf(await retainedFor(t, 1, { filter: topic }));
      t.check(
        { v5: 'MQTT-3.3.1-8', v311: 'MQTT-3.3.1-12' },
        found.join() === 'stored',
        `instead of the stored message came: ${found}`,
      );
    },
  }),

  defineCase({
    name: 'retained-messages-of-all-matching-topics-are-sent',
    ids: { v5: ['MQTT-3.3.1-9'], v311: ['MQTT-3.3.1-6', 'MQTT-3.3.1-8'] },
    versions: [3, 4, 5],
    needs: ['retain', 'wildcards'],
    async run(t) {
      const publisher = await t.connect();
      const suffixes = ['a', 'a/b', 'a/b/c', 'a/', 'a//c', 'b/a'];
      for (const suffix of suffixes) {
        await publisher.publish(t.topic(suffix), suffix, { qos: 1, retain: true });
      }
      const expected = {
        'a/#': 'a,a/,a//c,a/b,a/b/c',
        'a/+': 'a/,a/b',
        '+/+/c': 'a//c,a/b/c',
        '#': 'a,a/,a//c,a/b,a/b/c,b/a',
      };
      await t.each(expected, async (topics, filter) => {
        const name = filter === '#' ? t.topic('#') : t.topic(filter);
        const found = await retainedFor(t, topics.split(',').length, { filter: name, qos: 1 });
        t.check(
          { v5: 'MQTT-3.3.1-9', v311: 'MQTT-3.3.1-6' },
          textsOf(found).sort().join() === topics,
          `retained messages that came: ${textsOf(found)}`,
        );
        t.check(
          { v5: 'MQTT-3.3.1-9', v311: 'MQTT-3.3.1-8' },
          found.every(({ retain }) => retain),
          'a message that was sent because of a new subscription has RETAIN 0',
        );
      });
    },
  }),

  defineCase({
    name: 'retained-message-outlives-its-publisher',
    ids: { v5: ['MQTT-3.3.1-5'], v311: ['MQTT-3.3.1-5'] },
    versions: [3, 4, 5],
    needs: ['retain'],
    async run(t) {
      const topic = t.topic();
      const publisher = await t.connect();
      await publisher.publish(topic, 'x', { qos: 1, retain: true });
      await publisher.disconnect();
      const found = textsOf(await retainedFor(t, 1, { filter: topic }));
      t.check('MQTT-3.3.1-5', found.join() === 'x', `instead of the message came: ${found}`);
    },
  }),

  defineCase({
    name: 'subscriber-behind-its-own-retained-message-gets-it-once',
    ids: { v5: ['MQTT-3.3.1-9'], v311: ['MQTT-3.3.1-6'] },
    versions: [3, 4, 5],
    needs: ['retain'],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect();
      client.send(publish({ topic, payload: 'x', retain: true }));
      await client.subscribe({ filter: topic, qos: 1 });
      await client.expectMessage({ payload: 'x', retain: true });
      await client.expectNothing();
    },
  }),

  ...retainOptionsCases,
];
