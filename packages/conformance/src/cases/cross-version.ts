import { Buffer } from 'node:buffer';
import type { ProtocolVersion, PublishProperties } from '@sluice/packet';
import { type ConformanceCase, defineCase } from '../case.ts';
import { acknowledgement } from '../compose.ts';
import { requireVersion } from './deliveries.ts';

const versions: readonly ProtocolVersion[] = [3, 4, 5];

const everything: PublishProperties = {
  payloadFormatIndicator: 1,
  messageExpiryInterval: 300,
  contentType: 'text/plain',
  responseTopic: 'reply',
  correlationData: Buffer.from('data'),
  userProperties: [['name', 'value']],
};

/** Clients of different versions on one broker: what 5.0 has and 3.x has not stays out of 3.x, and nothing is lost. */
export const crossVersionCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'messages-cross-versions',
    ids: { v5: ['MQTT-4.5.0-1'], v311: ['MQTT-4.5.0-1'] },
    versions,
    run: (t) =>
      t.each({ '3.1': 3, '3.1.1': 4, '5.0': 5 } as const, async (version, name) => {
        await requireVersion(t, version);
        const topic = t.topic(name);
        const subscriber = await t.connect();
        await subscriber.subscribe({ filter: topic, qos: 2 });
        const publisher = await t.connect({ version });
        const properties = version === 5 ? everything : {};
        // Its CONNACK decides what a subscriber may get: a 3.x client reads a property as payload.
        const expected = t.version === 5 ? properties : {};
        const { messageExpiryInterval, ...fixed } = expected as PublishProperties;
        for (const qos of t.qosFrom(0)) {
          const payload = `payload ${qos}`;
          await publisher.publish(topic, payload, { qos, properties });
          const message = await subscriber.expectMessage({
            topic,
            payload,
            qos,
            properties: fixed,
          });
          const expires = message.properties.messageExpiryInterval !== undefined;
          t.check(
            'MQTT-4.5.0-1',
            expires === (messageExpiryInterval !== undefined),
            'a Message Expiry Interval came or went on the way',
          );
        }
      }),
  }),

  defineCase({
    name: 'alias-of-a-publisher-reaches-no-other-version',
    ids: { v5: ['MQTT-3.3.2-7'], v311: ['MQTT-3.3.2-1'] },
    versions,
    needs: ['topic-alias'],
    async run(t) {
      await requireVersion(t, 5);
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect({ version: 5 });
      for (const name of [topic, '', '']) {
        await publisher.publish(name, 'x', { qos: 1, properties: { topicAlias: 1 } });
        await subscriber.expectMessage({
          topic,
          payload: 'x',
          properties: { topicAlias: undefined },
        });
      }
    },
  }),

  defineCase({
    name: 'retained-messages-cross-versions',
    ids: { v5: ['MQTT-3.3.1-5'], v311: ['MQTT-3.3.1-5', 'MQTT-3.3.1-6'] },
    versions,
    needs: ['retain'],
    run: (t) =>
      t.each({ '3.1': 3, '3.1.1': 4, '5.0': 5 } as const, async (version, name) => {
        await requireVersion(t, version);
        const topic = t.topic(name);
        const publisher = await t.connect({ version });
        const properties = version === 5 ? everything : {};
        await publisher.publish(topic, 'kept', { qos: 1, retain: true, properties });
        const subscriber = await t.connect();
        await subscriber.subscribe({ filter: topic, qos: 1 });
        await subscriber.expectMessage({ topic, payload: 'kept', qos: 1, retain: true });
      }),
  }),

  defineCase({
    name: 'will-crosses-versions',
    ids: { v5: ['MQTT-4.5.0-1'], v311: ['MQTT-4.5.0-1'] },
    versions,
    run: (t) =>
      t.each({ '3.1': 3, '3.1.1': 4, '5.0': 5 } as const, async (version, name) => {
        await requireVersion(t, version);
        const topic = t.topic(name);
        const subscriber = await t.connect();
        await subscriber.subscribe({ filter: topic, qos: 1 });
        const properties = version === 5 ? { contentType: 'text/plain' } : {};
        const will = { topic, payload: 'gone', qos: 1, properties } as const;
        const publisher = await t.connect({ version, will });
        publisher.drop();
        const contentType = version === 5 && t.version === 5 ? 'text/plain' : undefined;
        await subscriber.expectMessage({
          topic,
          payload: 'gone',
          qos: 1,
          properties: { contentType },
        });
      }),
  }),

  defineCase({
    name: 'session-is-resumed-with-another-version',
    ids: { v5: ['MQTT-4.4.0-1', 'MQTT-4.5.0-1'], v311: ['MQTT-4.4.0-1', 'MQTT-4.5.0-1'] },
    versions,
    needs: ['qos2'],
    run: (t) =>
      t.each({ '3.1': 3, '3.1.1': 4, '5.0': 5 } as const, async (version, name) => {
        await requireVersion(t, version);
        const topic = t.topic(name);
        const clientId = t.clientId(`v${version}`);
        const before = await t.connect({ clientId, keep: true });
        await before.subscribe({ filter: topic, qos: 2 });
        const publisher = await t.connect();
        await publisher.publish(topic, 'in flight', { qos: 1 });
        const { packetId } = await before.expect('publish', { payload: 'in flight' });
        await publisher.publish(topic, 'released', { qos: 2 });
        const released = await before.expect('publish', { payload: 'released' });
        before.send(acknowledgement('pubrec', released.packetId));
        await before.expect('pubrel', { packetId: released.packetId });
        before.drop();
        await publisher.publish(topic, 'queued', { qos: 1 });
        const after = await t.connect({ clientId, keep: true, version });
        await after.expectMessage({ payload: 'in flight', packetId, dup: true });
        await after.expect('pubrel', { packetId: released.packetId });
        after.send(acknowledgement('pubcomp', released.packetId));
        // As a duplicate where the broker had not seen yet that the connection was gone.
        await after.expectMessage({ payload: 'queued' });
        await publisher.publish(topic, 'live', { qos: 2 });
        await after.expectMessage({ payload: 'live', qos: 2 });
      }),
  }),
];
