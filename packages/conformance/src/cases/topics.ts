import { ReasonCode } from '@sluice/packet';
import { props, rawPacket, str, u16 } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { malformedCodes } from './codes.ts';
import { rawPublish } from './deliveries.ts';
import { isClosedOrRefused } from './refused-filter.ts';
import { matchingCases } from './topic-matching.ts';

const closing = [...malformedCodes, ReasonCode.topicNameInvalid, ReasonCode.topicFilterInvalid];

/** Topic names and filters: section 4.7. */
export const topicsCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'misplaced-multi-level-wildcard-is-refused',
    ids: { v5: ['MQTT-4.7.1-1'], v311: ['MQTT-4.7.1-2'] },
    versions: [4, 5],
    needs: ['wildcards'],
    run: (t) =>
      t.each(
        { 'a#': 'a#', 'a/#/b': 'a/#/b', '##': '##', '#/': '#/', '+#': '+#', '#+': '#+' },
        (filter) => isClosedOrRefused(t, t.topic(filter)),
      ),
  }),

  defineCase({
    name: 'misplaced-single-level-wildcard-is-refused',
    ids: { v5: ['MQTT-4.7.1-2'], v311: ['MQTT-4.7.1-3'] },
    versions: [4, 5],
    needs: ['wildcards'],
    run: (t) =>
      t.each(
        { 'a+': 'a+', '+a': '+a', 'a/b+/c': 'a/b+/c', '++': '++', 'a/++/c': 'a/++/c' },
        (filter) => isClosedOrRefused(t, t.topic(filter)),
      ),
  }),

  defineCase({
    name: 'empty-topic-name-closes',
    ids: { v5: ['MQTT-4.7.3-1'], v311: ['MQTT-4.7.3-1'] },
    versions: [4, 5],
    run: (t) =>
      t.each({ 'QoS 0': 0x30, 'QoS 1': 0x32, RETAIN: 0x31 }, async (firstByte) => {
        const client = await t.connect();
        client.send(rawPublish(t.version, firstByte, ''));
        await client.expectClosed({ codes: closing });
      }),
  }),

  defineCase({
    name: 'empty-topic-filter-is-refused',
    ids: { v5: ['MQTT-4.7.3-1'], v311: ['MQTT-4.7.3-1'] },
    versions: [4, 5],
    run: (t) => isClosedOrRefused(t, ''),
  }),

  defineCase({
    name: 'null-character-in-a-topic-closes',
    ids: { v5: ['MQTT-4.7.3-2'], v311: ['MQTT-4.7.3-2'] },
    versions: [4, 5],
    async run(t) {
      const name = new TextEncoder().encode(t.topic('a\0b'));
      const publisher = await t.connect();
      publisher.send(rawPublish(t.version, 0x30, name));
      await publisher.expectClosed({ codes: closing });
      const subscriber = await t.connect();
      const properties = t.version === 5 ? props() : '';
      subscriber.send(rawPacket(0x82, u16(1), properties, str(name), 0));
      await subscriber.expectClosed({ codes: closing });
      const unsubscriber = await t.connect();
      unsubscriber.send(rawPacket(0xa2, u16(1), properties, str(name)));
      await unsubscriber.expectClosed({ codes: closing });
    },
  }),

  defineCase({
    name: 'long-topics-arrive-whole-or-not-at-all',
    ids: { v5: ['MQTT-4.7.3-3'], v311: ['MQTT-4.7.3-3'] },
    versions: [4, 5],
    needs: ['wildcards'],
    run: (t) =>
      t.each({ '1,000 bytes': 1_000, '65,535 bytes': 65_535 }, async (length) => {
        const topic = t.topic(`${length}/x`).padEnd(length, 'x');
        const subscriber = await t.connect();
        await subscriber.subscribe(t.topic(`${length}/+`));
        const publisher = await t.connect();
        publisher.send(rawPublish(t.version, 0x32, topic));
        const answer = await publisher.receive();
        const message = await subscriber.receive(300);
        if (message === undefined) {
          const refused = answer?.type !== 4 || answer.reasonCode >= 0x80 || t.version < 5;
          t.check('MQTT-4.7.3-3', refused, 'a message was accepted and not delivered');
          return;
        }
        const arrived = message.type === 3 && message.topic === topic;
        t.check('MQTT-4.7.3-3', arrived, 'the topic name was changed on the way');
      }),
  }),

  ...matchingCases,
];
