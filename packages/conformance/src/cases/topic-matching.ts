import { Buffer } from 'node:buffer';
import { type ConformanceCase, defineCase } from '../case.ts';
import { publish } from '../compose.ts';
import { collect } from './deliveries.ts';

const names = ['a', 'a/', 'a/b', 'a/b/c', 'a//c', '/', '/a', 'A/b', 'a b', 'b', 'b/c', 'a/b/c/d'];

/** For each filter the names of the list above that it matches. */
const table: Readonly<Record<string, readonly string[]>> = {
  a: ['a'],
  'a/b': ['a/b'],
  'a/#': ['a', 'a/', 'a/b', 'a/b/c', 'a//c', 'a/b/c/d'],
  'a/+': ['a/', 'a/b'],
  'a/+/c': ['a/b/c', 'a//c'],
  'a/+/#': ['a/', 'a/b', 'a/b/c', 'a//c', 'a/b/c/d'],
  '+': ['a', 'a b', 'b'],
  '+/+': ['a/', 'a/b', '/', '/a', 'A/b', 'b/c'],
  '/+': ['/', '/a'],
  '/#': ['/', '/a'],
  '+/b/#': ['a/b', 'a/b/c', 'A/b', 'a/b/c/d'],
  '+/+/c': ['a/b/c', 'a//c'],
  'a/': ['a/'],
};

// Two spellings of one letter, letters that look alike, cases and blanks: all different to MQTT.
const lookalikes = [
  'caf\u00e9',
  'cafe\u0301',
  'CAF\u00c9',
  '\uff41',
  'a',
  '\u0430',
  'a/./b',
  'a/b',
  'a//b',
  ' a',
  'a ',
  '%61',
];

/** Which names a filter matches: sections 4.7.1 to 4.7.3. */
export const matchingCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'filters-match-what-the-standard-says',
    ids: {
      v5: ['MQTT-3.3.2-3', 'MQTT-4.7.1-1', 'MQTT-4.7.1-2'],
      v311: ['MQTT-3.3.2-3', 'MQTT-4.7.1-2', 'MQTT-4.7.1-3'],
    },
    versions: [3, 4, 5],
    needs: ['wildcards'],
    run: (t) =>
      t.each(table, async (expected, filter) => {
        const root = t.topic(Buffer.from(filter).toString('hex'));
        const subscriber = await t.connect();
        await subscriber.subscribe({ filter: `${root}/${filter}`, qos: 1 });
        const publisher = await t.connect();
        for (const name of names) await publisher.publish(`${root}/${name}`, name, { qos: 1 });
        const found = await collect(subscriber, expected.length);
        const matched = found.map(({ topic }) => topic.slice(root.length + 1));
        t.check(
          'MQTT-3.3.2-3',
          matched.join() === expected.join(),
          `matched ${JSON.stringify(matched)} instead of ${JSON.stringify(expected)}`,
        );
      }),
  }),

  defineCase({
    name: 'wildcard-at-the-start-does-not-match-dollar-topics',
    ids: { v5: ['MQTT-4.7.2-1'], v311: ['MQTT-4.7.2-1'] },
    versions: [3, 4, 5],
    needs: ['wildcards', 'retain'],
    async run(t) {
      const name = t.clientId('dollar');
      const topic = `$conformance/${name}`;
      const named = await t.connect();
      await named.subscribe({ filter: `$conformance/${name}`, qos: 1 });
      const wild = await t.connect();
      await wild.subscribe('#', `+/${name}`, '+/+/#');
      const publisher = await t.connect();
      publisher.send(publish({ topic, payload: 'x', qos: 1, packetId: 1, retain: true }));
      await publisher.receive();
      // A broker may keep such topics for itself; its own below $SYS must not come either.
      const later = await t.connect();
      await later.subscribe('#', `+/${name}`);
      for (const client of [wild, later]) {
        const deadline = performance.now() + 400;
        for (;;) {
          const packet = await client.receive(Math.max(0, deadline - performance.now()));
          if (packet === undefined) break;
          t.check(
            'MQTT-4.7.2-1',
            packet.type !== 3 || !packet.topic.startsWith('$'),
            'a wildcard at the start matched a topic that begins with $',
          );
        }
      }
      const direct = await named.receive(100);
      if (direct !== undefined) await publisher.publish(topic, '', { qos: 1, retain: true });
    },
  }),

  defineCase({
    name: 'names-are-compared-as-they-are',
    ids: { v5: ['MQTT-4.7.3-4'], v311: ['MQTT-4.7.3-4'] },
    versions: [3, 4, 5],
    async run(t) {
      const subscribers = await Promise.all(
        lookalikes.map(async (name) => {
          const subscriber = await t.connect();
          await subscriber.subscribe({ filter: t.topic(name), qos: 1 });
          return subscriber;
        }),
      );
      const publisher = await t.connect();
      for (const name of lookalikes) await publisher.publish(t.topic(name), name, { qos: 1 });
      for (const [index, subscriber] of subscribers.entries()) {
        const name = lookalikes[index] ?? '';
        await subscriber.expectMessage({ topic: t.topic(name), payload: name });
      }
      for (const subscriber of subscribers) await subscriber.expectNothing(20);
    },
  }),
];
