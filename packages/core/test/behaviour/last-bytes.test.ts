import { expect, test } from 'vitest';
import {
  aWill,
  connectPacket,
  disconnectPacket,
  pingreq,
  publishPacket,
} from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

/** A broker whose hook holds up every message until `open`, and a client that is watched. */
async function aSlowBroker(): Promise<{
  world: TestBroker;
  watcher: TestClient;
  client: TestClient;
  open: () => void;
}> {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const slow = aPlugin((context) => {
    context.hook('publish', async () => {
      await opened;
      return {};
    });
  });
  const world = await startTestBroker({ plugins: [slow] });
  const watcher = await world.connect('watcher');
  await watcher.subscribe('#');
  const client = await world.connect('client', { will: aWill('will', 'will') });
  return { world, watcher, client, open };
}

test.each([
  ['closed', undefined],
  ['reset', new Error('reset')],
])('what came counts, also when the stream is %s before it is handled', async (_how, error) => {
  const { world, watcher, client, open } = await aSlowBroker();
  client.send(publishPacket('a', '1'), publishPacket('a', '2'), disconnectPacket());
  await world.settle();
  await client.drop(error);
  expect(world.broker.stats).toMatchObject({ connections: 1, clients: 2 });
  open();
  expect(await watcher.payloads()).toEqual(['1', '2']);
  expect(world.broker.stats).toMatchObject({ connections: 1, clients: 1 });
  await world.advance(100_000);
  expect(await watcher.payloads()).toEqual([]);
});

test('a will comes behind what its client sent before the stream was closed', async () => {
  const { world, watcher, client, open } = await aSlowBroker();
  client.send(publishPacket('a', '1'), publishPacket('a', '2'));
  await world.settle();
  await client.drop();
  open();
  expect(await watcher.payloads()).toEqual(['1', '2', 'will']);
  expect(world.broker.stats.clients).toBe(1);
});

test.each(stores)(
  'who sends no more is answered what it sent before, with %s',
  async (_, store) => {
    const world = await startTestBroker({ store: store() });
    const client = world.client(5);
    client.send(
      connectPacket(5, { clientId: 'c', properties: { sessionExpiryInterval: 100 } }),
      publishPacket('a', 'x', { qos: 1, packetId: 1 }),
      pingreq,
    );
    client.stream.push(null);
    expect(await client.unread()).toEqual(['connack', 'puback', 'pingresp']);
    expect(client.closed).toBe(true);
  },
);
