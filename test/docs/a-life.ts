import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { createBroker } from '@sluice/core';
import type { HookName, Hooks, Plugin, PluginContext } from '@sluice/plugin';
import { MqttClient } from 'mqtt';

type Calls = Map<HookName, number>;

/**
 * Puts a plug-in through the life of a connection, and throws if one of its hooks was not called, or failed:
 * connect with a will, subscribe alone and in a share group, publish, unsubscribe, lose the connection, close the broker.
 */
export async function live(
  name: string,
  setup: (context: PluginContext) => unknown,
): Promise<void> {
  const calls: Calls = new Map();
  const errors: Error[] = [];
  const plugin: Plugin = {
    name,
    async setup(context) {
      await setup({ ...context, hook: counting(context, calls) });
    },
  };
  const broker = await createBroker({ plugins: [plugin] });
  broker.on('error', (error) => errors.push(error));
  const [near, far] = duplexPair();
  broker.handle(far, { transport: 'pair' });
  const client = new MqttClient(() => near, {
    protocolVersion: 5,
    clientId: 'meter',
    username: 'anna',
    password: 'secret-of-anna',
    reconnectPeriod: 0,
    keepalive: 0,
    properties: {
      sessionExpiryInterval: 60,
      ...(calls.has('exchange') && { authenticationMethod: 'RIDDLE' }),
    },
    will: { topic: 'home/anna/gone', payload: Buffer.from('gone'), qos: 0, retain: false },
  });
  client.on('error', () => {});
  const properties = { authenticationMethod: 'RIDDLE', authenticationData: Buffer.from('man') };
  client.handleAuth = (_packet, answer) =>
    answer(undefined, { cmd: 'auth', reasonCode: 0x18, properties });
  if (await isAccepted(client)) {
    await client.subscribeAsync('me/x');
    await client.subscribeAsync('home/#');
    await client.subscribeAsync('$share/workers/home/#');
    await client.publishAsync('home/anna/json', '{}', { qos: 1 }).catch(() => {});
    await client.unsubscribeAsync('me/x');
    near.destroy();
    far.destroy();
    await once(broker, 'disconnected');
    // Nobody takes it: the session is offline.
    await broker.publish({ topic: 'home/late', payload: 'late' });
  }
  await broker.close({ graceMs: 100 });
  if (errors.length > 0) throw new AggregateError(errors, `${name} failed`);
  const unused = [...calls].filter(([, count]) => count === 0);
  if (unused.length > 0) throw new Error(`${name}: nothing called ${unused.join(', ')}`);
}

function counting(context: PluginContext, calls: Calls): PluginContext['hook'] {
  return (name, hook, options) => {
    calls.set(name, 0);
    const call = hook as (event: unknown) => unknown;
    const counted = (event: unknown) => {
      calls.set(name, (calls.get(name) ?? 0) + 1);
      return call(event);
    };
    context.hook(name, counted as Hooks[typeof name], options);
  };
}

function isAccepted(client: MqttClient): Promise<boolean> {
  return new Promise((resolve) => {
    client.once('connect', () => resolve(true));
    client.once('close', () => resolve(false));
  });
}
