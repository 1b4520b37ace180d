import { type ConformanceCase, defineCase } from '../case.ts';
import type { Client } from '../client.ts';
import type { StatementId, Trial } from '../trial.ts';

/** Session Present is as expected; 3.1 does not say. */
function checkPresent(t: Trial, id: StatementId, client: Client, expected: boolean): void {
  if (t.version === 3) return;
  const isPresent = client.connack?.sessionPresent === true;
  t.check(id, isPresent === expected, `Session Present is ${Number(isPresent)}`);
}

/** Which session a CONNECT gets, and what CONNACK says of it: sections 3.1.2.4 and 3.2.2.1. */
export const connectSessionCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'unknown-client-gets-a-new-session',
    ids: { v5: ['MQTT-3.1.2-6', 'MQTT-3.2.2-3'], v311: ['MQTT-3.1.2-4', 'MQTT-3.2.2-3'] },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.connect({ keep: true });
      checkPresent(t, 'MQTT-3.2.2-3', client, false);
      await client.expectNothing();
    },
  }),

  defineCase({
    name: 'known-client-gets-its-session',
    ids: {
      v5: ['MQTT-3.1.2-5', 'MQTT-3.1.2-23', 'MQTT-3.2.2-3', 'MQTT-4.5.0-1'],
      v311: ['MQTT-3.1.2-4', 'MQTT-3.1.2-5', 'MQTT-3.2.2-2', 'MQTT-4.1.0-1', 'MQTT-4.5.0-1'],
    },
    versions: [3, 4, 5],
    run: (t) =>
      t.each({ 'after DISCONNECT': true, 'after a cut': false }, async (isDisconnected) => {
        const topic = t.topic(`${isDisconnected}`);
        const client = await t.connect({ keep: true });
        await client.subscribe({ filter: topic, qos: 1 });
        if (isDisconnected) await client.disconnect();
        else client.drop();
        const publisher = await t.connect();
        await publisher.publish(topic, 'queued', { qos: 1 });
        const back = await t.connect({ clientId: client.clientId, keep: true });
        checkPresent(t, { v5: 'MQTT-3.2.2-3', v311: 'MQTT-3.2.2-2' }, back, true);
        await back.expectMessage({ payload: 'queued', qos: 1 });
        await publisher.publish(topic, 'live', { qos: 1 });
        await back.expectMessage({ payload: 'live', qos: 1 });
      }),
  }),

  defineCase({
    name: 'session-without-subscriptions-is-present',
    ids: { v5: ['MQTT-3.2.2-3'], v311: ['MQTT-3.2.2-2'] },
    versions: [4, 5],
    async run(t) {
      const client = await t.connect({ keep: true });
      await client.disconnect();
      const back = await t.connect({ clientId: client.clientId, keep: true });
      checkPresent(t, { v5: 'MQTT-3.2.2-3', v311: 'MQTT-3.2.2-2' }, back, true);
    },
  }),

  defineCase({
    name: 'clean-start-finds-no-session',
    ids: { v5: ['MQTT-3.1.2-4', 'MQTT-3.2.2-2'], v311: ['MQTT-3.1.2-6', 'MQTT-3.2.2-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect({ keep: true });
      await client.subscribe({ filter: topic, qos: 1 });
      client.drop();
      const publisher = await t.connect();
      await publisher.publish(topic, 'queued', { qos: 1 });
      const fresh = await t.connect({ clientId: client.clientId, clean: true });
      checkPresent(t, { v5: 'MQTT-3.2.2-2', v311: 'MQTT-3.2.2-1' }, fresh, false);
      await publisher.publish(topic, 'live', { qos: 1 });
      await fresh.expectNothing();
    },
  }),

  defineCase({
    name: 'sessions-of-clients-are-apart',
    ids: { v5: ['MQTT-3.1.3-2'], v311: ['MQTT-3.1.3-2'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      // Client identifiers that differ in case only, or begin alike.
      const one = await t.connect({ clientId: t.clientId('a'), keep: true });
      await one.subscribe({ filter: topic, qos: 1 });
      const two = await t.connect({ clientId: t.clientId('A'), keep: true });
      const three = await t.connect({ clientId: t.clientId('aa'), keep: true });
      checkPresent(t, 'MQTT-3.1.3-2', two, false);
      checkPresent(t, 'MQTT-3.1.3-2', three, false);
      await one.publish(topic, 'message', { qos: 1 });
      await one.expectMessage({ payload: 'message' });
      await two.expectNothing();
      await three.expectNothing(1);
    },
  }),

  defineCase({
    name: 'retained-message-outlives-the-session',
    ids: { v311: ['MQTT-3.1.2-7'] },
    versions: [3, 4],
    needs: ['retain'],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect({ clean: true });
      await client.publish(topic, 'kept', { qos: 1, retain: true });
      await client.disconnect();
      await t.connect({ clientId: client.clientId, clean: true });
      const subscriber = await t.connect();
      await subscriber.subscribe(topic);
      await subscriber.expect('publish', { topic, payload: 'kept', retain: true });
    },
  }),
];
