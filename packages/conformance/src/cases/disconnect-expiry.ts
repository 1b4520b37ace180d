import { type ConformanceCase, defineCase } from '../case.ts';
import type { Client } from '../client.ts';
import { disconnect } from '../compose.ts';
import type { Trial } from '../trial.ts';
import { protocolErrorCodes } from './codes.ts';

const ids = { v5: ['MQTT-4.1.0-2', 'MQTT-3.1.2-23'] };

/** A client of 5.0 whose session has a subscription and lives for some seconds after its connection. */
async function aClient(t: Trial, sessionExpiryInterval?: number): Promise<Client> {
  const properties = sessionExpiryInterval === undefined ? {} : { sessionExpiryInterval };
  const client = await t.connect({ clientId: t.clientId('s'), clean: false, properties });
  await client.subscribe({ filter: t.topic(), qos: 1 });
  return client;
}

/** Whether the session is still there. A client that asks for no expiry ends it by that. */
async function sessionPresent(t: Trial): Promise<boolean> {
  const again = await t.connect({ clientId: t.clientId('s'), clean: false });
  await again.disconnect();
  return again.connack?.sessionPresent === true;
}

/** Session Expiry Interval in DISCONNECT (section 3.14.2.2.2). */
export const disconnectExpiryCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'session-expiry-0-in-disconnect-ends-the-session',
    ids,
    versions: [5],
    async run(t) {
      const client = await aClient(t, 300);
      client.send(disconnect(0, { sessionExpiryInterval: 0 }));
      await client.expectClosed({ codes: [] });
      t.check('MQTT-4.1.0-2', !(await sessionPresent(t)), 'the session is still there');
    },
  }),
  defineCase({
    name: 'session-expiry-in-disconnect-is-taken-when-shorter',
    ids,
    versions: [5],
    async run(t) {
      const client = await aClient(t, 300);
      client.send(disconnect(0, { sessionExpiryInterval: 1 }));
      await client.expectClosed({ codes: [] });
      await t.sleep(2_800);
      t.check('MQTT-4.1.0-2', !(await sessionPresent(t)), 'the session is still there');
    },
  }),
  defineCase({
    name: 'session-expiry-in-disconnect-is-taken-when-longer',
    ids,
    versions: [5],
    async run(t) {
      const client = await aClient(t, 1);
      client.send(disconnect(0, { sessionExpiryInterval: 30 }));
      await client.expectClosed({ codes: [] });
      await t.sleep(2_800);
      t.check('MQTT-3.1.2-23', await sessionPresent(t), 'the session is gone');
    },
  }),
  defineCase({
    name: 'session-expiry-in-disconnect-counts-for-every-reason',
    ids,
    versions: [5],
    async run(t) {
      const client = await aClient(t, 300);
      client.send(disconnect(0x04, { sessionExpiryInterval: 0 }));
      await client.expectClosed({ codes: [] });
      t.check('MQTT-4.1.0-2', !(await sessionPresent(t)), 'the session is still there');
    },
  }),
  defineCase({
    name: 'disconnect-without-session-expiry-keeps-that-of-connect',
    ids,
    versions: [5],
    async run(t) {
      const client = await aClient(t, 300);
      // With an empty list of properties, which is not an expiry of 0.
      client.send('e0 02 00 00');
      await client.expectClosed({ codes: [] });
      t.check('MQTT-3.1.2-23', await sessionPresent(t), 'the session is gone');
    },
  }),
  defineCase({
    name: 'session-expiry-in-disconnect-after-0-in-connect-is-an-error',
    ids: { v5: ['MQTT-4.13.1-1', 'MQTT-4.1.0-2', 'MQTT-3.1.2-8'] },
    versions: [5],
    async run(t) {
      const watcher = await t.connect();
      await watcher.subscribe(t.topic('will'));
      for (const expiry of [undefined, 0]) {
        const properties = expiry === undefined ? {} : { sessionExpiryInterval: expiry };
        const will = { topic: t.topic('will'), payload: `${expiry}` };
        const client = await t.connect({ clientId: t.clientId('s'), properties, will });
        client.send(disconnect(0, { sessionExpiryInterval: 60 }));
        await client.expectClosed({ codes: protocolErrorCodes, id: 'MQTT-4.13.1-1' });
        await t.about('MQTT-3.1.2-8', () => watcher.expectMessage({ payload: `${expiry}` }));
        t.check('MQTT-4.1.0-2', !(await sessionPresent(t)), 'the session outlived its connection');
      }
    },
  }),
];
