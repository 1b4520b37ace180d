import { type ConformanceCase, defineCase } from '../case.ts';
import { acknowledgement, publish, subscribe } from '../compose.ts';
import { takeoverCases } from './session-takeover.ts';
import { waitingWillCases } from './session-will.ts';

const life: readonly ConformanceCase[] = [
  defineCase({
    name: 'session-lives-as-long-as-its-connection',
    ids: { v5: ['MQTT-4.1.0-1'], v311: ['MQTT-4.1.0-2'] },
    versions: [3, 4, 5],
    needs: ['silence'],
    async run(t) {
      const properties = t.version === 5 ? { sessionExpiryInterval: 1 } : {};
      const client = await t.connect({ properties });
      await client.subscribe({ filter: t.topic(), qos: 1 });
      await client.publish(t.topic(), 'begun', { qos: 1 });
      const { packetId } = await client.expect('publish', { payload: 'begun' });
      await t.sleep(2_500);
      // Subscriptions and what is in flight are still there.
      client.send(acknowledgement('puback', packetId));
      await client.publish(t.topic(), 'later', { qos: 1 });
      await client.expectMessage({ payload: 'later' });
    },
  }),
  defineCase({
    name: 'session-ends-when-its-expiry-passed',
    ids: { v5: ['MQTT-4.1.0-2', 'MQTT-3.1.2-23', 'MQTT-3.2.2-3'] },
    versions: [5],
    async run(t) {
      const clientId = t.clientId('s');
      const fields = { clientId, clean: false, properties: { sessionExpiryInterval: 3 } };
      const first = await t.connect(fields);
      await first.subscribe({ filter: t.topic(), qos: 1 });
      first.drop();
      await t.sleep(500);
      const inTime = await t.connect(fields);
      t.check('MQTT-3.1.2-23', inTime.connack?.sessionPresent === true, 'the session is gone');
      inTime.drop();
      const publisher = await t.connect();
      await publisher.publish(t.topic(), 'queued', { qos: 1 });
      await publisher.disconnect();
      await t.sleep(4_800);
      const late = await t.connect(fields);
      t.check('MQTT-4.1.0-2', late.connack?.sessionPresent === false, 'the session is still there');
      await late.publish(t.topic(), 'late', { qos: 1 });
      await late.expectNothing();
    },
  }),
  defineCase({
    name: 'session-without-expiry-ends-with-its-connection',
    ids: { v5: ['MQTT-4.1.0-2', 'MQTT-3.2.2-3'], v311: ['MQTT-3.1.2-6', 'MQTT-3.2.2-3'] },
    versions: [4, 5],
    async run(t) {
      const clientId = t.clientId('s');
      for (const byDrop of [true, false]) {
        const first = await t.connect({ clientId, clean: t.version === 4 });
        await first.subscribe({ filter: t.topic(), qos: 1 });
        if (byDrop) first.drop();
        else await first.disconnect();
        // An end of the stream may take its time to arrive.
        await t.sleep(200);
        const again = await t.connect({ clientId, clean: false });
        t.check('MQTT-3.2.2-3', again.connack?.sessionPresent === false, 'the session lives on');
        await again.publish(t.topic(), 'x', { qos: 1 });
        await again.expectNothing();
        await again.disconnect();
        const last = await t.connect({ clientId, clean: true });
        await last.disconnect();
      }
    },
  }),
  defineCase({
    name: 'session-expiry-is-taken-from-each-connect',
    ids: { v5: ['MQTT-4.1.0-2'] },
    versions: [5],
    async run(t) {
      const clientId = t.clientId('s');
      const first = await t.connect({ clientId, keep: true });
      await first.disconnect();
      // This one names no expiry, and that is one of 0.
      const second = await t.connect({ clientId, clean: false });
      await second.disconnect();
      const third = await t.connect({ clientId, clean: false });
      t.check('MQTT-4.1.0-2', third.connack?.sessionPresent === false, 'the session lives on');
    },
  }),
];

const state: readonly ConformanceCase[] = [
  defineCase({
    name: 'session-state-survives-the-connection',
    ids: {
      v5: ['MQTT-3.1.2-5', 'MQTT-3.1.2-23', 'MQTT-3.2.2-3', 'MQTT-4.4.0-1'],
      v311: ['MQTT-4.1.0-1', 'MQTT-3.1.2-4', 'MQTT-3.1.2-5', 'MQTT-4.4.0-1'],
    },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const clientId = t.clientId('s');
      const client = await t.connect({ clientId, keep: true });
      await client.subscribe(
        { filter: t.topic('out'), qos: 2 },
        { filter: t.topic('own'), qos: 0 },
      );
      const other = await t.connect();
      await other.subscribe(t.topic('in'));
      // Of each kind one: sent and not acknowledged, released and not completed, received and not released.
      await other.publish(t.topic('out'), 'sent', { qos: 1 });
      const sent = await client.expect('publish', { payload: 'sent' });
      await other.publish(t.topic('out'), 'released', { qos: 2 });
      const released = await client.expect('publish', { payload: 'released' });
      client.send(acknowledgement('pubrec', released.packetId));
      await client.expect('pubrel', { packetId: released.packetId });
      // Whether it is passed on now or when it is released is the broker's affair.
      const held = { topic: t.topic('in'), payload: 'held', qos: 2, packetId: 77 } as const;
      client.send(publish(held));
      await client.expect('pubrec', { packetId: 77 });
      client.drop();
      await other.publish(t.topic('out'), 'queued', { qos: 2 });

      const again = await t.connect({ clientId, keep: true });
      if (t.version > 3) {
        t.check(
          { v5: 'MQTT-3.2.2-3', v311: 'MQTT-3.1.2-4' },
          again.connack?.sessionPresent === true,
          'the session is gone',
        );
      }
      await again.find('publish', { payload: 'sent', packetId: sent.packetId, dup: true });
      await again.find('pubrel', { packetId: released.packetId });
      // As a duplicate where the broker had not seen yet that the connection was gone.
      await again.find('publish', { payload: 'queued' });
      again.send(publish({ ...held, dup: true }));
      await again.find('pubrec', { packetId: 77 });
      again.send(acknowledgement('pubrel', 77));
      await again.find('pubcomp', { packetId: 77 });
      await other.expectMessage({ payload: 'held' });
      await other.expectNothing();
      await again.publish(t.topic('own'), 'subscribed');
      await again.find('publish', { payload: 'subscribed' });
    },
  }),
  defineCase({
    name: 'session-keeps-the-options-of-subscriptions',
    ids: { v5: ['MQTT-3.1.2-5'] },
    versions: [5],
    needs: ['subscription-identifiers', 'retain'],
    async run(t) {
      const clientId = t.clientId('s');
      const client = await t.connect({ clientId, keep: true });
      client.send(
        subscribe(1, [{ filter: t.topic(), qos: 1, noLocal: true, retainAsPublished: true }], {
          subscriptionIdentifier: 300,
        }),
      );
      await client.expect('suback');
      await client.disconnect();
      const again = await t.connect({ clientId, keep: true });
      const other = await t.connect();
      await again.publish(t.topic(), 'own', { qos: 1 });
      const highest = t.qosFrom(1).at(-1) ?? 1;
      await other.publish(t.topic(), 'other', { qos: highest, retain: true });
      const properties = { subscriptionIdentifiers: [300] };
      await again.expectMessage({ payload: 'other', qos: 1, retain: true, properties });
    },
  }),
  defineCase({
    name: 'session-is-gone-after-a-clean-start',
    ids: {
      v5: ['MQTT-3.1.2-4', 'MQTT-3.2.2-2'],
      v311: ['MQTT-3.1.2-6', 'MQTT-3.2.2-1'],
    },
    versions: [3, 4, 5],
    async run(t) {
      const clientId = t.clientId('s');
      const first = await t.connect({ clientId, keep: true });
      await first.subscribe({ filter: t.topic(), qos: 1 });
      await first.disconnect();
      const publisher = await t.connect();
      await publisher.publish(t.topic(), 'queued', { qos: 1 });
      const clean = await t.connect({ clientId, clean: true });
      t.check(
        { v5: 'MQTT-3.2.2-2', v311: 'MQTT-3.2.2-1' },
        clean.connack?.sessionPresent === false,
        'Session Present is 1 for a client that starts clean',
      );
      await publisher.publish(t.topic(), 'live', { qos: 1 });
      await clean.expectNothing();
    },
  }),
];

/** Section 4.1, and what CONNECT and DISCONNECT do to a session. */
export const sessionCases: readonly ConformanceCase[] = [
  ...life,
  ...state,
  ...takeoverCases,
  ...waitingWillCases,
];
