import { allow, type HookName, type Hooks, hookKinds, type Plugin } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { aWill, publishPacket, subscription } from '../support/packets.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
const names = Object.keys(hookKinds).filter((name) => name !== 'start' && name !== 'close');

/** Ends the session of a client within each of the first calls of a hook. */
function ending(name: HookName, clientId: string): Plugin {
  let calls = 0;
  return aPlugin(({ hook, broker }) => {
    const within = () => {
      if (calls++ < 6) void broker.sessions.end(clientId);
      return name === 'authenticate' ? allow() : undefined;
    };
    hook(name, within as Hooks[typeof name]);
  });
}

async function comes(world: TestBroker, clientId: string, will: string): Promise<TestClient> {
  const client = world.client(5);
  // It may be refused, or ended before its CONNACK.
  client.connect({ clientId, ...durable, will: aWill(will) }).catch(() => {});
  await world.settle();
  return client;
}

async function meet(world: TestBroker): Promise<void> {
  const subscriber = await comes(world, 's', 'w');
  for (const filter of ['a', '$share/g/a']) {
    subscriber.subscribe(filter).catch(() => {});
    await world.settle();
  }
  const publisher = await comes(world, 'p', 'a');
  for (const qos of [0, 1, 2] as const) {
    const packetId = qos === 0 ? 0 : publisher.packetId();
    publisher.send(publishPacket('a', 'x', { qos, retain: true, packetId }));
    await world.settle();
  }
  subscriber.unsubscribe('a').catch(() => {});
  await world.settle();
  await publisher.drop();
  await subscriber.drop();
}

describe('a session that is ended within a hook ends once', () => {
  test.each(names.flatMap((name) => ['s', 'p'].map((clientId) => [name, clientId] as const)))(
    'hook %s, session %s',
    async (name, clientId) => {
      const world = await startTestBroker({ plugins: [ending(name as HookName, clientId)] });
      for (let round = 0; round < 3; round++) await meet(world);
      await world.advance(2_000_000);
      const nothing = { connections: 0, clients: 0, sessions: 0, subscriptions: 0 };
      expect(world.broker.stats).toMatchObject(nothing);
      expect(world.errors).toEqual([]);
    },
  );

  test('and is not stored again when its will waits for the hook while it is taken over', async () => {
    const plugin = aPlugin(({ hook, broker }) => {
      hook('will', async ({ client }) => {
        await broker.sessions.end(client.clientId);
      });
    });
    const world = await startTestBroker({ plugins: [plugin] });
    await world.connect('p', { ...durable, will: aWill('w') });
    await world.connect('p', { cleanStart: false });
    await (await world.connect('p', { cleanStart: false })).drop();
    await world.restart();
    expect(world.broker.stats.sessions).toBe(0);
  });

  test.each([
    ['its connection', {}],
    ['it', durable],
  ])('and gets none of the other filters of a SUBSCRIBE when a hook ends %s', async (_, fields) => {
    const plugin = aPlugin(({ hook, broker }) => {
      hook('subscribed', ({ client: { clientId } }) => {
        broker.disconnect(clientId);
        if (fields === durable) void broker.sessions.end(clientId);
      });
    });
    const world = await startTestBroker({ plugins: [plugin] });
    const client = await world.connect('s', fields);
    client.subscribe(['a', '$share/g/a'].map((filter) => subscription(filter))).catch(() => {});
    await world.settle();
    expect(world.broker.stats).toMatchObject({ sessions: 0, subscriptions: 0 });
    await world.publish('a', 'x');
    expect(world.dropped('offline')).toBe(0);
  });

  test('and is not stored again by the QoS 2 message in whose routing that is done', async () => {
    const plugin = aPlugin(({ hook, broker }) => {
      hook('route', ({ client }) => {
        if (client !== undefined) void broker.sessions.end(client.clientId);
      });
    });
    const world = await startTestBroker({ plugins: [plugin] });
    const client = await world.connect('p', durable);
    client.send(publishPacket('a', 'x', { qos: 2, packetId: 1 }));
    await world.settle();
    expect(world.persistence.commits.flat().at(-1)?.type).toBe('endSession');
  });
});
