import type { PublishPacket } from '@sluice/packet';
import { type ConformanceCase, defineCase } from '../case.ts';
import type { Trial } from '../trial.ts';
import { collect, textsOf } from './deliveries.ts';

/** Resolves the aliases of the broker as a client does, and checks each against the client's maximum. */
function resolve(t: Trial, messages: readonly PublishPacket[], maximum: number): string[] {
  const topics = new Map<number, string>();
  return messages.map(({ topic, properties: { topicAlias } }) => {
    if (topicAlias === undefined) {
      t.check('MQTT-3.3.2-11', topic !== '', 'neither a topic nor an alias came');
      return topic;
    }
    t.check(
      'MQTT-3.1.2-26',
      topicAlias >= 1 && topicAlias <= maximum,
      `alias ${topicAlias} came, and the maximum is ${maximum}`,
    );
    if (topic !== '') topics.set(topicAlias, topic);
    const found = topics.get(topicAlias);
    if (found === undefined)
      t.check('MQTT-3.3.2-7', false, `alias ${topicAlias} stands for nothing`);
    return found ?? '';
  });
}

const ids = { v5: ['MQTT-3.1.2-26', 'MQTT-3.3.2-11', 'MQTT-3.3.2-7'] };

/** Topic aliases that a broker uses towards its clients: section 3.3.2.3.4 of 5.0. */
export const outgoingAliasCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'client-without-alias-maximum-gets-none',
    ids: { v5: ['MQTT-3.1.2-27', 'MQTT-3.3.2-11'] },
    versions: [5],
    needs: ['topic-alias'],
    run: (t) =>
      t.each({ absent: {}, zero: { topicAliasMaximum: 0 } }, async (properties, name) => {
        const topic = t.topic(name);
        const subscriber = await t.connect({ properties });
        await subscriber.subscribe(topic);
        const publisher = await t.connect();
        for (let count = 0; count < 5; count++) {
          await publisher.publish(count === 0 ? topic : '', 'x', { properties: { topicAlias: 1 } });
          await subscriber.expect('publish', { topic, properties: { topicAlias: undefined } });
        }
      }),
  }),

  defineCase({
    name: 'aliases-of-the-broker-stand-for-their-topics',
    ids,
    versions: [5],
    needs: ['wildcards'],
    run: (t) =>
      t.each({ one: 1, three: 3, many: 100 }, async (topicAliasMaximum, name) => {
        const subscriber = await t.connect({ properties: { topicAliasMaximum } });
        await subscriber.subscribe({ filter: t.topic(`${name}/#`), qos: 2 });
        const publisher = await t.connect();
        const levels = t.qosFrom(0);
        // Some topics come often, some once; the payload is the topic.
        const topics = Array.from({ length: 120 }, (_, index) => {
          return t.topic(`${name}/${index % 3 === 0 ? 'often' : `number/${index % 11}`}`);
        });
        for (const [index, topic] of topics.entries()) {
          await publisher.publish(topic, topic, { qos: levels[index % levels.length] ?? 0 });
        }
        const found = await collect(subscriber, topics.length);
        const resolved = resolve(t, found, topicAliasMaximum);
        t.check('MQTT-3.3.2-11', found.length === topics.length, `${found.length} messages came`);
        t.check(
          'MQTT-3.3.2-7',
          resolved.join() === textsOf(found).join(),
          'an alias of the broker stands for another topic',
        );
      }),
  }),

  defineCase({
    name: 'aliases-of-the-broker-end-with-the-connection',
    ids,
    versions: [5],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const properties = { topicAliasMaximum: 10 };
      const before = await t.connect({ clientId, keep: true, properties });
      await before.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      for (let count = 0; count < 4; count++) await publisher.publish(topic, topic, { qos: 1 });
      const unacknowledged = [];
      for (let count = 0; count < 4; count++) unacknowledged.push(await before.expect('publish'));
      resolve(t, unacknowledged, 10);
      before.drop();
      await publisher.publish(topic, topic, { qos: 1 });
      const again = await t.connect({ clientId, keep: true, properties });
      const found = await collect(again, 5);
      t.check('MQTT-3.3.2-11', found.length === 5, `${found.length} messages came`);
      const resolved = resolve(t, found, 10);
      t.check(
        'MQTT-3.3.2-7',
        resolved.every((one) => one === topic),
        `topics: ${resolved}`,
      );
      again.drop();
      await publisher.publish(topic, topic, { qos: 1 });
      const without = await t.connect({ clientId, keep: true });
      await without.expect('publish', { topic, properties: { topicAlias: undefined } });
    },
  }),

  defineCase({
    name: 'message-dropped-for-its-size-takes-no-alias-with-it',
    ids,
    versions: [5],
    async run(t) {
      const topic = t.topic();
      const properties = { topicAliasMaximum: 10, maximumPacketSize: 150 };
      const subscriber = await t.connect({ properties });
      await subscriber.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      for (const size of [200, 10, 200, 10, 140, 10, 10]) {
        await publisher.publish(topic, 'x'.repeat(size), { qos: 1 });
      }
      const found = await collect(subscriber, 4);
      const resolved = resolve(t, found, 10);
      t.check(
        'MQTT-3.3.2-7',
        resolved.every((one) => one === topic),
        `topics: ${resolved}`,
      );
      const small = found.filter(({ payload }) => payload.length === 10);
      t.check('MQTT-3.3.2-11', small.length === 4, `${small.length} small messages came, not 4`);
    },
  }),

  defineCase({
    name: 'aliases-of-publisher-and-broker-are-apart',
    ids,
    versions: [5],
    needs: ['topic-alias'],
    async run(t) {
      const [one, other] = [t.topic('one'), t.topic('other')];
      const client = await t.connect({ properties: { topicAliasMaximum: 2 } });
      await client.subscribe(one, other);
      const publisher = await t.connect();
      for (let count = 0; count < 3; count++) await publisher.publish(other, other, { qos: 1 });
      // The same connection uses alias 1 in the other direction, for another topic.
      client.send();
      await client.publish(one, one, { properties: { topicAlias: 1 } });
      for (let count = 0; count < 3; count++) {
        await client.publish('', one, { properties: { topicAlias: 1 } });
        await publisher.publish(other, other, { qos: 1 });
      }
      const found = await collect(client, 10);
      t.check('MQTT-3.3.2-11', found.length === 10, `${found.length} messages came`);
      const resolved = resolve(t, found, 2);
      t.check('MQTT-3.3.2-7', resolved.join() === textsOf(found).join(), `topics: ${resolved}`);
    },
  }),
];
