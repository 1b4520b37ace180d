import { Buffer } from 'node:buffer';
import { type ConformanceCase, defineCase } from '../case.ts';
import { acknowledgement, subscribe } from '../compose.ts';
import { CaseFailure } from '../failures.ts';
import type { Trial } from '../trial.ts';
import { protocolErrorCodes } from './codes.ts';
import { isClosedOrRefused } from './refused-filter.ts';
import { failoverCases } from './shared-failover.ts';
import { type Delivery, deliveries, nextDelivery } from './shared-members.ts';

const needs = ['shared'] as const;

// Said in the text of section 4.8.2, in a sentence without a number.
const unnumbered = { v5: [] };

/** A filter of a share group that only this run knows. */
function shared(t: Trial, name: string = 'g', topic: string = t.topic()): string {
  return `$share/${t.clientId(name)}/${topic}`;
}

const syntax: readonly ConformanceCase[] = [
  defineCase({
    name: 'shared-filter-has-a-name',
    ids: { v5: ['MQTT-4.8.2-1'] },
    versions: [5],
    needs,
    run: (t) => isClosedOrRefused(t, `$share//${t.topic()}`),
  }),
  defineCase({
    name: 'shared-filter-has-a-filter-and-no-wildcard-in-its-name',
    ids: { v5: ['MQTT-4.8.2-2'] },
    versions: [5],
    needs,
    async run(t) {
      for (const filter of ['$share/g/', '$share/g', '$share/a+/f', '$share/#/f', '$share/+/f']) {
        await isClosedOrRefused(t, filter);
      }
    },
  }),
  defineCase({
    name: 'shared-filter-may-begin-with-an-empty-level',
    ids: { v5: ['MQTT-4.8.2-2'] },
    versions: [5],
    needs,
    async run(t) {
      const client = await t.connect();
      const [code] = await client.subscribe(`$share/${t.clientId('g')}//${t.topic()}`);
      t.check('MQTT-4.8.2-2', code === 0, `code ${code}`);
      await client.publish(t.topic(), 'other topic');
      await client.publish(`/${t.topic()}`, 'x');
      await client.expectMessage({ topic: `/${t.topic()}`, payload: 'x' });
    },
  }),
  defineCase({
    name: 'shared-filter-goes-without-no-local',
    ids: { v5: ['MQTT-3.8.3-4'] },
    versions: [5],
    needs,
    async run(t) {
      const client = await t.connect();
      client.send(
        subscribe(1, [{ filter: t.topic() }, { filter: shared(t), noLocal: true, qos: 1 }]),
      );
      await client.expectClosed({ codes: protocolErrorCodes, id: 'MQTT-3.8.3-4' });
    },
  }),
];

const delivery: readonly ConformanceCase[] = [
  defineCase({
    name: 'share-group-gets-each-message-once',
    ids: unnumbered,
    versions: [5],
    needs,
    async run(t) {
      const members = [await t.connect(), await t.connect(), await t.connect()];
      for (const member of members) {
        await member.subscribe(
          { filter: shared(t, 'g'), qos: 1 },
          // The same filter in another group, with one member of each client's own.
          { filter: shared(t, member.clientId.slice(-1)), qos: 1 },
        );
      }
      const publisher = await t.connect();
      const count = 12;
      for (let index = 0; index < count; index++) {
        await publisher.publish(t.topic(), `${index}`, { qos: 1 });
      }
      const got = await deliveries(t, members, 4 * count);
      for (let index = 0; index < count; index++) {
        const isCopy = ({ message }: Delivery) =>
          Buffer.from(message.payload).equals(Buffer.from(`${index}`));
        const copies = got.filter(isCopy).length;
        t.check({}, copies === 4, `${copies} copies of a message for 4 groups`);
      }
    },
  }),
  defineCase({
    name: 'share-group-member-gets-its-granted-qos',
    ids: { v5: ['MQTT-4.8.2-3'] },
    versions: [5],
    needs: ['shared', 'qos2'],
    async run(t) {
      const publisher = await t.connect();
      for (const granted of [0, 1, 2] as const) {
        const member = await t.connect();
        const topic = t.topic(`${granted}`);
        await member.subscribe({ filter: shared(t, 'g', topic), qos: granted });
        for (const qos of [0, 1, 2] as const) {
          await publisher.publish(topic, `${qos}`, { qos });
          const lower = Math.min(qos, granted);
          await member.expectMessage({ payload: `${qos}`, qos: (is) => is === lower });
        }
      }
    },
  }),
  defineCase({
    name: 'share-group-member-gets-its-granted-qos-beside-others',
    ids: { v5: ['MQTT-4.8.2-3'] },
    versions: [5],
    needs: ['shared', 'qos2'],
    async run(t) {
      const members = [await t.connect(), await t.connect(), await t.connect()];
      for (const [qos, member] of members.entries()) {
        await member.subscribe({ filter: shared(t), qos: qos as 0 | 1 | 2 });
      }
      const publisher = await t.connect();
      for (let index = 0; index < 9; index++) await publisher.publish(t.topic(), 'x', { qos: 2 });
      for (const { member, message } of await deliveries(t, members, 9)) {
        const granted = members.indexOf(member);
        t.check('MQTT-4.8.2-3', message.qos === granted, `QoS ${message.qos}, not ${granted}`);
      }
    },
  }),
  defineCase({
    name: 'share-group-and-own-subscription-get-a-copy-each',
    ids: unnumbered,
    versions: [5],
    needs: ['shared', 'subscription-identifiers'],
    async run(t) {
      const client = await t.connect();
      client.send(
        subscribe(1, [{ filter: shared(t), qos: 1 }], { subscriptionIdentifier: 1 }),
        subscribe(2, [{ filter: t.topic(), qos: 1 }], { subscriptionIdentifier: 2 }),
      );
      await client.expect('suback');
      await client.expect('suback');
      const publisher = await t.connect();
      await publisher.publish(t.topic(), 'x', { qos: 1 });
      const identifiers: unknown[] = [];
      for (const _ of [1, 2]) {
        const { properties } = await client.expectMessage({ payload: 'x' });
        identifiers.push(properties.subscriptionIdentifiers?.join());
      }
      const own = identifiers.toSorted().join(' ');
      t.check({}, own === '1 2', `copies with the identifiers ${own}`);
      await client.expectNothing();
    },
  }),
  defineCase({
    name: 'share-group-gets-no-retained-messages',
    ids: unnumbered,
    versions: [5],
    needs: ['shared', 'retain'],
    async run(t) {
      const publisher = await t.connect();
      await publisher.publish(t.topic(), 'kept', { qos: 1, retain: true });
      const client = await t.connect();
      for (const retainHandling of [0, 0, 1] as const) {
        await client.subscribe({ filter: shared(t), qos: 1, retainHandling });
        await client.expectNothing();
      }
      await publisher.publish(t.topic(), 'live', { qos: 1, retain: true });
      await client.expectMessage({ payload: 'live', retain: false });
    },
  }),
  defineCase({
    name: 'share-group-keeps-the-mark-of-retained-messages-for-those-who-ask',
    ids: { v5: ['MQTT-3.3.1-13', 'MQTT-4.8.2-3'] },
    versions: [5],
    needs: ['shared', 'retain'],
    async run(t) {
      const publisher = await t.connect();
      const client = await t.connect();
      await client.subscribe({ filter: shared(t), qos: 1, retainAsPublished: true });
      await publisher.publish(t.topic(), 'marked', { qos: 1, retain: true });
      await client.expectMessage({ payload: 'marked', retain: true });
      await publisher.publish(t.topic(), 'plain', { qos: 1 });
      await client.expectMessage({ payload: 'plain', retain: false });
    },
  }),
  defineCase({
    name: 'share-group-takes-clients-of-3-x',
    ids: { v311: [] },
    versions: [3, 4],
    needs,
    async run(t) {
      const members = [await t.connect(), await t.connect({ version: 5 })];
      const filter = shared(t);
      for (const member of members) await member.subscribe({ filter, qos: 1 });
      const publisher = await t.connect();
      const got: Delivery[] = [];
      for (let index = 0; index < 6; index++) {
        await publisher.publish(t.topic(), `${index}`, { qos: 1 });
        got.push(...(await deliveries(t, members, 1)));
      }
      const old = got.filter(({ member }) => member.version === t.version).length;
      // What 3.x says of such a filter is nothing: it may as well be an ordinary one.
      if (old === 0) t.excuse('shared subscriptions are for clients of 5.0 only');
    },
  }),
  defineCase({
    name: 'share-group-ends-with-its-last-member',
    ids: { v5: ['MQTT-3.10.4-1', 'MQTT-3.10.4-2'] },
    versions: [5],
    needs,
    async run(t) {
      const stays = await t.connect();
      const leaves = await t.connect();
      for (const member of [stays, leaves]) await member.subscribe({ filter: shared(t), qos: 1 });
      await leaves.unsubscribe(shared(t));
      const publisher = await t.connect();
      for (const payload of ['1', '2', '3']) {
        await publisher.publish(t.topic(), payload, { qos: 1 });
        await stays.expectMessage({ payload });
      }
      await leaves.expectNothing();
      await stays.unsubscribe(shared(t));
      await publisher.publish(t.topic(), '4', { qos: 1 });
      await stays.expectNothing();
    },
  }),
  defineCase({
    name: 'share-group-member-that-refuses-ends-the-message',
    ids: { v5: ['MQTT-4.8.2-6'] },
    versions: [5],
    needs: ['shared', 'qos2'],
    async run(t) {
      const members = [await t.connect(), await t.connect()];
      for (const member of members) await member.subscribe({ filter: shared(t), qos: 2 });
      const publisher = await t.connect();
      for (const [kind, qos] of [
        ['puback', 1],
        ['pubrec', 2],
      ] as const) {
        await publisher.publish(t.topic(), kind, { qos });
        const delivery = await nextDelivery(members, t.patienceMs);
        if (delivery === undefined) throw new CaseFailure('no member got the message');
        delivery.member.send(acknowledgement(kind, delivery.message.packetId, 0x83));
        // Neither the other member nor the one that refused sees it again.
        for (const member of members) {
          t.check('MQTT-4.8.2-6', (await member.receive(300)) === undefined, `${kind}: came again`);
        }
      }
    },
  }),
];

/** Section 4.8.2. */
export const sharedCases: readonly ConformanceCase[] = [...syntax, ...delivery, ...failoverCases];
