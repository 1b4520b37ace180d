import { ReasonCode } from '@sluice/packet';
import { type ConformanceCase, defineCase } from '../case.ts';
import { publish } from '../compose.ts';
import { malformedCodes, protocolErrorCodes } from './codes.ts';
import { crossVersionCases } from './cross-version.ts';
import { rawPublish } from './deliveries.ts';
import { droppedForSizeCases } from './dropped-for-size.ts';
import { overlapCases } from './overlaps.ts';
import { pubackToPubcompCases } from './puback-to-pubcomp.ts';
import { publishPropertiesCases } from './publish-properties.ts';

/** PUBLISH: section 3.3; with the acknowledgements of sections 3.4 to 3.7. */
export const publishCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'dup-at-qos-0-closes',
    ids: { v5: ['MQTT-3.3.1-2'], v311: ['MQTT-3.3.1-2'] },
    versions: [4, 5],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe(topic);
      const publisher = await t.connect();
      publisher.send(rawPublish(t.version, 0x38, topic));
      await publisher.expectClosed({ codes: malformedCodes });
      await subscriber.expectNothing();
    },
  }),

  defineCase({
    name: 'qos-0-goes-out-without-dup',
    ids: { v5: ['MQTT-3.3.1-2', 'MQTT-4.3.1-1'], v311: ['MQTT-3.3.1-2', 'MQTT-4.3.1-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe(topic);
      const publisher = await t.connect();
      for (const qos of t.qosFrom(0)) await publisher.publish(topic, `${qos}`, { qos });
      for (const sent of t.qosFrom(0)) {
        const received = { payload: `${sent}`, qos: 0, dup: false, retain: false } as const;
        await subscriber.expect('publish', received);
      }
      await subscriber.expectNothing();
    },
  }),

  defineCase({
    name: 'dup-of-a-publisher-does-not-travel',
    ids: { v5: ['MQTT-3.3.1-3'], v311: ['MQTT-3.3.1-3'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      for (const qos of t.qosFrom(1)) {
        await publisher.publish(topic, `${qos}`, { qos, dup: true });
        await subscriber.expectMessage({ payload: `${qos}`, qos, dup: false });
      }
    },
  }),

  defineCase({
    name: 'qos-3-closes',
    ids: { v5: ['MQTT-3.3.1-4'], v311: ['MQTT-3.3.1-4'] },
    versions: [3, 4, 5],
    run: (t) =>
      t.each({ 'DUP 0': 0x36, 'DUP 1': 0x3e, 'RETAIN 1': 0x37 }, async (firstByte) => {
        const topic = t.topic();
        const subscriber = await t.connect();
        await subscriber.subscribe(topic);
        const publisher = await t.connect();
        publisher.send(rawPublish(t.version, firstByte, topic));
        await publisher.expectClosed({ codes: malformedCodes });
        await subscriber.expectNothing(100);
      }),
  }),

  defineCase({
    name: 'wildcard-in-a-topic-name-closes',
    ids: {
      v5: ['MQTT-3.3.2-2', 'MQTT-4.7.0-1'],
      v311: ['MQTT-3.3.2-2', 'MQTT-4.7.1-1'],
    },
    versions: [3, 4, 5],
    needs: ['wildcards'],
    async run(t) {
      const subscriber = await t.connect();
      await subscriber.subscribe(t.topic('#'));
      const suffixes = { '#': '#', '+': '+', '+ in the middle': 'a/+/b', 'a#': 'a#', 'a+': 'a+' };
      await t.each(suffixes, async (suffix) => {
        for (const firstByte of [0x30, 0x32]) {
          const publisher = await t.connect();
          publisher.send(rawPublish(t.version, firstByte, t.topic(suffix)));
          await publisher.expectClosed({
            codes: [...malformedCodes, ReasonCode.topicNameInvalid],
          });
        }
      });
      await subscriber.expectNothing();
    },
  }),

  defineCase({
    name: 'topic-name-arrives-unchanged',
    ids: { v5: ['MQTT-3.3.2-1', 'MQTT-3.3.2-3'], v311: ['MQTT-3.3.2-1', 'MQTT-3.3.2-3'] },
    versions: [3, 4, 5],
    async run(t) {
      const subscriber = await t.connect();
      const publisher = await t.connect();
      const suffixes = ['plain', 'with blank', '/', 'a//b/', 'Größe/温度/🚰', '__proto__', '$x'];
      for (const suffix of suffixes) {
        const topic = t.topic(suffix);
        await subscriber.subscribe(topic);
        await publisher.publish(topic, suffix, { qos: 1 });
        await subscriber.expect('publish', { topic, payload: suffix });
      }
    },
  }),

  defineCase({
    name: 'payload-arrives-unchanged',
    ids: { v5: ['MQTT-4.5.0-1'], v311: ['MQTT-4.5.0-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      for (const size of [0, 1, 127, 128, 16_383, 16_384, 200_000]) {
        const payload = Uint8Array.from({ length: size }, (_, index) => (index * 7) % 256);
        await publisher.publish(topic, payload, { qos: 1 });
        await subscriber.expectMessage({ payload, qos: 1 });
      }
    },
  }),

  defineCase({
    name: 'each-qos-has-its-answer',
    ids: { v5: ['MQTT-3.3.4-1'], v311: ['MQTT-3.3.4-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.connect();
      const topic = t.topic();
      client.send(publish({ topic }));
      await client.expectNothing(100);
      for (const qos of t.qosFrom(1)) {
        const packetId = qos === 1 ? 65_535 : 256;
        client.send(publish({ topic, qos, packetId }));
        await client.expect(qos === 1 ? 'puback' : 'pubrec', { packetId });
      }
      await client.expectNothing(100);
    },
  }),

  defineCase({
    name: 'refused-message-is-acknowledged-or-closes',
    ids: {
      v5: ['MQTT-3.4.2-1', 'MQTT-3.5.2-1', 'MQTT-4.3.2-4', 'MQTT-4.3.3-8', 'MQTT-4.3.3-9'],
      v311: ['MQTT-3.3.5-2'],
    },
    versions: [3, 4, 5],
    needs: ['refused-topic', 'qos2'],
    async run(t) {
      const topic = `${t.target.refusedTopic}/${t.clientId('x')}`;
      const client = await t.connect();
      if (t.version === 5) {
        const failure = (code: number) => code >= 0x80;
        client.send(publish({ topic, qos: 1, packetId: 7 }));
        await client.expect('puback', { packetId: 7, reasonCode: failure });
        client.send(publish({ topic, qos: 2, packetId: 8 }));
        await client.expect('pubrec', { packetId: 8, reasonCode: failure });
        // The refusal has ended the exchange: the identifier begins a new one.
        const allowed = t.topic();
        const subscriber = await t.connect();
        await subscriber.subscribe(allowed);
        await client.publish(allowed, 'new', { qos: 2, packetId: 8 });
        await subscriber.expect('publish', { payload: 'new' });
        return;
      }
      for (const qos of [1, 2] as const) {
        client.send(publish({ topic, qos, packetId: qos }));
        const answer = await client.receive();
        if (answer === undefined) {
          t.check('MQTT-3.3.5-2', await client.closed(), 'neither acknowledged nor closed');
          return;
        }
        t.check(
          'MQTT-3.3.5-2',
          answer.type === (qos === 1 ? 4 : 5),
          'a refused message is acknowledged by the rules of its QoS',
        );
      }
    },
  }),

  defineCase({
    name: 'subscription-identifier-of-a-publisher-closes',
    ids: { v5: ['MQTT-3.3.4-6'] },
    versions: [5],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe(topic);
      const publisher = await t.connect();
      publisher.send(rawPublish(5, 0x30, topic, 0x0b, 0x05));
      await publisher.expectClosed({ codes: protocolErrorCodes });
      await subscriber.expectNothing();
    },
  }),

  ...overlapCases,
  ...publishPropertiesCases,
  ...crossVersionCases,
  ...pubackToPubcompCases,
  ...droppedForSizeCases,
];
