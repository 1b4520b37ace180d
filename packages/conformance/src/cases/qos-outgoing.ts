import { ReasonCode } from '@sluice/packet';
import { type ConformanceCase, defineCase } from '../case.ts';
import { acknowledgement } from '../compose.ts';

/** The broker as sender of QoS 1 and 2, within one connection: sections 4.3.2 and 4.3.3. */
export const outgoingQosCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'messages-in-flight-have-identifiers-of-their-own',
    ids: {
      v5: ['MQTT-4.3.2-1', 'MQTT-4.3.2-2', 'MQTT-4.3.3-1', 'MQTT-4.3.3-2'],
      v311: ['MQTT-4.3.2-1', 'MQTT-4.3.3-1'],
    },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      const inFlight = new Set<number>();
      for (let round = 0; round < 3; round++) {
        for (const qos of [1, 2, 1, 2] as const) {
          await publisher.publish(topic, 'x', { qos });
          const { packetId } = await subscriber.expect('publish', { qos, dup: false });
          t.check(
            qos === 1
              ? { v5: 'MQTT-4.3.2-1', v311: 'MQTT-4.3.2-1' }
              : { v5: 'MQTT-4.3.3-1', v311: 'MQTT-4.3.3-1' },
            packetId !== 0 && !inFlight.has(packetId),
            `packet id ${packetId} is in use`,
          );
          inFlight.add(packetId);
          if (qos === 2 || round === 1) continue;
          subscriber.send(acknowledgement('puback', packetId));
          inFlight.delete(packetId);
        }
      }
    },
  }),

  defineCase({
    name: 'pubrel-follows-pubrec',
    ids: {
      v5: ['MQTT-4.3.3-4', 'MQTT-3.6.1-1', 'MQTT-3.6.2-1'],
      v311: ['MQTT-4.3.3-1', 'MQTT-3.6.1-1'],
    },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      await publisher.publish(topic, 'x', { qos: 2 });
      const { packetId } = await subscriber.expect('publish', { qos: 2, dup: false });
      subscriber.send(acknowledgement('pubrec', packetId));
      const released = await t.about({ v5: 'MQTT-4.3.3-4', v311: 'MQTT-4.3.3-1' }, () =>
        subscriber.expect('pubrel', { packetId }),
      );
      t.check(
        'MQTT-3.6.1-1',
        subscriber.bytesOf(released)[0] === 0x62,
        'flags of PUBREL are not 2',
      );
      t.check(
        { v5: 'MQTT-3.6.2-1' },
        released.reasonCode === 0,
        `PUBREL with code ${released.reasonCode}`,
      );
      subscriber.send(acknowledgement('pubcomp', packetId));
      await subscriber.expectNothing();
    },
  }),

  defineCase({
    name: 'pubrec-that-comes-again-is-answered-with-pubrel-only',
    ids: { v5: ['MQTT-4.3.3-4', 'MQTT-4.3.3-6'], v311: ['MQTT-4.3.3-1'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      await publisher.publish(topic, 'x', { qos: 2 });
      const { packetId } = await subscriber.expect('publish', { qos: 2 });
      subscriber.send(acknowledgement('pubrec', packetId));
      await subscriber.expect('pubrel', { packetId });
      subscriber.send(acknowledgement('pubrec', packetId));
      const again = await subscriber.receive(300);
      t.check(
        { v5: 'MQTT-4.3.3-6', v311: 'MQTT-4.3.3-1' },
        again === undefined || again.type === 6,
        'something other than PUBREL came',
      );
      subscriber.send(acknowledgement('pubcomp', packetId));
      await subscriber.ping();
    },
  }),

  defineCase({
    name: 'pubrec-with-a-failure-ends-the-exchange',
    ids: { v5: ['MQTT-4.3.3-4', 'MQTT-4.4.0-2', 'MQTT-3.3.4-9'] },
    versions: [5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const properties = { receiveMaximum: 1 };
      const subscriber = await t.connect({ clientId, keep: true, properties });
      await subscriber.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      for (const payload of ['refused', 'next'])
        await publisher.publish(topic, payload, { qos: 2 });
      const { packetId } = await subscriber.expect('publish', { payload: 'refused' });
      subscriber.send(acknowledgement('pubrec', packetId, ReasonCode.implementationSpecificError));
      // No PUBREL, and the place is free for the next message.
      await subscriber.expectMessage({ payload: 'next', qos: 2 });
      subscriber.drop();
      const back = await t.connect({ clientId, keep: true });
      await t.about('MQTT-4.4.0-2', () => back.expectNothing());
    },
  }),

  defineCase({
    name: 'puback-with-a-failure-ends-the-exchange',
    ids: { v5: ['MQTT-4.4.0-2'] },
    versions: [5],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const properties = { receiveMaximum: 1 };
      const subscriber = await t.connect({ clientId, keep: true, properties });
      await subscriber.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      for (const payload of ['refused', 'next'])
        await publisher.publish(topic, payload, { qos: 1 });
      const { packetId } = await subscriber.expect('publish', { payload: 'refused' });
      subscriber.send(acknowledgement('puback', packetId, ReasonCode.quotaExceeded));
      await subscriber.expectMessage({ payload: 'next' });
      subscriber.drop();
      const back = await t.connect({ clientId, keep: true });
      await back.expectNothing();
    },
  }),

  defineCase({
    name: 'acknowledgements-that-nobody-waits-for-do-no-harm',
    ids: { v5: ['MQTT-4.3.3-4', 'MQTT-3.6.2-1'], v311: ['MQTT-4.3.3-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.connect();
      client.send(acknowledgement('puback', 77), acknowledgement('pubcomp', 78));
      await client.ping();
      client.send(acknowledgement('pubrec', 79));
      await client.expect('pubrel', {
        packetId: 79,
        reasonCode: (code: number) => code === 0 || code === ReasonCode.packetIdentifierNotFound,
      });
      await client.ping();
    },
  }),

  defineCase({
    name: 'nothing-is-sent-again-within-a-connection',
    ids: { v5: ['MQTT-4.4.0-1'] },
    versions: [5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect({ keep: true });
      await subscriber.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      for (const qos of [1, 2, 2] as const) await publisher.publish(topic, 'x', { qos });
      for (const qos of [1, 2] as const) await subscriber.expect('publish', { qos });
      const last = await subscriber.expect('publish', { qos: 2 });
      subscriber.send(acknowledgement('pubrec', last.packetId));
      await subscriber.expect('pubrel');
      // A client may have to say something in between.
      for (let seconds = 0; seconds < 4; seconds++) {
        await subscriber.expectNothing(1_000);
        await subscriber.ping();
      }
    },
  }),
];
