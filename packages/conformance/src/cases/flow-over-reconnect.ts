import { type ConformanceCase, defineCase } from '../case.ts';
import { acknowledgement, publish } from '../compose.ts';
import { numbered } from './deliveries.ts';

/** Receive Maximum when a session is resumed: sections 4.4 and 4.9 of 5.0. */
export const flowOverReconnectCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'receive-maximum-holds-for-what-is-sent-again',
    ids: { v5: ['MQTT-4.9.0-1', 'MQTT-3.3.4-9', 'MQTT-4.4.0-1', 'MQTT-4.6.0-5'] },
    versions: [5],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const before = await t.connect({ clientId, keep: true });
      await before.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      for (const payload of numbered(5)) {
        await publisher.publish(topic, payload, { qos: 1 });
        await before.expect('publish', { payload });
      }
      before.drop();
      const after = await t.connect({ clientId, keep: true, properties: { receiveMaximum: 2 } });
      const [first, second] = [
        await after.expect('publish', { payload: '0', dup: true }),
        await after.expect('publish', { payload: '1', dup: true }),
      ];
      await t.about('MQTT-3.3.4-9', () => after.expectNothing());
      await publisher.publish(topic, 'new', { qos: 1 });
      await after.acknowledge(second);
      const third = await after.expect('publish', { payload: '2', dup: true });
      await after.acknowledge(first);
      const fourth = await after.expect('publish', { payload: '3', dup: true });
      await after.acknowledge(third);
      await after.acknowledge(fourth);
      await after.expectMessage({ payload: '4', dup: true });
      await after.expectMessage({ payload: 'new', dup: false });
    },
  }),

  defineCase({
    name: 'quota-begins-anew-with-each-connection',
    ids: { v5: ['MQTT-4.9.0-1', 'MQTT-4.9.0-2'] },
    versions: [5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const properties = { receiveMaximum: 2 };
      const before = await t.connect({ clientId, keep: true, properties });
      await before.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      for (const payload of numbered(6)) await publisher.publish(topic, payload, { qos: 2 });
      const { packetId } = await before.expect('publish', { payload: '0' });
      await before.expect('publish', { payload: '1' });
      before.send(acknowledgement('pubrec', packetId));
      await before.expect('pubrel', { packetId });
      before.drop();
      const larger = { receiveMaximum: 4 };
      const after = await t.connect({ clientId, keep: true, properties: larger });
      await after.find('pubrel', { packetId });
      await after.expect('publish', { payload: '1', dup: true });
      await after.expect('publish', { payload: '2', dup: false });
      await after.expect('publish', { payload: '3', dup: false });
      // A released message may be counted, or not, when the connection is new.
      const more = await after.receive(300);
      if (more !== undefined) {
        const isNext = more.type === 3 && new TextDecoder().decode(more.payload) === '4';
        t.check('MQTT-4.9.0-2', isNext, 'something else came than the next message');
      }
      await after.expectNothing();
    },
  }),

  defineCase({
    name: 'receive-maximum-1-keeps-strict-order-over-reconnects',
    ids: { v5: ['MQTT-4.6.0-5', 'MQTT-4.4.0-1', 'MQTT-3.3.4-9'] },
    versions: [5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const fields = { clientId, keep: true, properties: { receiveMaximum: 1 } };
      let client = await t.connect(fields);
      await client.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      for (const payload of numbered(9)) {
        await publisher.publish(topic, payload, { qos: Number(payload) % 3 === 0 ? 1 : 2 });
      }
      for (const payload of numbered(9)) {
        const { packetId } = await client.expect('publish', { payload, dup: false });
        client.drop();
        client = await t.connect(fields);
        await client.expectMessage({ payload, packetId, dup: true });
      }
      await client.expectNothing(100);
    },
  }),

  defineCase({
    name: 'held-messages-of-a-resumed-session-do-not-fill-the-quota',
    ids: { v5: ['MQTT-4.9.0-1', 'MQTT-3.3.4-7'] },
    versions: [5],
    needs: ['receive-maximum', 'qos2'],
    async run(t) {
      const { receiveMaximum = 1 } = t.connack.properties;
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const before = await t.connect({ clientId, keep: true });
      for (let id = 1; id <= receiveMaximum; id++) {
        before.send(publish({ topic, qos: 2, packetId: id }));
        await before.expect('pubrec', { packetId: id });
      }
      before.drop();
      const after = await t.connect({ clientId, keep: true });
      for (let id = 1; id <= receiveMaximum; id++) after.send(acknowledgement('pubrel', id));
      for (let id = 1; id <= receiveMaximum; id++) await after.expect('pubcomp', { packetId: id });
      after.send(publish({ topic, qos: 2, packetId: 1 }));
      await after.expect('pubrec', { packetId: 1 });
    },
  }),
];
