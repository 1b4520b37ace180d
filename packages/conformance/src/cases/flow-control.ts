import { ReasonCode } from '@sluice/packet';
import { type ConformanceCase, defineCase } from '../case.ts';
import { acknowledgement, pingreq, publish, subscribe } from '../compose.ts';
import { numbered } from './deliveries.ts';
import { flowOverReconnectCases } from './flow-over-reconnect.ts';

/** Flow control: section 4.9 of 5.0. */
export const flowControlCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'broker-keeps-to-the-receive-maximum',
    ids: { v5: ['MQTT-3.3.4-9', 'MQTT-4.9.0-1', 'MQTT-4.9.0-2'] },
    versions: [5],
    needs: ['qos2'],
    run: (t) =>
      t.each({ one: 1, two: 2, five: 5 }, async (receiveMaximum, name) => {
        const topic = t.topic(name);
        const subscriber = await t.connect({ properties: { receiveMaximum } });
        await subscriber.subscribe({ filter: topic, qos: 2 });
        const publisher = await t.connect();
        for (const payload of numbered(10)) {
          await publisher.publish(topic, payload, { qos: Number(payload) % 2 === 0 ? 1 : 2 });
        }
        const first = [];
        for (let count = 0; count < receiveMaximum; count++) {
          first.push(await subscriber.expect('publish', { payload: `${count}` }));
        }
        await t.about('MQTT-3.3.4-9', () => subscriber.expectNothing());
        // Each that is finished makes room for one.
        for (const message of first) {
          const next = first.indexOf(message) + receiveMaximum;
          if (message.qos === 2) {
            subscriber.send(acknowledgement('pubrec', message.packetId));
            await subscriber.expect('pubrel', { packetId: message.packetId });
            await t.about('MQTT-4.9.0-2', () => subscriber.expectNothing(100));
            subscriber.send(acknowledgement('pubcomp', message.packetId));
          } else {
            subscriber.send(acknowledgement('puback', message.packetId));
          }
          await subscriber.expect('publish', { payload: `${next}` });
          await t.about('MQTT-3.3.4-9', () => subscriber.expectNothing(100));
        }
      }),
  }),

  defineCase({
    name: 'full-quota-of-a-subscriber-delays-nothing-else',
    ids: { v5: ['MQTT-3.3.4-10', 'MQTT-4.9.0-3'] },
    versions: [5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect({ properties: { receiveMaximum: 1 } });
      await client.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      await publisher.publish(topic, 'first', { qos: 2 });
      await publisher.publish(topic, 'second', { qos: 2 });
      const { packetId } = await client.expect('publish', { payload: 'first' });
      await client.ping();
      await client.subscribe(t.topic('other'));
      await client.publish(t.topic('own'), 'x', { qos: 1 });
      await client.publish(t.topic('own'), 'x', { qos: 2 });
      await client.unsubscribe(t.topic('other'));
      client.send(acknowledgement('pubrec', packetId));
      await client.expect('pubrel', { packetId });
      await client.ping();
      client.send(acknowledgement('pubcomp', packetId));
      await client.expectMessage({ payload: 'second', qos: 2 });
    },
  }),

  defineCase({
    name: 'acknowledgement-that-comes-twice-gives-no-more-room',
    ids: { v5: ['MQTT-4.9.0-1', 'MQTT-4.9.0-2'] },
    versions: [5],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect({ properties: { receiveMaximum: 1 } });
      await client.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      for (const payload of numbered(4)) await publisher.publish(topic, payload, { qos: 1 });
      const { packetId } = await client.expect('publish', { payload: '0' });
      client.send(acknowledgement('puback', packetId), acknowledgement('puback', packetId));
      const next = await client.expect('publish', { payload: '1' });
      // Where the broker used the same identifier at once, the second PUBACK was for this message.
      if (next.packetId === packetId) t.excuse('the broker uses an identifier again at once');
      await client.expectNothing();
    },
  }),

  defineCase({
    name: 'more-than-the-receive-maximum-closes',
    ids: { v5: ['MQTT-3.3.4-7'] },
    versions: [5],
    needs: ['receive-maximum', 'qos2'],
    async run(t) {
      const { receiveMaximum = 0 } = t.connack.properties;
      const topic = t.topic();
      const client = await t.connect();
      for (let id = 1; id <= receiveMaximum; id++) {
        client.send(publish({ topic, qos: 2, packetId: id }));
        await client.expect('pubrec', { packetId: id });
      }
      // A message that is sent again takes no further place.
      client.send(publish({ topic, qos: 2, packetId: 1, dup: true }));
      await client.expect('pubrec', { packetId: 1 });
      client.send(publish({ topic, qos: 2, packetId: receiveMaximum + 1 }));
      await client.expectClosed({ codes: [ReasonCode.receiveMaximumExceeded], mustSay: true });
    },
  }),

  defineCase({
    name: 'full-quota-of-a-publisher-delays-nothing-else',
    ids: { v5: ['MQTT-3.3.4-8', 'MQTT-4.9.0-3'] },
    versions: [5],
    needs: ['receive-maximum', 'qos2'],
    async run(t) {
      const { receiveMaximum = 0 } = t.connack.properties;
      const topic = t.topic();
      const client = await t.connect();
      for (let id = 1; id <= receiveMaximum; id++) {
        client.send(publish({ topic, qos: 2, packetId: id }));
        await client.expect('pubrec', { packetId: id });
      }
      const other = t.topic('other');
      client.send(pingreq, subscribe(30_000, [other]), publish({ topic: other, payload: 'QoS 0' }));
      await client.expect('pingresp');
      await client.expect('suback', { packetId: 30_000 });
      await client.expect('publish', { payload: 'QoS 0' });
      for (let id = 1; id <= receiveMaximum; id++) client.send(acknowledgement('pubrel', id));
      for (let id = 1; id <= receiveMaximum; id++) await client.expect('pubcomp', { packetId: id });
      // The whole quota is there again.
      for (let id = 1; id <= receiveMaximum; id++) {
        client.send(publish({ topic: t.topic('more'), qos: 2, packetId: id }));
        await client.expect('pubrec', { packetId: id });
      }
    },
  }),

  defineCase({
    name: 'qos-1-at-full-speed-stays-within-the-receive-maximum',
    ids: { v5: ['MQTT-3.3.4-7'] },
    versions: [5],
    needs: ['receive-maximum'],
    async run(t) {
      const { receiveMaximum = 1 } = t.connack.properties;
      const topic = t.topic();
      const client = await t.connect();
      // A client may send the next message in the moment in which it sees the acknowledgement of one.
      let next = 1;
      while (next <= receiveMaximum) client.send(publish({ topic, qos: 1, packetId: next++ }));
      for (let id = 1; id <= receiveMaximum * 4; id++) {
        await client.expect('puback', { packetId: id });
        client.send(publish({ topic, qos: 1, packetId: next++ }));
      }
    },
  }),

  ...flowOverReconnectCases,
];
