import { ReasonCode } from '@sluice/packet';
import { type ConformanceCase, defineCase } from '../case.ts';
import { acknowledgement, publish } from '../compose.ts';

/** The broker as receiver of QoS 1 and 2: sections 4.3.2 and 4.3.3. */
export const incomingQosCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'identifier-is-new-again-after-puback',
    ids: { v5: ['MQTT-4.3.2-4', 'MQTT-4.3.2-5'], v311: ['MQTT-4.3.2-2'] },
    versions: [3, 4, 5],
    run: (t) =>
      t.each({ 'DUP 0': false, 'DUP 1': true }, async (dup, name) => {
        const topic = t.topic(name);
        const subscriber = await t.connect();
        await subscriber.subscribe({ filter: topic, qos: 1 });
        const publisher = await t.connect();
        for (const payload of ['first', 'second', 'third']) {
          publisher.send(publish({ topic, payload, qos: 1, packetId: 5, dup }));
          const answer = { packetId: 5, reasonCode: ReasonCode.success };
          await t.about({ v5: 'MQTT-4.3.2-4', v311: 'MQTT-4.3.2-2' }, () =>
            publisher.expect('puback', answer),
          );
          await t.about({ v5: 'MQTT-4.3.2-5', v311: 'MQTT-4.3.2-2' }, () =>
            subscriber.expectMessage({ payload, qos: 1, dup: false }),
          );
        }
      }),
  }),

  defineCase({
    name: 'qos-2-message-is-delivered-once',
    ids: { v5: ['MQTT-4.3.3-8', 'MQTT-4.3.3-10', 'MQTT-4.3.3-11'], v311: ['MQTT-4.3.3-2'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      for (const dup of [false, true, true, false]) {
        publisher.send(publish({ topic, payload: 'once', qos: 2, packetId: 5, dup }));
        await t.about({ v5: 'MQTT-4.3.3-10', v311: 'MQTT-4.3.3-2' }, () =>
          publisher.expect('pubrec', { packetId: 5, reasonCode: 0 }),
        );
      }
      publisher.send(acknowledgement('pubrel', 5));
      await t.about({ v5: 'MQTT-4.3.3-11', v311: 'MQTT-4.3.3-2' }, () =>
        publisher.expect('pubcomp', { packetId: 5, reasonCode: 0 }),
      );
      await subscriber.expectMessage({ payload: 'once', qos: 2 });
      await t.about({ v5: 'MQTT-4.3.3-10', v311: 'MQTT-4.3.3-2' }, () =>
        subscriber.expectNothing(),
      );
    },
  }),

  defineCase({
    name: 'identifier-is-new-again-after-pubcomp',
    ids: { v5: ['MQTT-4.3.3-12'], v311: ['MQTT-4.3.3-2'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      for (const payload of ['first', 'second', 'third']) {
        await publisher.publish(topic, payload, { qos: 2, packetId: 5, dup: payload === 'third' });
        await subscriber.expectMessage({ payload, qos: 2 });
      }
      // And it may serve a message of QoS 1.
      await publisher.publish(topic, 'fourth', { qos: 1, packetId: 5 });
      await subscriber.expectMessage({ payload: 'fourth', qos: 1 });
    },
  }),

  defineCase({
    name: 'qos-2-exchange-goes-on-over-a-reconnect',
    ids: { v5: ['MQTT-4.3.3-10', 'MQTT-4.4.0-1'], v311: ['MQTT-4.3.3-2', 'MQTT-4.4.0-1'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 2 });
      const clientId = t.clientId('sender');
      const before = await t.connect({ clientId, keep: true });
      before.send(publish({ topic, payload: 'once', qos: 2, packetId: 5 }));
      before.send(publish({ topic, payload: 'twice', qos: 2, packetId: 6 }));
      await before.expect('pubrec', { packetId: 5 });
      await before.expect('pubrec', { packetId: 6 });
      before.drop();
      const after = await t.connect({ clientId, keep: true });
      after.send(publish({ topic, payload: 'once', qos: 2, packetId: 5, dup: true }));
      await after.expect('pubrec', { packetId: 5, reasonCode: 0 });
      after.send(acknowledgement('pubrel', 5), acknowledgement('pubrel', 6));
      await after.expect('pubcomp', { packetId: 5, reasonCode: 0 });
      await after.expect('pubcomp', { packetId: 6, reasonCode: 0 });
      await subscriber.expectMessage({ payload: 'once' });
      await subscriber.expectMessage({ payload: 'twice' });
      await subscriber.expectNothing();
    },
  }),

  defineCase({
    name: 'new-session-knows-no-old-qos-2-exchange',
    ids: { v5: ['MQTT-4.3.3-8'], v311: ['MQTT-4.3.3-2'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 2 });
      const clientId = t.clientId('sender');
      const before = await t.connect({ clientId, keep: true });
      before.send(publish({ topic, payload: 'first', qos: 2, packetId: 5 }));
      await before.expect('pubrec', { packetId: 5 });
      before.drop();
      const after = await t.connect({ clientId, clean: true });
      await after.publish(topic, 'second', { qos: 2, packetId: 5 });
      // A broker may deliver at PUBREL only: then the first message ends with its session.
      await subscriber.find('publish', { payload: 'second' });
    },
  }),

  defineCase({
    name: 'pubrel-that-nobody-waits-for-is-answered',
    ids: { v5: ['MQTT-4.3.3-11', 'MQTT-3.7.2-1'], v311: ['MQTT-4.3.3-2'] },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.connect();
      const known = [ReasonCode.success, ReasonCode.packetIdentifierNotFound];
      for (const packetId of [77, 77, 65_535]) {
        client.send(acknowledgement('pubrel', packetId));
        await client.expect('pubcomp', {
          packetId,
          reasonCode: (code: number) => known.some((one) => one === code),
        });
      }
      await client.ping();
    },
  }),

  defineCase({
    name: 'pubrel-is-answered-again',
    ids: { v5: ['MQTT-4.3.3-11'], v311: ['MQTT-4.3.3-2'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect();
      await client.publish(topic, 'x', { qos: 2, packetId: 5 });
      client.send(acknowledgement('pubrel', 5));
      await client.expect('pubcomp', { packetId: 5 });
      await client.ping();
    },
  }),

  defineCase({
    name: 'expired-message-is-still-completed',
    ids: { v5: ['MQTT-4.3.3-13'] },
    versions: [5],
    needs: ['qos2', 'silence'],
    async run(t) {
      const client = await t.connect();
      const properties = { messageExpiryInterval: 1 };
      client.send(publish({ topic: t.topic(), qos: 2, packetId: 5, properties }));
      await client.expect('pubrec', { packetId: 5 });
      await t.sleep(1_600);
      client.send(publish({ topic: t.topic(), qos: 2, packetId: 5, dup: true, properties }));
      await client.expect('pubrec', { packetId: 5, reasonCode: 0 });
      client.send(acknowledgement('pubrel', 5));
      await client.expect('pubcomp', { packetId: 5, reasonCode: 0 });
    },
  }),
];
