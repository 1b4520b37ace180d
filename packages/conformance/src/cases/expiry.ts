import { type ConformanceCase, defineCase } from '../case.ts';
import type { Client } from '../client.ts';
import { acknowledgement } from '../compose.ts';
import type { Trial } from '../trial.ts';
import { requireVersion } from './deliveries.ts';

const versions = [3, 4, 5] as const;

/** A publisher of 5.0, since only that can give a message an end. */
async function connectPublisher(t: Trial): Promise<Client> {
  await requireVersion(t, 5);
  return t.connect({ version: 5 });
}

function expires(messageExpiryInterval: number) {
  return { qos: 1, properties: { messageExpiryInterval } } as const;
}

/** Message expiry: section 3.3.2.3.3 of 5.0. It ends copies for clients of 3.x as well. */
export const expiryCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'expired-message-leaves-the-queue',
    ids: { v5: ['MQTT-3.3.2-5'], v311: [] },
    versions,
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const absentee = await t.connect({ clientId, keep: true });
      await absentee.subscribe({ filter: topic, qos: 2 });
      await absentee.disconnect();
      const publisher = await connectPublisher(t);
      const levels = t.qosFrom(1);
      await publisher.publish(topic, 'first', { qos: 1 });
      for (const qos of levels) await publisher.publish(topic, 'expires', { ...expires(1), qos });
      await publisher.publish(topic, 'stays', expires(300));
      await publisher.publish(topic, 'last', { qos: levels.at(-1) ?? 1 });
      await t.sleep(2_200);
      const back = await t.connect({ clientId, keep: true });
      for (const payload of ['first', 'stays', 'last']) await back.expectMessage({ payload });
      await back.expectNothing();
    },
  }),

  defineCase({
    name: 'expired-message-leaves-the-retained-ones',
    ids: { v5: ['MQTT-3.3.2-5'], v311: [] },
    versions,
    needs: ['retain', 'wildcards'],
    async run(t) {
      const publisher = await connectPublisher(t);
      await publisher.publish(t.topic('expires'), 'expires', { ...expires(1), retain: true });
      await publisher.publish(t.topic('stays'), 'stays', { ...expires(300), retain: true });
      await t.sleep(2_200);
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: t.topic('#'), qos: 1 });
      await subscriber.expectMessage({ payload: 'stays' });
      await subscriber.expectNothing();
    },
  }),

  defineCase({
    name: 'message-that-waits-for-room-expires',
    ids: { v5: ['MQTT-3.3.2-5', 'MQTT-3.3.2-6', 'MQTT-4.5.0-1'] },
    versions: [5],
    needs: ['silence'],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect({ properties: { receiveMaximum: 1 } });
      await subscriber.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      await publisher.publish(topic, 'in flight', { qos: 1 });
      await publisher.publish(topic, 'expires', expires(1));
      await publisher.publish(topic, 'stays', expires(10));
      const first = await subscriber.expect('publish', { payload: 'in flight' });
      await t.sleep(2_200);
      await subscriber.acknowledge(first);
      const second = await t.about('MQTT-4.5.0-1', () => subscriber.expect('publish'));
      const text = new TextDecoder().decode(second.payload);
      t.check('MQTT-3.3.2-5', text === 'stays', `the message that came is: ${text}`);
      const rest = second.properties.messageExpiryInterval ?? Number.NaN;
      t.check('MQTT-3.3.2-6', rest === 7 || rest === 8, `10 s became ${rest} s in 2.2 s`);
    },
  }),

  defineCase({
    name: 'time-in-the-broker-is-taken-from-the-expiry',
    ids: { v5: ['MQTT-3.3.2-6'] },
    versions: [5],
    needs: ['retain'],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const absentee = await t.connect({ clientId, keep: true });
      await absentee.subscribe({ filter: topic, qos: 1 });
      await absentee.disconnect();
      const live = await t.connect();
      await live.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      await publisher.publish(topic, 'x', { ...expires(10), retain: true });
      const at = (seconds: readonly number[]) => ({
        messageExpiryInterval: (value: number | undefined) => seconds.includes(value ?? -1),
      });
      await live.expectMessage({ properties: at([9, 10]) as object });
      await t.sleep(2_200);
      const back = await t.connect({ clientId, keep: true });
      await back.expectMessage({ properties: at([7, 8]) as object });
      const later = await t.connect();
      await later.subscribe({ filter: topic, qos: 1 });
      await later.expectMessage({ retain: true, properties: at([7, 8]) as object });
    },
  }),

  defineCase({
    name: 'distant-expiry-is-not-near',
    ids: { v5: ['MQTT-3.3.2-5', 'MQTT-3.3.2-6'] },
    versions: [5],
    needs: ['retain'],
    run: (t) =>
      // Above 2^31 ms, 2^31 s, and the largest.
      t.each(
        { '25 days': 2_160_000, '2^31': 2_147_483_648, max: 4_294_967_295 },
        async (seconds, name) => {
          const topic = t.topic(name);
          const clientId = t.clientId(name.replaceAll(/\W/g, ''));
          const absentee = await t.connect({ clientId, keep: true });
          await absentee.subscribe({ filter: topic, qos: 1 });
          await absentee.disconnect();
          const publisher = await t.connect();
          await publisher.publish(topic, 'x', { ...expires(seconds), retain: true });
          await t.sleep(300);
          const back = await t.connect({ clientId, keep: true });
          const queued = await back.expectMessage({ payload: 'x' });
          const later = await t.connect();
          await later.subscribe({ filter: topic, qos: 1 });
          const retained = await later.expectMessage({ payload: 'x', retain: true });
          for (const { properties } of [queued, retained]) {
            const rest = properties.messageExpiryInterval ?? 0;
            const isRight = rest <= seconds && rest >= seconds - 3;
            t.check('MQTT-3.3.2-6', isRight, `${seconds} s became ${rest} s`);
          }
        },
      ),
  }),

  defineCase({
    name: 'qos-2-message-in-flight-does-not-expire',
    ids: { v5: ['MQTT-4.3.3-7'] },
    versions: [5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const clientId = t.clientId('kept');
      const before = await t.connect({ clientId, keep: true });
      await before.subscribe({ filter: topic, qos: 2 });
      const publisher = await t.connect();
      await publisher.publish(topic, 'sent', { ...expires(1), qos: 2 });
      await publisher.publish(topic, 'released', { ...expires(1), qos: 2 });
      const sent = await before.expect('publish', { payload: 'sent' });
      const released = await before.expect('publish', { payload: 'released' });
      before.send(acknowledgement('pubrec', released.packetId));
      await before.expect('pubrel', { packetId: released.packetId });
      before.drop();
      await t.sleep(2_200);
      const after = await t.connect({ clientId, keep: true });
      await after.find('pubrel', { packetId: released.packetId });
      after.send(acknowledgement('pubcomp', released.packetId));
      await after.expectMessage({ payload: 'sent', packetId: sent.packetId, dup: true });
    },
  }),

  defineCase({
    name: 'message-without-expiry-gets-none',
    ids: { v5: ['MQTT-3.3.2-6'] },
    versions: [5],
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      await publisher.publish(topic, 'x', { qos: 1 });
      await subscriber.expectMessage({ properties: { messageExpiryInterval: undefined } });
    },
  }),
];
