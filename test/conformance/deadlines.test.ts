// Moments that the standard sets in seconds, to the millisecond, and over restarts of the broker.
import { describe, expect, test } from 'vitest';
import { aWill } from '../../packages/core/test/support/packets.ts';
import { stores } from '../../packages/core/test/support/stores.ts';
import { startTestBroker, type TestBroker } from '../../packages/core/test/support/test-broker.ts';
import { covers } from './covers.ts';

const never = 0xffff_ffff;
const daySeconds = 86_400;

/** Ways to another broker over the same store, with the milliseconds that they take. */
const ways = [
  ['a restart', (world: TestBroker, ms: number) => world.restart(ms)],
  ['a crash', (world: TestBroker, ms: number) => world.crash(ms)],
] as const;

const cases = stores.flatMap(([name, makeStore]) =>
  ways.map(([way, again]) => ({ name, way, makeStore, again })),
);

/** CONNECT of a client that goes on with its session. */
function resuming(sessionExpiryInterval: number) {
  return { cleanStart: false, properties: { sessionExpiryInterval } };
}

/** CONNECT of a client with a will; delay and session expiry in seconds. */
function withWill(delay: number, expiry: number) {
  const will = aWill('will', 'will', { qos: 1, properties: { willDelayInterval: delay } });
  return { will, properties: { sessionExpiryInterval: expiry } };
}

async function isPresent(world: TestBroker): Promise<boolean> {
  const { connack } = await world.resume('c', { cleanStart: false });
  return connack.sessionPresent;
}

/** Payloads that wait for the watcher, which keeps its session over restarts. */
async function watched(world: TestBroker): Promise<string[]> {
  const { client } = await world.resume('watcher', resuming(never));
  const payloads = await client.payloads();
  await client.disconnect();
  return payloads;
}

async function aWatcher(world: TestBroker, filter = 'will'): Promise<void> {
  const watcher = await world.connect('watcher', resuming(never));
  await watcher.subscribe(filter, { qos: 1 });
  await watcher.disconnect();
}

describe.each(cases)('over $way of a broker with $name', ({ makeStore, again }) => {
  covers('5.0', 'MQTT-3.1.2-8', 'MQTT-3.1.2-23', 'MQTT-3.1.3-9', 'MQTT-4.1.0-2');
  covers('5.0', 'MQTT-3.3.2-5', 'MQTT-3.3.2-6');
  covers('3.1.1', 'MQTT-3.1.2-4', 'MQTT-3.1.2-8', 'MQTT-4.1.0-1');

  const start = () =>
    startTestBroker({ store: makeStore(), limits: { maxSessionExpirySeconds: never } });

  test('a session lives for the rest of its expiry', async () => {
    const world = await start();
    await (await world.connect('c', resuming(100))).drop();
    await world.advance(10_000);
    await again(world, 80_000);
    await world.advance(9_000);
    expect(await isPresent(world)).toBe(true);
  });

  test('a session ends when its expiry is over', async () => {
    const world = await start();
    await (await world.connect('c', resuming(100))).drop();
    await world.advance(10_000);
    await again(world, 80_000);
    await world.advance(10_001);
    expect(await isPresent(world)).toBe(false);
  });

  test('a session that ended meanwhile is not there', async () => {
    const world = await start();
    await (await world.connect('c', resuming(100))).drop();
    await again(world, 100_001);
    expect(await isPresent(world)).toBe(false);
  });

  test('the expiry of a DISCONNECT counts', async () => {
    const world = await start();
    await (await world.connect('c', resuming(1_000))).disconnect(0, { sessionExpiryInterval: 5 });
    await again(world, 6_000);
    expect(await isPresent(world)).toBe(false);
  });

  test('a session without end is there after a month', async () => {
    const world = await start();
    await (await world.connect('c', resuming(never))).drop();
    await again(world, 40 * daySeconds * 1_000);
    expect(await isPresent(world)).toBe(true);
  });

  test('a session of 3.1.1 is there after a month', async () => {
    const world = await start();
    await (await world.connect('c', { version: 4, cleanStart: false })).drop();
    await again(world, 40 * daySeconds * 1_000);
    const { connack } = await world.resume('c', { version: 4, cleanStart: false });
    expect(connack.sessionPresent).toBe(true);
  });

  test('a will comes after the rest of its delay', async () => {
    const world = await start();
    await aWatcher(world);
    await (await world.connect('c', withWill(100, 1_000))).drop();
    await world.advance(10_000);
    await again(world, 80_000);
    await world.advance(9_000);
    expect(await watched(world)).toEqual([]);
    await world.advance(1_001);
    expect(await watched(world)).toEqual(['will']);
    await world.advance(1_000_000);
    expect(await watched(world)).toEqual([]);
  });

  test('a will that was due meanwhile comes at once, and once', async () => {
    const world = await start();
    await aWatcher(world);
    await (await world.connect('c', withWill(10, 1_000))).drop();
    await again(world, 30_000);
    await world.advance(1);
    expect(await watched(world)).toEqual(['will']);
    await again(world, 1_000);
    await world.advance(2_000_000);
    expect(await watched(world)).toEqual([]);
  });

  test('a will comes at the end of its session, when that is before its delay', async () => {
    const world = await start();
    await aWatcher(world);
    await (await world.connect('c', withWill(1_000, 20))).drop();
    await again(world, 10_000);
    await world.advance(9_000);
    expect(await watched(world)).toEqual([]);
    await world.advance(1_001);
    expect(await watched(world)).toEqual(['will']);
  });

  test('a will does not come when the client is back in time', async () => {
    const world = await start();
    await aWatcher(world);
    await (await world.connect('c', withWill(100, 1_000))).drop();
    await again(world, 50_000);
    await world.connect('c', resuming(1_000));
    await world.advance(500_000);
    expect(await watched(world)).toEqual([]);
  });

  test('a queued message has the rest of its expiry, and none after that', async () => {
    const world = await start();
    await aWatcher(world, 't');
    const publisher = await world.connect('p');
    for (const messageExpiryInterval of [60, 100]) {
      const properties = { messageExpiryInterval };
      await publisher.publish('t', `${messageExpiryInterval}`, { qos: 1, properties });
    }
    await again(world, 70_000);
    const { client } = await world.resume('watcher', resuming(never));
    const messages = await client.messages();
    expect(messages.map(({ payload }) => payload)).toEqual(['100']);
    expect(messages[0]?.properties.messageExpiryInterval).toBe(30);
  });

  test('a retained message has the rest of its expiry, and none after that', async () => {
    const world = await start();
    const publisher = await world.connect('p');
    for (const messageExpiryInterval of [60, 100]) {
      const properties = { messageExpiryInterval };
      const fields = { qos: 1, retain: true, properties } as const;
      await publisher.publish(`t/${messageExpiryInterval}`, 'x', fields);
    }
    await again(world, 70_000);
    const client = await world.connect('s');
    await client.subscribe('t/+');
    const messages = await client.messages();
    expect(messages.map(({ topic }) => topic)).toEqual(['t/100']);
    expect(messages[0]?.properties.messageExpiryInterval).toBe(30);
    await world.advance(30_001);
    await client.subscribe('t/#');
    expect(await client.messages()).toEqual([]);
  });
});

describe('a time of more than 2^31 milliseconds is not over early', () => {
  covers('5.0', 'MQTT-3.1.2-8', 'MQTT-3.1.2-23', 'MQTT-4.1.0-2', 'MQTT-3.3.2-5');
  const seconds = 30 * daySeconds;
  const start = () => startTestBroker({ limits: { maxSessionExpirySeconds: never } });

  test.each([
    ['is there before', -1, true],
    ['is gone behind', 1, false],
  ])('a session %s its end', async (_, ms, present) => {
    const world = await start();
    await (await world.connect('c', resuming(seconds))).drop();
    await world.advance(seconds * 1_000 + ms);
    expect(await isPresent(world)).toBe(present);
  });

  test('a will', async () => {
    const world = await start();
    await aWatcher(world);
    await (await world.connect('c', withWill(seconds, never))).drop();
    await world.advance(seconds * 1_000 - 1);
    expect(await watched(world)).toEqual([]);
    await world.advance(1);
    expect(await watched(world)).toEqual(['will']);
  });

  test('a message in a queue', async () => {
    const world = await start();
    await aWatcher(world, 't');
    const publisher = await world.connect('p');
    const properties = { messageExpiryInterval: seconds };
    await publisher.publish('t', 'x', { qos: 1, properties });
    await world.advance(seconds * 1_000 - 1_000);
    expect(await watched(world)).toEqual(['x']);
  });
});

describe('keep alive', () => {
  covers('5.0', 'MQTT-3.1.2-22', 'MQTT-3.1.2-21', 'MQTT-3.2.2-21', 'MQTT-3.2.2-22');
  covers('3.1.1', 'MQTT-3.1.2-24');

  test.each([
    [5, 1],
    [5, 65_535],
    [4, 10],
    [4, 65_535],
    [3, 10],
  ] as const)('of version %i and %i s ends after one and a half', async (version, keepAlive) => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version, keepAlive });
    await world.advance(keepAlive * 1_500 - 1);
    expect(client.closed).toBe(false);
    // The broker may look a little later, but not much.
    await world.advance(1_500);
    expect(client.closed).toBe(true);
    expect(client.disconnectCode).toBe(version === 5 ? 0x8d : undefined);
  });

  test('is the one that the broker announced', async () => {
    const world = await startTestBroker({ limits: { maxKeepAliveSeconds: 10 } });
    const { client, connack } = await world.resume('c', { keepAlive: 1_000 });
    expect(connack.properties.serverKeepAlive).toBe(10);
    await world.advance(14_999);
    expect(client.closed).toBe(false);
    await world.advance(1_500);
    expect(client.disconnectCode).toBe(0x8d);
  });

  test('is that of the client when the broker announced none', async () => {
    const world = await startTestBroker({ limits: { maxKeepAliveSeconds: 10 } });
    const { client, connack } = await world.resume('c', { keepAlive: 4 });
    expect(connack.properties.serverKeepAlive).toBeUndefined();
    await world.advance(5_999);
    expect(client.closed).toBe(false);
    await world.advance(1_500);
    expect(client.disconnectCode).toBe(0x8d);
  });
});
