import { ReasonCode } from '@sluice/packet';
import { u16 } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { publish } from '../compose.ts';
import { protocolErrorCodes } from './codes.ts';
import { rawPublish } from './deliveries.ts';
import { outgoingAliasCases } from './outgoing-alias.ts';

/** Topic aliases: section 3.3.2.3.4 of 5.0. */
export const aliasCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'every-alias-up-to-the-maximum-is-accepted',
    ids: { v5: ['MQTT-3.3.2-12'] },
    versions: [5],
    needs: ['topic-alias', 'wildcards'],
    async run(t) {
      const { topicAliasMaximum = 0 } = t.connack.properties;
      const highest = Math.min(topicAliasMaximum, 300);
      const aliases = Array.from({ length: highest }, (_, index) => topicAliasMaximum - index);
      const subscriber = await t.connect({ properties: { receiveMaximum: 1_000 } });
      await subscriber.subscribe(t.topic('#'));
      const publisher = await t.connect();
      for (const topicAlias of aliases) {
        publisher.send(publish({ topic: t.topic(`${topicAlias}`), properties: { topicAlias } }));
      }
      for (const alias of aliases)
        await subscriber.expect('publish', { topic: t.topic(`${alias}`) });
      for (const topicAlias of aliases) {
        publisher.send(publish({ topic: '', payload: 'again', properties: { topicAlias } }));
      }
      for (const alias of aliases) {
        await subscriber.expect('publish', { topic: t.topic(`${alias}`), payload: 'again' });
      }
    },
  }),

  defineCase({
    name: 'alias-stands-for-the-last-topic-it-was-sent-with',
    ids: { v5: ['MQTT-3.3.2-12'] },
    versions: [5],
    needs: ['topic-alias'],
    async run(t) {
      const [first, second] = [t.topic('first'), t.topic('second')];
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: first, qos: 2 }, { filter: second, qos: 2 });
      const publisher = await t.connect();
      const properties = { topicAlias: 1 };
      for (const topic of [first, second, first]) {
        for (const qos of t.qosFrom(0)) {
          await publisher.publish(topic, 'named', { qos, properties });
          await subscriber.expectMessage({ topic, payload: 'named', qos });
          await publisher.publish('', 'by alias', { qos, properties });
          // The alias is a matter between publisher and broker.
          const without = { topicAlias: undefined };
          await subscriber.expectMessage({ topic, payload: 'by alias', qos, properties: without });
        }
      }
    },
  }),

  defineCase({
    name: 'alias-ends-with-its-connection',
    ids: { v5: ['MQTT-3.3.2-7'] },
    versions: [5],
    needs: ['topic-alias'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe(topic);
      const clientId = t.clientId('kept');
      const before = await t.connect({ clientId, keep: true });
      await before.publish(topic, 'x', { qos: 1, properties: { topicAlias: 1 } });
      await subscriber.expect('publish', { payload: 'x' });
      await before.disconnect();
      const after = await t.connect({ clientId, keep: true });
      after.send(rawPublish(5, 0x30, '', 0x23, u16(1)));
      await after.expectClosed({ codes: [...protocolErrorCodes, ReasonCode.topicAliasInvalid] });
      await subscriber.expectNothing();
    },
  }),

  defineCase({
    name: 'aliases-of-two-clients-have-nothing-in-common',
    ids: { v5: ['MQTT-3.3.2-7'] },
    versions: [5],
    needs: ['topic-alias'],
    async run(t) {
      const subscriber = await t.connect();
      await subscriber.subscribe(t.topic('one'), t.topic('other'));
      const one = await t.connect();
      const other = await t.connect();
      const properties = { topicAlias: 1 };
      await one.publish(t.topic('one'), '', { qos: 1, properties });
      await other.publish(t.topic('other'), '', { qos: 1, properties });
      await one.publish('', 'of one', { qos: 1, properties });
      await subscriber.find('publish', { topic: t.topic('one'), payload: 'of one' });
      const stranger = await t.connect();
      stranger.send(rawPublish(5, 0x30, '', 0x23, u16(1)));
      await stranger.expectClosed({ codes: [...protocolErrorCodes, ReasonCode.topicAliasInvalid] });
    },
  }),

  defineCase({
    name: 'alias-0-closes',
    ids: { v5: ['MQTT-3.3.2-8'] },
    versions: [5],
    run: (t) =>
      t.each({ 'with a topic': t.topic(), 'without a topic': '' }, async (topic) => {
        const client = await t.connect();
        client.send(rawPublish(5, 0x30, topic, 0x23, u16(0)));
        await client.expectClosed({ codes: [...protocolErrorCodes, ReasonCode.topicAliasInvalid] });
      }),
  }),

  defineCase({
    name: 'alias-above-the-maximum-closes',
    // With no maximum, or 0, every alias is above it.
    ids: { v5: ['MQTT-3.2.2-17', 'MQTT-3.2.2-18', 'MQTT-3.3.2-9'] },
    versions: [5],
    async run(t) {
      const { topicAliasMaximum = 0 } = t.connack.properties;
      if (topicAliasMaximum === 65_535) t.excuse('the broker takes every alias that there is');
      for (const alias of [topicAliasMaximum + 1, 65_535]) {
        const client = await t.connect();
        client.send(rawPublish(5, 0x30, t.topic(), 0x23, u16(alias)));
        await client.expectClosed({ codes: [ReasonCode.topicAliasInvalid], mustSay: true });
      }
    },
  }),

  defineCase({
    name: 'alias-that-stands-for-nothing-closes',
    ids: { v5: ['MQTT-3.3.2-7', 'MQTT-4.13.1-1'] },
    versions: [5],
    needs: ['topic-alias'],
    run: (t) =>
      t.each({ 'QoS 0': 0x30, 'QoS 1': 0x32, 'QoS 2': 0x34 }, async (firstByte) => {
        const client = await t.connect();
        client.send(rawPublish(5, firstByte, '', 0x23, u16(1)));
        await client.expectClosed({ codes: [...protocolErrorCodes, ReasonCode.topicAliasInvalid] });
      }),
  }),

  defineCase({
    name: 'alias-of-a-refused-topic-is-known',
    ids: { v5: ['MQTT-3.3.2-12'] },
    versions: [5],
    needs: ['topic-alias', 'refused-topic'],
    async run(t) {
      const refused = `${t.target.refusedTopic}/${t.clientId('x')}`;
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe(topic);
      const client = await t.connect();
      const options = { qos: 1, properties: { topicAlias: 1 } } as const;
      for (const name of [refused, '', refused]) {
        const code = await client.publish(name, 'x', options);
        t.check('MQTT-3.3.2-12', code >= 0x80, `a refused topic was accepted with code ${code}`);
      }
      await client.publish(topic, 'x', options);
      await client.publish('', 'y', options);
      for (const payload of ['x', 'y']) await subscriber.expect('publish', { topic, payload });
    },
  }),

  ...outgoingAliasCases,
];
