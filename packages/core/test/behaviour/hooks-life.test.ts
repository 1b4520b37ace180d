import { type HookName, hookKinds } from '@sluice/plugin';
import { expect, test } from 'vitest';
import { logHooks } from '../support/log-hooks.ts';
import { aWill } from '../support/packets.ts';
import { startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
/** They come with everything, or decide alone. */
const left: readonly string[] = ['packetReceived', 'packetSent', 'exchange'];
const names = (Object.keys(hookKinds) as HookName[]).filter((name) => !left.includes(name));

test('the life of a connection: every hook at its moment', async () => {
  const log: string[] = [];
  const since = () => log.splice(0);
  const world = await startTestBroker({ plugins: [logHooks(names, log)] });
  expect(since()).toEqual(['start']);

  const client = await world.connect('c', { ...durable, will: aWill('w') });
  expect(since()).toEqual([
    'connection',
    'connect',
    'authenticate',
    'authorizePublish',
    'connack',
    'connected',
  ]);

  await client.subscribe('a', { qos: 1 });
  expect(since()).toEqual(['subscribe', 'authorizeSubscribe', 'subscribed']);

  await client.publish('a', 'x', { qos: 1, retain: true });
  expect(since()).toEqual([
    'publish',
    'authorizePublish',
    'retain',
    'route',
    'enqueue',
    'authorizeDeliver',
    'deliver',
    'delivered',
    'published',
    'acknowledged',
  ]);

  await client.unsubscribe('a');
  expect(since()).toEqual(['unsubscribe', 'unsubscribed']);

  const again = await world.connect('c', durable);
  expect(since()).toEqual([
    'connection',
    'connect',
    'authenticate',
    'session',
    'disconnect',
    'disconnected',
    'authorizePublish',
    'will',
    'route',
    'published',
    'takenOver',
    'resumed',
    'connack',
    'connected',
  ]);

  await again.disconnect(0, { sessionExpiryInterval: 0 });
  expect(since()).toEqual(['disconnected', 'ended']);

  const closing = world.broker.close();
  await world.settle();
  await closing;
  expect(since()).toEqual(['close']);
});
