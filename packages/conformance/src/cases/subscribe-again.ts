import { type ConformanceCase, defineCase } from '../case.ts';
import { acknowledgement, publish, subscribe } from '../compose.ts';

/** A filter that is subscribed again replaces its subscription (section 3.8.4). */
export const replaceCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'subscribe-again-replaces-the-subscription',
    ids: { v5: ['MQTT-3.8.4-3'], v311: ['MQTT-3.8.4-3'] },
    versions: [3, 4, 5],
    async run(t) {
      const subscriber = await t.connect();
      const publisher = await t.connect();
      for (const qos of [1, 0, 2, 2] as const) {
        await subscriber.subscribe({ filter: t.topic(), qos });
        await publisher.publish(t.topic(), `${qos}`, { qos: 1 });
        await subscriber.expectMessage({ payload: `${qos}`, qos: Math.min(qos, 1) as 0 | 1 });
      }
      await subscriber.expectNothing();
    },
  }),
  defineCase({
    name: 'subscribe-again-replaces-the-subscription-identifier',
    ids: { v5: ['MQTT-3.8.4-3'] },
    versions: [5],
    needs: ['subscription-identifiers'],
    async run(t) {
      const subscriber = await t.connect();
      const publisher = await t.connect();
      for (const identifier of [7, 268_435_455, undefined, 1]) {
        const properties = identifier === undefined ? {} : { subscriptionIdentifier: identifier };
        subscriber.send(subscribe(1, [t.topic()], properties));
        await subscriber.expect('suback');
        await publisher.publish(t.topic(), 'x');
        const wanted = identifier === undefined ? undefined : [identifier];
        await subscriber.expectMessage({ properties: { subscriptionIdentifiers: wanted } });
      }
    },
  }),
  defineCase({
    name: 'subscribe-again-in-a-later-connection-replaces-the-subscription',
    ids: { v5: ['MQTT-3.8.4-3', 'MQTT-3.1.2-5'], v311: ['MQTT-3.8.4-3', 'MQTT-3.1.2-4'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const clientId = t.clientId('s');
      const first = await t.connect({ clientId, keep: true });
      await first.subscribe({ filter: t.topic(), qos: 2 });
      await first.disconnect();
      const again = await t.connect({ clientId, keep: true });
      await again.subscribe({ filter: t.topic(), qos: 1 });
      const publisher = await t.connect();
      await publisher.publish(t.topic(), 'x', { qos: 2 });
      await again.expectMessage({ payload: 'x', qos: 1 });
      await again.expectNothing();
    },
  }),
  defineCase({
    name: 'subscribe-again-sends-retained-messages-again',
    ids: { v5: ['MQTT-3.8.4-4', 'MQTT-3.3.1-9'], v311: ['MQTT-3.8.4-3'] },
    versions: [3, 4, 5],
    needs: ['retain'],
    async run(t) {
      const client = await t.connect();
      await client.publish(t.topic(), 'kept', { qos: 1, retain: true });
      for (const qos of [0, 1, 1] as const) {
        await client.subscribe({ filter: t.topic(), qos });
        await client.expectMessage({ payload: 'kept', retain: true });
      }
      await client.expectNothing();
    },
  }),
  defineCase({
    name: 'subscribe-again-loses-no-message',
    ids: { v5: ['MQTT-3.8.4-4'], v311: ['MQTT-3.8.4-3'] },
    versions: [3, 4, 5],
    async run(t) {
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: t.topic(), qos: 1 });
      const publisher = await t.connect();
      const count = 60;
      const wanted = new Set<string>();
      const publishing = async () => {
        for (let index = 0; index < count; index++) {
          wanted.add(`${index}`);
          await publisher.publish(t.topic(), `${index}`, { qos: 1 });
        }
      };
      const reading = async () => {
        const got = new Set<string>();
        while (got.size < count) {
          subscriber.send(subscribe(subscriber.nextPacketId(), [{ filter: t.topic(), qos: 1 }]));
          const { payload, packetId } = await subscriber.find('publish');
          got.add(Buffer.from(payload).toString());
          subscriber.send(acknowledgement('puback', packetId));
        }
        return got;
      };
      const [, got] = await Promise.all([publishing(), reading()]);
      const lost = [...wanted].filter((payload) => !got.has(payload));
      t.check(
        { v5: 'MQTT-3.8.4-4', v311: 'MQTT-3.8.4-3' },
        lost.length === 0,
        `lost ${lost.join(', ')}`,
      );
    },
  }),
  defineCase({
    name: 'publish-behind-subscribe-is-received',
    ids: { v5: ['MQTT-3.8.4-1'], v311: ['MQTT-3.8.4-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.connect();
      client.send(subscribe(1, [t.topic()]), publish({ topic: t.topic(), payload: 'x' }));
      await client.find('suback', { packetId: 1 });
      await client.find('publish', { payload: 'x' });
    },
  }),
];
