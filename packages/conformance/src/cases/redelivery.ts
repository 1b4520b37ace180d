import { type ConformanceCase, defineCase } from '../case.ts';
import { acknowledgement, pingreq, publish } from '../compose.ts';
import { numbered } from './deliveries.ts';

/** What a session that is resumed gets again: section 4.4. */
export const redeliveryCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'unacknowledged-messages-come-again-in-order',
    ids: {
      v5: ['MQTT-3.3.1-1', 'MQTT-4.3.2-3', 'MQTT-4.3.3-3', 'MQTT-4.4.0-1', 'MQTT-4.6.0-5'],
      v311: ['MQTT-3.3.1-1', 'MQTT-4.3.2-1', 'MQTT-4.3.3-1', 'MQTT-4.4.0-1', 'MQTT-4.6.0-1'],
    },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const before = await t.connect({ clientId, keep: true });
      await before.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      const sent = [];
      for (const payload of numbered(8)) {
        const qos = Number(payload) % 2 === 0 ? 1 : 2;
        await publisher.publish(topic, payload, { qos });
        const { packetId } = await before.expect('publish', { payload, qos, dup: false });
        sent.push({ payload, qos, packetId } as const);
      }
      // Twice, since what was sent again is not acknowledged either; the second time without one of them.
      const acknowledged = sent.find(({ qos }) => qos === 1);
      before.drop();
      const between = await t.connect({ clientId, keep: true });
      for (const message of sent) {
        await between.expect('publish', { ...message, topic, dup: true });
      }
      between.send(acknowledgement('puback', acknowledged?.packetId ?? 0));
      await between.ping();
      // Its end is seen before the next message is published: that one was never sent.
      await between.disconnect();
      await publisher.publish(topic, 'new', { qos: 1 });
      const after = await t.connect({ clientId, keep: true });
      for (const message of sent) {
        if (message === acknowledged) continue;
        await after.expectMessage({ ...message, dup: true });
      }
      await after.expectMessage({ payload: 'new', dup: false });
      await after.expectNothing();
    },
  }),

  defineCase({
    name: 'pubrel-comes-again-instead-of-the-message',
    ids: {
      v5: ['MQTT-4.3.3-5', 'MQTT-4.3.3-6', 'MQTT-4.4.0-1'],
      v311: ['MQTT-4.3.3-1', 'MQTT-4.4.0-1'],
    },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const before = await t.connect({ clientId, keep: true });
      await before.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      const ids: number[] = [];
      for (const payload of numbered(4)) {
        await publisher.publish(topic, payload, { qos: 2 });
        ids.push((await before.expect('publish', { payload })).packetId);
      }
      const [first = 0, second = 0, third = 0, fourth = 0] = ids;
      for (const packetId of [first, third]) {
        before.send(acknowledgement('pubrec', packetId));
        await before.expect('pubrel', { packetId });
      }
      before.drop();
      for (let round = 0; round < 2; round++) {
        const between = await t.connect({ clientId, keep: true });
        // Whether PUBREL and PUBLISH may pass each other, the standard does not say.
        await between.find('pubrel', { packetId: first });
        await between.find('pubrel', { packetId: third });
        await between.expect('publish', { packetId: second, dup: true, payload: '1' });
        await between.expect('publish', { packetId: fourth, dup: true, payload: '3' });
        await between.expectNothing(100);
        between.drop();
      }
      const after = await t.connect({ clientId, keep: true });
      await after.find('pubrel', { packetId: third });
      after.send(acknowledgement('pubcomp', first), acknowledgement('pubcomp', third), pingreq);
      await after.find('pingresp');
      after.drop();
      const last = await t.connect({ clientId, keep: true });
      await last.expectMessage({ packetId: second, dup: true });
      await last.expectMessage({ packetId: fourth, dup: true });
      await last.expectNothing();
    },
  }),

  defineCase({
    name: 'new-session-gets-nothing-again',
    ids: { v5: ['MQTT-4.4.0-1'], v311: ['MQTT-4.4.0-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const before = await t.connect({ clientId, keep: true });
      await before.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      await publisher.publish(topic, 'x', { qos: 1 });
      await before.expect('publish', { payload: 'x' });
      before.drop();
      const after = await t.connect({ clientId, clean: true });
      await after.expectNothing();
    },
  }),

  defineCase({
    name: 'message-that-was-only-queued-is-no-duplicate',
    ids: { v5: ['MQTT-4.3.2-2', 'MQTT-4.3.3-2'], v311: ['MQTT-4.3.2-1', 'MQTT-4.3.3-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const before = await t.connect({ clientId, keep: true });
      await before.subscribe({ filter: topic, qos: 2 });
      await before.disconnect();
      const publisher = await t.connect();
      for (const qos of t.qosFrom(1)) await publisher.publish(topic, 'x', { qos, dup: true });
      const after = await t.connect({ clientId, keep: true });
      for (const qos of t.qosFrom(1)) await after.expectMessage({ qos, dup: false });
    },
  }),

  defineCase({
    name: 'message-in-flight-comes-again-without-its-subscription',
    ids: { v5: ['MQTT-4.4.0-1'], v311: ['MQTT-4.4.0-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const before = await t.connect({ clientId, keep: true });
      await before.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      await publisher.publish(topic, 'x', { qos: 1 });
      const { packetId } = await before.expect('publish', { payload: 'x' });
      await before.unsubscribe(topic);
      before.drop();
      const after = await t.connect({ clientId, keep: true });
      await after.expectMessage({ payload: 'x', packetId, dup: true, qos: 1 });
    },
  }),

  defineCase({
    name: 'acknowledgement-of-another-kind-ends-no-exchange',
    ids: { v5: ['MQTT-4.3.2-3', 'MQTT-4.3.3-3'], v311: ['MQTT-4.3.2-1', 'MQTT-4.3.3-1'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    run: (t) => {
      const wrong = {
        'PUBACK at QoS 2': [2, 'puback'],
        'PUBCOMP at QoS 2': [2, 'pubcomp'],
        'PUBREC at QoS 1': [1, 'pubrec'],
        'PUBCOMP at QoS 1': [1, 'pubcomp'],
      } as const;
      return t.each(wrong, async ([qos, kind], name) => {
        const topic = t.topic(name);
        const clientId = t.clientId(`${kind}${qos}`);
        const before = await t.connect({ clientId, keep: true });
        await before.subscribe({ filter: topic, qos });
        const publisher = await t.connect();
        await publisher.publish(topic, 'x', { qos });
        const { packetId } = await before.expect('publish', { payload: 'x' });
        before.send(acknowledgement(kind, packetId));
        // A broker may take this as an error and close, or ignore it.
        await before.closed(200);
        before.drop();
        const after = await t.connect({ clientId, keep: true });
        await after.expectMessage({ payload: 'x', packetId, qos, dup: true });
      });
    },
  }),

  defineCase({
    name: 'message-in-flight-at-takeover-comes-again',
    ids: { v5: ['MQTT-4.4.0-1'], v311: ['MQTT-4.4.0-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const before = await t.connect({ clientId, keep: true });
      await before.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      const inFlight = [];
      for (const qos of t.qosFrom(1)) {
        const payload = `${qos}`;
        await publisher.publish(topic, payload, { qos });
        const { packetId } = await before.expect('publish', { payload });
        inFlight.push({ payload, packetId });
      }
      const after = await t.connect({ clientId, keep: true });
      await before.closed();
      for (const message of inFlight) await after.expectMessage({ ...message, dup: true });
      await after.expectNothing();
    },
  }),

  defineCase({
    name: 'sender-may-send-again-after-a-reconnect',
    ids: { v5: ['MQTT-4.4.0-1', 'MQTT-4.3.2-4'], v311: ['MQTT-4.4.0-1', 'MQTT-4.3.2-2'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const before = await t.connect({ clientId, keep: true });
      before.send(publish({ topic, payload: 'x', qos: 1, packetId: 9 }));
      before.drop();
      const after = await t.connect({ clientId, keep: true });
      after.send(publish({ topic, payload: 'x', qos: 1, packetId: 9, dup: true }));
      await after.expect('puback', { packetId: 9 });
    },
  }),
];
