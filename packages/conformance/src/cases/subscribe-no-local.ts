import { type ConformanceCase, defineCase } from '../case.ts';
import { subscribe } from '../compose.ts';

const ids = { v5: ['MQTT-3.8.3-3'] };

/** No Local (section 3.8.3.1). */
export const noLocalCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'no-local-keeps-back-own-messages-only',
    ids,
    versions: [5],
    needs: ['qos2'],
    async run(t) {
      const client = await t.connect();
      const other = await t.connect();
      await client.subscribe({ filter: t.topic(), qos: 2, noLocal: true });
      for (const qos of [0, 1, 2] as const) {
        await client.publish(t.topic(), 'own', { qos });
        await other.publish(t.topic(), `other ${qos}`, { qos });
        await client.expectMessage({ payload: `other ${qos}` });
      }
      await client.expectNothing();
    },
  }),
  defineCase({
    name: 'no-local-changes-when-subscribed-again',
    ids: { v5: ['MQTT-3.8.4-3'] },
    versions: [5],
    async run(t) {
      const client = await t.connect();
      await client.subscribe({ filter: t.topic(), noLocal: true });
      await client.publish(t.topic(), 'kept back');
      await client.subscribe({ filter: t.topic(), noLocal: false });
      await client.publish(t.topic(), 'sent');
      await client.expectMessage({ payload: 'sent' });
      await client.subscribe({ filter: t.topic(), noLocal: true });
      await client.publish(t.topic(), 'kept back');
      await client.expectNothing();
    },
  }),
  defineCase({
    name: 'no-local-goes-by-client-identifier-over-connections',
    ids,
    versions: [5],
    async run(t) {
      const clientId = t.clientId('nl');
      const first = await t.connect({ clientId, keep: true });
      await first.subscribe({ filter: t.topic(), qos: 1, noLocal: true });
      await first.disconnect();
      const other = await t.connect();
      await other.publish(t.topic(), 'while away', { qos: 1 });
      const again = await t.connect({ clientId, keep: true });
      await again.expectMessage({ payload: 'while away' });
      await again.publish(t.topic(), 'own', { qos: 1 });
      await again.expectNothing();
    },
  }),
  defineCase({
    name: 'no-local-holds-for-the-own-will',
    ids,
    versions: [5],
    async run(t) {
      const clientId = t.clientId('nl');
      const topic = t.topic();
      const watcher = await t.connect();
      await watcher.subscribe(topic);
      const first = await t.connect({
        clientId,
        keep: true,
        will: { topic, payload: 'w', qos: 1 },
      });
      await first.subscribe({ filter: topic, qos: 1, noLocal: true });
      first.drop();
      await watcher.expectMessage({ payload: 'w' });
      const again = await t.connect({ clientId, keep: true });
      t.check(
        'MQTT-3.8.3-3',
        (await again.receive(300)) === undefined,
        'the will came to the client that had set it',
      );
    },
  }),
  defineCase({
    name: 'no-local-of-one-subscription-leaves-another-alone',
    ids,
    versions: [5],
    needs: ['subscription-identifiers', 'wildcards'],
    async run(t) {
      const client = await t.connect();
      client.send(
        subscribe(1, [{ filter: t.topic('a'), noLocal: true }], { subscriptionIdentifier: 1 }),
        subscribe(2, [{ filter: t.topic('+') }], { subscriptionIdentifier: 2 }),
      );
      await client.expect('suback');
      await client.expect('suback');
      await client.publish(t.topic('a'), 'x');
      await client.expectMessage({ payload: 'x', properties: { subscriptionIdentifiers: [2] } });
      await client.expectNothing();
    },
  }),
  defineCase({
    name: 'no-local-and-retained-messages',
    ids,
    versions: [5],
    needs: ['retain'],
    async run(t) {
      const client = await t.connect();
      const other = await t.connect();
      await other.publish(t.topic('other'), 'of another', { qos: 1, retain: true });
      await client.subscribe({ filter: t.topic('other'), noLocal: true });
      await client.expectMessage({ payload: 'of another', retain: true });
      await client.publish(t.topic('own'), 'stored', { qos: 1, retain: true });
      await client.subscribe({ filter: t.topic('own'), noLocal: true });
      // Whether the client gets back what it stored itself is left open.
      const stored = await client.receive(300);
      t.check(
        'MQTT-3.8.3-3',
        stored === undefined || (stored.type === 3 && stored.retain),
        'another packet than the retained message came',
      );
      await client.publish(t.topic('own'), 'live', { qos: 1, retain: true });
      await client.expectNothing();
    },
  }),
];
