import type { PublishPacket } from '@sluice/packet';
import { type ConformanceCase, defineCase } from '../case.ts';
import type { Client } from '../client.ts';
import { subscribe } from '../compose.ts';
import type { Trial } from '../trial.ts';
import { collect } from './deliveries.ts';

async function subscribeAs(client: Client, identifier: number, filter: string): Promise<void> {
  const packetId = client.nextPacketId();
  const properties = { subscriptionIdentifier: identifier };
  client.send(subscribe(packetId, [{ filter, qos: 2 }], properties));
  await client.expect('suback', { packetId });
}

function identifiersOf({ properties }: PublishPacket): readonly number[] {
  return properties.subscriptionIdentifiers ?? [];
}

/** What a client with three filters gets, two of them with an identifier, for one message that matches all. */
async function overlapping(t: Trial): Promise<PublishPacket[]> {
  const client = await t.connect();
  await subscribeAs(client, 7, t.topic('a/+'));
  await subscribeAs(client, 268_435_455, t.topic('a/#'));
  await client.subscribe({ filter: t.topic('a/b'), qos: 2 });
  const publisher = await t.connect();
  await publisher.publish(t.topic('a/b'), 'x', { qos: 1 });
  return collect(client, 1);
}

/** Subscriptions of one client that match the same message: section 3.3.4 of 5.0, 3.3.5 of 3.1.1. */
export const overlapCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'overlapping-subscriptions-deliver-at-the-highest-qos',
    ids: { v5: ['MQTT-3.3.4-2'], v311: ['MQTT-3.3.5-1'] },
    versions: [3, 4, 5],
    needs: ['wildcards', 'qos2'],
    run: (t) =>
      t.each({ rising: [0, 1, 2], falling: [2, 1, 0], mixed: [1, 2, 0] } as const, async (qos) => {
        const subscriber = await t.connect();
        const root = t.clientId(qos.join(''));
        const filters = ['a/+', 'a/#', 'a/b'].map((one) => t.topic(`${root}/${one}`));
        for (const [index, filter] of filters.entries()) {
          await subscriber.subscribe({ filter, qos: qos[index] ?? 0 });
        }
        const publisher = await t.connect();
        await publisher.publish(t.topic(`${root}/a/b`), 'x', { qos: 2 });
        const copies = await collect(subscriber, 1);
        t.check(
          { v5: 'MQTT-3.3.4-2', v311: 'MQTT-3.3.5-1' },
          copies.some((copy) => copy.qos === 2),
          `no copy has QoS 2, but ${copies.map((copy) => copy.qos).join(', ') || 'none came'}`,
        );
        t.check(
          { v5: 'MQTT-3.3.4-2', v311: 'MQTT-3.3.5-1' },
          copies.length <= filters.length,
          `${copies.length} copies came for ${filters.length} subscriptions`,
        );
      }),
  }),

  defineCase({
    name: 'identifiers-of-all-overlapping-subscriptions-are-sent',
    ids: { v5: ['MQTT-3.3.4-3', 'MQTT-3.3.4-4'] },
    versions: [5],
    needs: ['wildcards', 'subscription-identifiers'],
    async run(t) {
      const copies = await overlapping(t);
      const all = copies.flatMap(identifiersOf).sort((a, b) => a - b);
      const same = all.join() === '7,268435455';
      t.check('MQTT-3.3.4-3', same, `the identifiers 7 and 268435455 are missing from: ${all}`);
      if (copies.length > 1) t.excuse('the broker sends a copy for each subscription');
      const [merged] = copies;
      t.check('MQTT-3.3.4-4', merged !== undefined, 'no copy came');
    },
  }),

  defineCase({
    name: 'each-copy-has-the-identifier-of-its-subscription',
    ids: { v5: ['MQTT-3.3.4-5'] },
    versions: [5],
    needs: ['wildcards', 'subscription-identifiers'],
    async run(t) {
      const copies = await overlapping(t);
      if (copies.length === 1) t.excuse('the broker sends one copy for all subscriptions');
      const found = copies.map((copy) => identifiersOf(copy).join('+')).sort();
      t.check(
        'MQTT-3.3.4-5',
        found.join() === ',268435455,7',
        `copies with the identifiers ${found.join(' / ')}`,
      );
    },
  }),

  defineCase({
    name: 'identifiers-are-those-of-the-receiver',
    ids: { v5: ['MQTT-3.3.4-3'] },
    versions: [5],
    needs: ['subscription-identifiers'],
    async run(t) {
      const topic = t.topic();
      const one = await t.connect();
      const other = await t.connect();
      const plain = await t.connect();
      await subscribeAs(one, 1, topic);
      await subscribeAs(other, 2, topic);
      await plain.subscribe(topic);
      const publisher = await t.connect();
      await publisher.publish(topic, 'x', { qos: 1 });
      await one.expectMessage({ properties: { subscriptionIdentifiers: [1] } });
      await other.expectMessage({ properties: { subscriptionIdentifiers: [2] } });
      await plain.expectMessage({ properties: { subscriptionIdentifiers: undefined } });
    },
  }),

  defineCase({
    name: 'identifier-is-sent-with-retained-messages',
    ids: { v5: ['MQTT-3.3.4-3'] },
    versions: [5],
    needs: ['subscription-identifiers', 'retain'],
    async run(t) {
      const topic = t.topic();
      const publisher = await t.connect();
      await publisher.publish(topic, 'x', { qos: 1, retain: true });
      const subscriber = await t.connect();
      await subscribeAs(subscriber, 5, topic);
      await subscriber.expectMessage({
        retain: true,
        properties: { subscriptionIdentifiers: [5] },
      });
    },
  }),

  defineCase({
    name: 'identifier-is-replaced-with-its-subscription',
    ids: { v5: ['MQTT-3.3.4-3'] },
    versions: [5],
    needs: ['subscription-identifiers'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      const publisher = await t.connect();
      await subscribeAs(subscriber, 5, topic);
      await subscribeAs(subscriber, 6, topic);
      await publisher.publish(topic, 'x', { qos: 1 });
      await subscriber.expectMessage({ properties: { subscriptionIdentifiers: [6] } });
      await subscriber.subscribe(topic);
      await publisher.publish(topic, 'y', { qos: 1 });
      await subscriber.expectMessage({ properties: { subscriptionIdentifiers: undefined } });
    },
  }),
];
