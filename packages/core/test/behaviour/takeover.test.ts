import type { ProtocolVersion } from '@sluice/packet';
import { describe, expect, test } from 'vitest';
import { aWill, connectPacket } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };

describe.each([3, 4, 5] as const)('a second connection to a client of version %i', (version) => {
  test('ends the first one, which is told so where it can be', async () => {
    const world = await startTestBroker();
    const first = await world.connect('c', { version });
    const second = await world.connect('c');
    expect(first.closed).toBe(true);
    expect(first.disconnectCode).toBe(version === 5 ? 0x8e : undefined);
    expect(second.closed).toBe(false);
    expect(world.broker.stats).toMatchObject({ clients: 1, sessions: 1 });
  });

  test('of a clean session begins a new one', async () => {
    const world = await startTestBroker();
    const first = await world.connect('c', { version });
    await first.subscribe('a');
    const { client, connack } = await world.resume('c', durable);
    expect(connack.sessionPresent).toBe(false);
    await world.publish('a', 'x');
    expect(await client.payloads()).toEqual([]);
  });

  test('of a durable session goes on with it', async () => {
    const world = await startTestBroker();
    const fields = version === 5 ? durable : { cleanStart: false };
    const first = await world.connect('c', { version, ...fields });
    await first.subscribe('a');
    const { client, connack } = await world.resume('c', durable);
    expect(connack.sessionPresent).toBe(true);
    await world.publish('a', 'x');
    expect(await client.payloads()).toEqual(['x']);
    expect(first.history).not.toContain('publish');
  });
});

test('a session goes from 5.0 to 3.1.1 and back, with its options', async () => {
  const world = await startTestBroker();
  const modern = await world.connect('c', durable);
  await modern.subscribe('a', { retainAsPublished: true, identifier: 5 });
  const old = await world.connect('c', { version: 4, cleanStart: false });
  const properties = { contentType: 'text/plain' };
  await world.publish('a', '1', { properties });
  expect(await old.messages()).toMatchObject([{ payload: '1', properties: {} }]);
  const again = await world.connect('c', durable);
  await world.publish('a', '2', { retain: true, properties });
  expect(await again.messages()).toMatchObject([
    {
      payload: '2',
      retain: true,
      properties: { contentType: 'text/plain', subscriptionIdentifiers: [5] },
    },
  ]);
});

// Section 3.1.4: what becomes of the will of the connection that is taken over.
describe('the will at a takeover', () => {
  interface Case {
    readonly name: string;
    readonly old: { version?: ProtocolVersion; delay?: number; expiry?: number; clean?: boolean };
    readonly cleanStart: boolean;
    readonly published: boolean;
  }
  const cases: Case[] = [
    { name: 'of 3.1', old: { version: 3, clean: false }, cleanStart: false, published: true },
    { name: 'of 3.1.1', old: { version: 4, clean: false }, cleanStart: false, published: true },
    { name: 'of a clean 3.1.1 session', old: { version: 4 }, cleanStart: false, published: true },
    { name: 'without a delay', old: { delay: 0, expiry: 100 }, cleanStart: false, published: true },
    {
      name: 'whose session ends',
      old: { delay: 10, expiry: 0 },
      cleanStart: false,
      published: true,
    },
    {
      name: 'by Clean Start 1',
      old: { delay: 10, expiry: 100 },
      cleanStart: true,
      published: true,
    },
    { name: 'with a delay', old: { delay: 10, expiry: 100 }, cleanStart: false, published: false },
  ];

  test.each(cases)('$name: published $published', async ({ old, cleanStart, published }) => {
    const world = await startTestBroker();
    const watcher = await world.connect('w');
    await watcher.subscribe('will');
    const { version = 5, delay = 0, expiry = 0, clean = true } = old;
    const properties = version === 5 ? { willDelayInterval: delay } : {};
    await world.connect('c', {
      version,
      cleanStart: clean,
      will: aWill('will', 'old', { properties }),
      properties: version === 5 ? { sessionExpiryInterval: expiry } : {},
    });
    await world.connect('c', {
      cleanStart,
      properties: { sessionExpiryInterval: 100 },
      will: aWill('will', 'new', { properties: { willDelayInterval: 5 } }),
    });
    expect(await watcher.payloads()).toEqual(published ? ['old'] : []);
    await world.advance(1_000_000);
    expect(await watcher.payloads()).toEqual([]);
  });
});

test('late events of the first connection do not touch the second', async () => {
  const world = await startTestBroker();
  const first = await world.connect('c', durable);
  first.stream.stall();
  const second = await world.connect('c', durable);
  await second.subscribe('a');
  // The close of the first stream comes only now, as do its last bytes.
  first.stream.unstall();
  await first.drop(new Error('reset'));
  await world.advance(200_000);
  await world.publish('a', 'x', { qos: 1 });
  expect(await second.payloads()).toEqual(['x']);
  expect(world.broker.stats).toMatchObject({ clients: 1, sessions: 1, connections: 1 });
});

test('packets of the first connection that were not handled yet are dropped', async () => {
  const releases: (() => void)[] = [];
  const world = await startTestBroker({
    plugins: [
      {
        name: 'slow',
        setup: ({ hook }) =>
          hook('publish', async ({ message }) => {
            if (message.topic === 'slow') await new Promise<void>((go) => releases.push(go));
          }),
      },
    ],
  });
  const watcher = await world.connect('w');
  await watcher.subscribe('#');
  const first = await world.connect('c');
  await first.publish('slow', '1');
  await first.publish('fast', '2');
  await world.connect('c');
  for (const release of releases) release();
  expect(await watcher.payloads()).toEqual([]);
});

test('many at once leave one connection', async () => {
  const world = await startTestBroker();
  const clients = Array.from({ length: 20 }, () => world.client(5));
  for (const client of clients) client.send(connectPacket(5, { clientId: 'c', ...durable }));
  await world.settle();
  expect(clients.map(({ closed }) => closed)).toEqual(clients.map((_, index) => index < 19));
  expect((await clients[19]?.receive('connack'))?.sessionPresent).toBe(true);
  expect(world.broker.stats).toMatchObject({ clients: 1, sessions: 1, connections: 1 });
});

test.each(stores)(
  'over %s, a clean start waits for the end of the session that another clean start has ended',
  async (_, makeStore) => {
    const world = await startTestBroker({ store: makeStore() });
    await (await world.connect('c', durable)).drop();
    world.persistence.hold();
    const clients = [world.client(5), world.client(5)];
    for (const client of clients) {
      client.send(connectPacket(5, { clientId: 'c', cleanStart: true }));
      await world.settle();
    }
    expect(clients[1]?.history).toEqual([]);
    world.persistence.release();
    expect((await clients[1]?.receive('connack'))?.sessionPresent).toBe(false);
  },
);
