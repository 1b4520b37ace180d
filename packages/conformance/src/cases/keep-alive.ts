import { ReasonCode } from '@sluice/packet';
import { type ConformanceCase, defineCase } from '../case.ts';
import type { Client } from '../client.ts';
import { publish } from '../compose.ts';
import type { Trial } from '../trial.ts';

const timeout = { v5: 'MQTT-3.1.2-22', v311: 'MQTT-3.1.2-24' };
// Brokers look at their clients now and then, not at each moment.
const toleranceMs = 6_000;

/**
 * The broker ends the connection of a client 1.5 keep alives after its last packet, which was not sent before
 * `sinceMs`.
 */
async function expectTimeout(
  t: Trial,
  client: Client,
  seconds: number,
  sinceMs: number,
): Promise<void> {
  await t.about(timeout, async () => {
    await client.expectClosed({
      codes: [ReasonCode.keepAliveTimeout],
      after: ['publish'],
      withinMs: seconds * 1_500 + toleranceMs,
    });
  });
  const seconds10 = Math.round((performance.now() - sinceMs) / 100);
  // A little early is the clock of the test.
  t.check(timeout, seconds10 >= seconds * 15 - 1, `closed after ${seconds10 / 10} s`);
}

/** Keep alive: section 3.1.2.10 of both standards. */
export const keepAliveCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'silent-client-is-disconnected',
    ids: {
      v5: ['MQTT-3.1.2-22', 'MQTT-3.1.2-20', 'MQTT-3.2.2-22'],
      v311: ['MQTT-3.1.2-24', 'MQTT-3.1.2-23'],
    },
    versions: [3, 4, 5],
    async run(t) {
      const start = performance.now();
      const client = await t.connect({ keepAlive: 1 });
      const { serverKeepAlive = 1 } = client.connack?.properties ?? {};
      await expectTimeout(t, client, serverKeepAlive, start);
    },
  }),

  defineCase({
    name: 'silence-publishes-the-will',
    ids: { v5: ['MQTT-3.1.2-22', 'MQTT-3.1.2-8'], v311: ['MQTT-3.1.2-24', 'MQTT-3.1.2-8'] },
    versions: [3, 4, 5],
    needs: ['silence'],
    async run(t) {
      const topic = t.topic();
      const watcher = await t.connect();
      await watcher.subscribe(topic);
      await t.connect({ keepAlive: 1, will: { topic, payload: 'silent' } });
      await watcher.expect('publish', { payload: 'silent' }, 1_500 + toleranceMs);
    },
  }),

  defineCase({
    name: 'messages-to-a-client-do-not-keep-it-alive',
    ids: { v5: ['MQTT-3.1.2-22'], v311: ['MQTT-3.1.2-24'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect({ keepAlive: 1 });
      const publisher = await t.connect();
      const start = performance.now();
      await client.subscribe(topic);
      const closed = expectTimeout(t, client, 1, start);
      let isClosed = false;
      closed.then(
        () => {
          isClosed = true;
        },
        () => {
          isClosed = true;
        },
      );
      while (!isClosed) {
        await publisher.publish(topic, 'message');
        await t.sleep(250);
      }
      await closed;
    },
  }),

  defineCase({
    name: 'any-packet-keeps-a-client-alive',
    ids: { v5: ['MQTT-3.1.2-22'], v311: ['MQTT-3.1.2-24'] },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.connect({ keepAlive: 1 });
      for (let count = 0; count < 5; count++) {
        await t.sleep(900);
        client.send(publish({ topic: t.topic(), payload: 'message' }));
      }
      await client.ping();
    },
  }),

  defineCase({
    name: 'keep-alive-0-switches-it-off',
    ids: { v5: ['MQTT-3.1.2-22', 'MQTT-3.2.2-22'], v311: ['MQTT-3.1.2-24'] },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.open();
      const { reasonCode, properties } = await client.connect(t.withCredentials({ keepAlive: 0 }));
      if (reasonCode !== 0 || properties.serverKeepAlive) {
        t.excuse('the broker insists on a keep alive');
      }
      await t.sleep(4_000);
      await client.ping();
    },
  }),

  defineCase({
    name: 'keep-alive-of-the-client-is-not-cut',
    ids: { v5: ['MQTT-3.2.2-22'], v311: ['MQTT-3.1.2-24'] },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.open();
      const { reasonCode, properties } = await client.connect(t.withCredentials({ keepAlive: 4 }));
      if (reasonCode !== 0 || (properties.serverKeepAlive ?? 4) < 4) {
        t.excuse('the broker insists on a shorter keep alive');
      }
      await t.sleep(5_000);
      await client.ping();
    },
  }),

  defineCase({
    name: 'server-keep-alive-replaces-that-of-the-client',
    ids: { v5: ['MQTT-3.1.2-21', 'MQTT-3.2.2-21', 'MQTT-3.1.2-22'] },
    versions: [5],
    needs: ['server-keep-alive'],
    timeoutMs: 120_000,
    async run(t) {
      const start = performance.now();
      const client = await t.connect({ keepAlive: 600 });
      const { serverKeepAlive = 600 } = client.connack?.properties ?? {};
      if (serverKeepAlive > 30) {
        t.excuse('the broker announced no keep alive that is short enough to wait for');
      }
      await expectTimeout(t, client, serverKeepAlive, start);
    },
  }),
];
