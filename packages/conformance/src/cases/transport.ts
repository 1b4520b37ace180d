import { type ConformanceCase, defineCase } from '../case.ts';

/** Network connections: section 4.2 of 5.0, chapter 7 of 3.1.1. */
export const transportCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'connection-keeps-bytes-and-their-order',
    ids: { v5: ['MQTT-4.2.0-1'], v311: ['MQTT-7.1.1-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const receiver = await t.connect();
      const sender = await t.connect();
      await receiver.subscribe({ filter: t.topic(), qos: 1 });
      const payloads = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => `${index}`.repeat(5_000 * index));
      for (const payload of payloads) {
        await sender.publish(t.topic(), payload, { qos: 1 });
        await receiver.expectMessage({ payload });
      }
    },
  }),

  defineCase({
    name: 'plain-client-gets-everything-done',
    ids: { v5: ['MQTT-4.2.0-1'], v311: ['MQTT-7.0.0-2'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      // Nothing but what the standard has: no extension is needed to work with the broker.
      const client = await t.connect();
      for (const qos of [0, 1, 2] as const) {
        await client.subscribe({ filter: t.topic(`${qos}`), qos });
        await client.publish(t.topic(`${qos}`), 'x', { qos });
        await client.expectMessage({ payload: 'x', qos });
        await client.unsubscribe(t.topic(`${qos}`));
      }
      await client.ping();
      client.send('e0 00');
      await client.expectClosed({ codes: [] });
    },
  }),
];
