import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { type Broker, createBroker } from '@sluice/core';
import type { HookName, Hooks, Plugin, PluginContext } from '@sluice/plugin';
import { MqttClient } from 'mqtt';

// Low enough to be reached.
const limits = { maxTopicLevels: 9, maxQueuedMessages: 2 };

type Calls = Map<HookName, number>;

/**
 * Puts a plug-in through the life of a connection, and throws if one of its hooks was not called, or failed:
 * connect with a will, subscribe alone and in a share group, publish, refuse a message, ask for too much,
 * unsubscribe, lose the connection, let messages wait, come back, be taken over, leave for good, close the broker.
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
  const broker = await createBroker({ plugins: [plugin], limits });
  broker.on('error', (error) => errors.push(error));
  const first = aClient(broker, calls);
  if (await isAccepted(first)) {
    await first.subscribeAsync('me/x');
    await first.subscribeAsync('home/#', { qos: 1 });
    await first.subscribeAsync('$share/workers/home/#');
    await first.publishAsync('home/anna/json', '{}', { qos: 1 }).catch(() => {});
    await first.publishAsync('home/anna/kept', '{}', { qos: 1, retain: true }).catch(() => {});
    await broker.publish({ topic: 'home/anna/unwanted', payload: '', qos: 1 });
    await first.publishAsync('1/2/3/4/5/6/7/8/9/10', '', { qos: 1 }).catch(() => {});
    await first.unsubscribeAsync('me/x');
    first.stream.destroy();
    await once(broker, 'disconnected');
    // Nobody takes them: the session is offline.
    await broker.publish({ topic: 'home/late', payload: 'late' });
    const properties = { messageExpiryInterval: 0 };
    await broker.publish({ topic: 'home/brief', payload: 'too late', qos: 1, properties });
    for (const payload of ['1', '2']) await broker.publish({ topic: 'home/late', payload, qos: 1 });
    await broker.reauthorize();
    const second = aClient(broker, calls, false);
    await isAccepted(second);
    const third = aClient(broker, calls, false);
    await isAccepted(third);
    third.end({ properties: { sessionExpiryInterval: 0 } });
    await once(broker, 'disconnected');
  }
  await broker.close({ graceMs: 100 });
  if (errors.length > 0) throw new AggregateError(errors, `${name} failed`);
  const unused = [...calls].filter(([, count]) => count === 0);
  if (unused.length > 0) throw new Error(`${name}: nothing called ${unused.join(', ')}`);
}

function aClient(broker: Broker, calls: Calls, clean = true): MqttClient {
  const [near, far] = duplexPair();
  far.on('error', () => {});
  near.on('close', () => far.destroy());
  broker.handle(far, { transport: 'pair' });
  const client = new MqttClient(() => near, {
    protocolVersion: 5,
    clientId: 'meter',
    clean,
    username: 'anna',
    password: 'secret-of-anna',
    reconnectPeriod: 0,
    keepalive: 0,
    properties: {
      sessionExpiryInterval: 60,
      ...(calls.has('exchange') && { authenticationMethod: 'RIDDLE' }),
    },
    customHandleAcks: (topic, _message, _packet, done) =>
      done(topic === 'home/anna/unwanted' ? 0x83 : 0),
    will: { topic: 'home/anna/gone', payload: Buffer.from('gone'), qos: 0, retain: false },
  });
  client.on('error', () => {});
  const properties = { authenticationMethod: 'RIDDLE', authenticationData: Buffer.from('man') };
  client.handleAuth = (_packet, answer) =>
    answer(undefined, { cmd: 'auth', reasonCode: 0x18, properties });
  return client;
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
