import { ReasonCode } from '@sluice/packet';
import { type ConformanceCase, defineCase } from '../case.ts';
import type { Client } from '../client.ts';
import { type ConnectFields, disconnect } from '../compose.ts';
import type { Trial } from '../trial.ts';

const published = { v5: 'MQTT-3.1.2-8', v311: 'MQTT-3.1.2-8' };

/** A watcher of a topic, and a client whose will goes there. */
async function withWill(
  t: Trial,
  will: Partial<NonNullable<ConnectFields['will']>> = {},
  fields: ConnectFields = {},
): Promise<{ topic: string; watcher: Client; client: Client }> {
  const topic = t.topic('will');
  const watcher = await t.connect();
  await watcher.subscribe({ filter: topic, qos: 2 });
  const client = await t.connect({ ...fields, will: { topic, payload: 'gone', ...will } });
  return { topic, watcher, client };
}

/** Will messages without delay: sections 3.1.2.5 to 3.1.2.7, and 3.14.4 where the will is concerned. */
export const willCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'will-is-published-when-the-connection-is-cut',
    ids: {
      v5: ['MQTT-3.1.2-7', 'MQTT-3.1.2-8', 'MQTT-3.1.2-10', 'MQTT-3.1.2-14'],
      v311: ['MQTT-3.1.2-8', 'MQTT-3.1.2-10', 'MQTT-3.1.2-16'],
    },
    versions: [3, 4, 5],
    run: async (t) => {
      const { topic, watcher, client } = await withWill(t, { qos: 1 });
      client.drop();
      await t.about(published, () =>
        watcher.expectMessage({ topic, payload: 'gone', qos: 1, retain: false, dup: false }),
      );
      const late = await t.connect();
      await late.subscribe(topic);
      await t.about({ v5: 'MQTT-3.1.2-14', v311: 'MQTT-3.1.2-16' }, () => late.expectNothing());
      // Published once, also when the client is back and goes in peace.
      const back = await t.connect({ clientId: client.clientId });
      await back.disconnect();
      await t.about('MQTT-3.1.2-10', () => watcher.expectNothing());
    },
  }),

  defineCase({
    name: 'will-has-its-qos',
    ids: { v5: ['MQTT-3.1.2-8'], v311: ['MQTT-3.1.2-8', 'MQTT-3.1.2-9'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      for (const qos of [0, 1, 2] as const) {
        const { watcher, client } = await withWill(t, { qos, payload: `at ${qos}` });
        client.drop();
        await watcher.expectMessage({ payload: `at ${qos}`, qos });
      }
    },
  }),

  defineCase({
    name: 'will-is-published-after-a-protocol-error',
    ids: { v5: ['MQTT-3.1.2-8'], v311: ['MQTT-3.1.2-8'] },
    versions: [3, 4, 5],
    async run(t) {
      const { topic, watcher, client } = await withWill(t);
      // QoS 3.
      client.send('36 04 00 01 61 62');
      await client.expectClosed();
      await watcher.expectMessage({ topic, payload: 'gone' });
    },
  }),

  defineCase({
    name: 'will-is-published-when-the-stream-ends',
    ids: { v5: ['MQTT-3.1.2-8'], v311: ['MQTT-3.1.2-8'] },
    versions: [3, 4, 5],
    async run(t) {
      const { topic, watcher, client } = await withWill(t);
      client.end();
      await watcher.expectMessage({ topic, payload: 'gone' });
    },
  }),

  defineCase({
    name: 'will-is-published-at-the-takeover',
    ids: { v5: ['MQTT-3.1.2-8'], v311: ['MQTT-3.1.2-8'] },
    versions: [3, 4, 5],
    run: (t) =>
      t.each({ 'with a clean start': true, 'without a clean start': false }, async (clean) => {
        const topic = t.topic(`will/${clean}`);
        const { watcher, client } = await withWill(t, { topic }, { keep: true });
        await watcher.subscribe(topic);
        await t.connect({ clientId: client.clientId, keep: true, clean });
        await watcher.expectMessage({ topic, payload: 'gone' });
        await watcher.expectNothing();
      }),
  }),

  defineCase({
    name: 'will-is-discarded-by-disconnect',
    ids: {
      v5: ['MQTT-3.1.2-8', 'MQTT-3.1.2-10', 'MQTT-3.14.4-3'],
      v311: ['MQTT-3.1.2-8', 'MQTT-3.1.2-10', 'MQTT-3.14.4-3'],
    },
    versions: [3, 4, 5],
    async run(t) {
      const { watcher, client } = await withWill(t);
      await client.disconnect();
      await watcher.expectNothing(500);
    },
  }),

  defineCase({
    name: 'no-will-without-the-flag',
    ids: { v311: ['MQTT-3.1.2-12'] },
    versions: [3, 4],
    async run(t) {
      const { topic, watcher, client } = await withWill(t);
      await client.disconnect();
      // The will was of that connection only.
      const back = await t.connect({ clientId: client.clientId });
      back.drop();
      await t.about('MQTT-3.1.2-12', () => watcher.expectNothing(500));
      await back.closed();
      const publisher = await t.connect();
      await publisher.publish(topic, 'only this');
      await watcher.expectMessage({ payload: 'only this' });
    },
  }),

  defineCase({
    name: 'will-is-published-after-disconnect-with-will',
    ids: { v5: ['MQTT-3.1.2-8'] },
    versions: [5],
    run: (t) =>
      t.each(
        {
          'Disconnect with Will Message': ReasonCode.disconnectWithWill,
          'Unspecified error': ReasonCode.unspecifiedError,
          'Message rate too high': ReasonCode.messageRateTooHigh,
        },
        async (code) => {
          const topic = t.topic(`will/${code}`);
          const { watcher, client } = await withWill(t, { topic });
          await watcher.subscribe(topic);
          client.send(disconnect(code));
          await watcher.expectMessage({ topic, payload: 'gone' });
        },
      ),
  }),

  defineCase({
    name: 'will-retain-is-retained',
    ids: { v5: ['MQTT-3.1.2-15'], v311: ['MQTT-3.1.2-17'] },
    versions: [3, 4, 5],
    needs: ['retain'],
    async run(t) {
      const { topic, watcher, client } = await withWill(t, { retain: true, qos: 1 });
      client.drop();
      await watcher.expectMessage({ topic, payload: 'gone', retain: false });
      const late = await t.connect();
      await late.subscribe({ filter: topic, qos: 1 });
      await late.expectMessage({ topic, payload: 'gone', retain: true, qos: 1 });
    },
  }),

  defineCase({
    name: 'will-without-retain-leaves-the-retained-message',
    ids: { v5: ['MQTT-3.1.2-14'], v311: ['MQTT-3.1.2-16'] },
    versions: [3, 4, 5],
    needs: ['retain'],
    async run(t) {
      const { topic, watcher, client } = await withWill(t);
      const publisher = await t.connect();
      await publisher.publish(topic, 'kept', { retain: true, qos: 1 });
      await watcher.expectMessage({ payload: 'kept' });
      client.drop();
      await watcher.expectMessage({ payload: 'gone' });
      const late = await t.connect();
      await late.subscribe(topic);
      await late.expect('publish', { payload: 'kept', retain: true });
    },
  }),

  defineCase({
    name: 'will-properties-are-forwarded',
    ids: { v5: ['MQTT-3.1.3-10'] },
    versions: [5],
    async run(t) {
      const userProperties = [
        ['b', '1'],
        ['a', '2'],
        ['b', '1'],
        ['a', ''],
      ] as const;
      const { watcher, client } = await withWill(t, {
        properties: {
          payloadFormatIndicator: 1,
          messageExpiryInterval: 100,
          contentType: 'text/plain',
          responseTopic: 'answers',
          correlationData: new Uint8Array([0, 1, 255]),
          userProperties,
        },
      });
      client.drop();
      const { properties } = await watcher.expectMessage({
        properties: {
          payloadFormatIndicator: 1,
          contentType: 'text/plain',
          responseTopic: 'answers',
          correlationData: new Uint8Array([0, 1, 255]),
          messageExpiryInterval: (left: number | undefined) => left === 100 || left === 99,
        },
      });
      t.check(
        'MQTT-3.1.3-10',
        JSON.stringify(properties.userProperties) === JSON.stringify(userProperties),
        `user properties came as ${JSON.stringify(properties.userProperties)}`,
      );
    },
  }),

  defineCase({
    name: 'delayed-will-is-discarded-by-disconnect',
    ids: { v5: ['MQTT-3.1.2-10', 'MQTT-3.14.4-3'] },
    versions: [5],
    needs: ['silence'],
    async run(t) {
      const properties = { willDelayInterval: 1 };
      const { watcher, client } = await withWill(t, { properties }, { keep: true });
      await client.disconnect();
      await watcher.expectNothing(2_000);
    },
  }),
];
