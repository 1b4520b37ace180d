import { type ConformanceCase, defineCase } from '../case.ts';
import type { Client } from '../client.ts';
import { disconnect } from '../compose.ts';
import type { Trial } from '../trial.ts';

/** What is left between the standard and a clock that is looked at once a second. */
const toleranceMs = 1_000;

async function aWatcher(t: Trial): Promise<Client> {
  const watcher = await t.connect();
  await watcher.subscribe({ filter: t.topic('will'), qos: 1 });
  return watcher;
}

/** A client with a will; delay and session expiry in seconds. */
function leaving(t: Trial, delay: number, expiry: number): Promise<Client> {
  return t.connect({
    clientId: t.clientId('c'),
    properties: { sessionExpiryInterval: expiry },
    will: {
      topic: t.topic('will'),
      payload: 'will',
      qos: 1,
      properties: { willDelayInterval: delay },
    },
  });
}

/** What else keeps a will waiting; the rest is in `will-delay.ts`. */
export const waitingWillCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'will-waits-for-its-delay-after-disconnect-with-will',
    ids: { v5: ['MQTT-3.1.2-8'] },
    versions: [5],
    needs: ['silence'],
    async run(t) {
      const watcher = await aWatcher(t);
      const client = await leaving(t, 2, 100);
      client.send(disconnect(0x04));
      await client.expectClosed({ codes: [] });
      await watcher.expectNothing(toleranceMs);
      await watcher.expectMessage({ payload: 'will' }, 3 * toleranceMs);
    },
  }),
  defineCase({
    name: 'will-is-left-alone-by-a-connect-that-is-refused',
    ids: { v5: ['MQTT-3.1.2-8', 'MQTT-3.1.4-1'] },
    versions: [5],
    needs: ['silence'],
    async run(t) {
      const watcher = await aWatcher(t);
      const client = await leaving(t, 2, 100);
      client.drop();
      await t.sleep(300);
      const refused = await t.open(t.clientId('c'));
      const properties = { authenticationMethod: 'X-NOBODY-KNOWS' };
      const { reasonCode } = await refused.connect({ clean: false, properties });
      t.check('MQTT-3.1.4-1', reasonCode >= 0x80, 'an unknown method was accepted');
      await t.about('MQTT-3.1.2-8', () =>
        watcher.expectMessage({ payload: 'will' }, 2_000 + 2 * toleranceMs),
      );
    },
  }),
];
