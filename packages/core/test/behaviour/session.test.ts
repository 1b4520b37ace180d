import type { ProtocolVersion } from '@sluice/packet';
import { allow } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { connectPacket } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

const never = 0xffff_ffff;

/** Fields of CONNECT for a session that outlives its connection. */
function durable(version: ProtocolVersion, seconds = never) {
  return version === 5
    ? { version, cleanStart: false, properties: { sessionExpiryInterval: seconds } }
    : { version, cleanStart: false };
}

/** Whether a session for the client is there, without touching it. */
async function sessionPresent(world: TestBroker, clientId: string): Promise<boolean> {
  const { client, connack } = await world.resume(clientId, { cleanStart: false });
  await client.drop();
  return connack.sessionPresent;
}

describe.each([3, 4, 5] as const)('a session of version %i', (version) => {
  test('ends with its connection when it is clean', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version });
    await client.subscribe('a');
    await client.drop();
    expect(world.broker.stats).toMatchObject({ sessions: 0, subscriptions: 0, clients: 0 });
    expect(await sessionPresent(world, 'c')).toBe(false);
  });

  test('goes on when it is durable, also without anything in it', async () => {
    const world = await startTestBroker();
    await (await world.connect('c', durable(version))).drop();
    const { connack } = await world.resume('c', durable(version));
    // 3.1 has no Session Present: the byte is reserved.
    expect(connack.sessionPresent).toBe(version !== 3);
  });

  test('keeps subscriptions and gets what was published meanwhile, in order', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', durable(version));
    await client.subscribe('a/#', { qos: 1 });
    await client.disconnect();
    const publisher = await world.connect('p');
    await publisher.publish('a/1', 'one', { qos: 1 });
    await publisher.publish('a/2', 'zero');
    await publisher.publish('a/2', 'two', { qos: 2 });
    const back = await world.connect('c', durable(version));
    expect(await back.messages()).toMatchObject([
      { topic: 'a/1', payload: 'one', qos: 1, dup: false },
      { topic: 'a/2', payload: 'two', qos: 1, dup: false },
    ]);
    expect(world.dropped('offline')).toBe(1);
    await publisher.publish('a/3', 'live');
    expect(await back.payloads()).toEqual(['live']);
  });

  test('is forgotten by a clean start', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', durable(version));
    await client.subscribe('a', { qos: 1 });
    await client.drop();
    await world.publish('a', 'x', { qos: 1 });
    const { client: clean, connack } = await world.resume('c', { version, cleanStart: true });
    expect(connack.sessionPresent).toBe(false);
    await world.publish('a', 'y', { qos: 1 });
    expect(await clean.payloads()).toEqual([]);
    expect(world.broker.stats.subscriptions).toBe(0);
    expect(world.dropped('session-ended')).toBe(1);
  });
});

describe('Session Expiry Interval', () => {
  test('runs from the end of the connection, to the second', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', durable(5, 10));
    await world.advance(60_000);
    await client.drop();
    await world.advance(9_999);
    expect(world.broker.stats.sessions).toBe(1);
    await world.advance(1);
    expect(world.broker.stats.sessions).toBe(0);
  });

  test('is stopped by a connection, which brings its own', async () => {
    const world = await startTestBroker();
    await (await world.connect('c', durable(5, 10))).drop();
    await world.advance(9_000);
    const { client, connack } = await world.resume('c', durable(5, 100));
    expect(connack.sessionPresent).toBe(true);
    await world.advance(50_000);
    await client.drop();
    await world.advance(99_999);
    expect(world.broker.stats.sessions).toBe(1);
    await world.advance(1);
    expect(world.broker.stats.sessions).toBe(0);
  });

  test('of a CONNECT without one is 0, whatever the last one was', async () => {
    const world = await startTestBroker();
    await (await world.connect('c', durable(5, 1_000))).drop();
    await (await world.connect('c', { cleanStart: false })).drop();
    expect(world.broker.stats.sessions).toBe(0);
  });

  test('of Clean Start 0 without one is not a durable session', async () => {
    const world = await startTestBroker();
    await (await world.connect('c', { cleanStart: false })).drop();
    expect(await sessionPresent(world, 'c')).toBe(false);
  });

  test.each([
    ['absent', {}, 10],
    ['0', { sessionExpiryInterval: 0 }, 0],
    ['shorter', { sessionExpiryInterval: 3 }, 3],
    ['longer', { sessionExpiryInterval: 30 }, 30],
    ['more than is allowed', { sessionExpiryInterval: never }, 500],
  ])('of DISCONNECT counts when it is %s', async (_, properties, seconds) => {
    const world = await startTestBroker({ limits: { maxSessionExpirySeconds: 500 } });
    const client = await world.connect('c', durable(5, 10));
    await client.disconnect(0, properties);
    expect(client.disconnectCode).toBeUndefined();
    if (seconds > 0) {
      await world.advance(seconds * 1_000 - 1);
      expect(world.broker.stats.sessions).toBe(1);
      await world.advance(1);
    }
    expect(world.broker.stats.sessions).toBe(0);
  });

  test('of DISCONNECT above 0 is an error when CONNECT had none', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', { cleanStart: false });
    await client.disconnect(0, { sessionExpiryInterval: 10 });
    expect(client.disconnectCode).toBe(0x82);
    expect(world.broker.stats.sessions).toBe(0);
  });

  test('of DISCONNECT may be repeated as 0', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.disconnect(0, { sessionExpiryInterval: 0 });
    expect(client.disconnectCode).toBeUndefined();
    expect(client.closed).toBe(true);
  });

  test('of 0xFFFFFFFF never passes, and is longer than any timer', async () => {
    const world = await startTestBroker({ limits: { maxSessionExpirySeconds: never } });
    const { client, connack } = await world.resume('c', durable(5));
    expect(connack.properties.sessionExpiryInterval).toBeUndefined();
    await client.drop();
    await (await world.connect('d', durable(5, never - 1))).drop();
    await world.advance(200 * 365 * 86_400_000);
    expect(world.broker.stats.sessions).toBe(1);
    expect(await sessionPresent(world, 'c')).toBe(true);
  });
});

describe.each(stores)('with a %s store', (_, makeStore) => {
  test('a session outlives the broker, and its time goes on meanwhile', async () => {
    const world = await startTestBroker({ store: makeStore() });
    await (await world.connect('brief', durable(5, 10))).drop();
    await (await world.connect('long', durable(5, 100))).drop();
    await world.connect('here', durable(5, 50));
    await world.advance(5_000);
    await world.restart(6_000);
    expect(world.broker.stats.sessions).toBe(2);
    await world.advance(39_000);
    // The shutdown was the end of its connection.
    expect(await sessionPresent(world, 'here')).toBe(true);
    expect(await sessionPresent(world, 'brief')).toBe(false);
    await world.advance(49_999);
    expect(world.broker.stats.sessions).toBe(1);
    await world.advance(1);
    expect(world.broker.stats.sessions).toBe(0);
  });

  test('a session from before its bound was lowered ends with that', async () => {
    const store = makeStore();
    const before = await startTestBroker({ store });
    const client = await before.connect('c', { version: 4, cleanStart: false });
    await client.drop();
    await before.broker.close();
    const world = await startTestBroker({ store, limits: { maxSessionExpirySeconds: 60 } });
    await world.advance(59_000);
    expect(world.broker.stats.sessions).toBe(1);
    await world.advance(1_000);
    expect(world.broker.stats.sessions).toBe(0);
  });

  test('a clock that was set back does not let a session stay for longer than it was asked to', async () => {
    const world = await startTestBroker({ store: makeStore() });
    await (await world.connect('c', durable(5, 100))).drop();
    await world.restart(-3_600_000);
    await world.advance(99_999);
    expect(world.broker.stats.sessions).toBe(1);
    await world.advance(1);
    expect(world.broker.stats.sessions).toBe(0);
  });

  test('the time of a session that was connected when the broker died begins with the next one', async () => {
    const world = await startTestBroker({ store: makeStore() });
    await world.connect('c', durable(5, 10));
    await world.connect('clean');
    await world.crash(60_000);
    expect(world.broker.stats.sessions).toBe(1);
    await world.advance(9_999);
    expect(world.broker.stats.sessions).toBe(1);
    await world.advance(1);
    expect(world.broker.stats.sessions).toBe(0);
    await world.crash();
    expect(await sessionPresent(world, 'c')).toBe(false);
  });

  test('a session that was ended does not come back with a restart', async () => {
    const world = await startTestBroker({ store: makeStore() });
    const client = await world.connect('c', durable(5));
    await client.subscribe('a', { qos: 1 });
    await client.disconnect(0, { sessionExpiryInterval: 0 });
    await world.restart();
    expect(world.broker.stats).toMatchObject({ sessions: 0, subscriptions: 0 });
  });

  test('subscriptions come back with their options', async () => {
    const world = await startTestBroker({ store: makeStore() });
    const client = await world.connect('c', durable(5));
    await client.subscribe('a/+', { qos: 1, retainAsPublished: true, identifier: 7 });
    await client.subscribe('b', { noLocal: true });
    await client.subscribe('gone');
    await client.unsubscribe('gone');
    await world.restart();
    const { client: back, connack } = await world.resume('c', durable(5));
    expect(connack.sessionPresent).toBe(true);
    expect(world.broker.stats.subscriptions).toBe(2);
    const publisher = await world.connect('p');
    await publisher.publish('a/x', '1', { qos: 2, retain: true });
    await publisher.publish('gone', '2');
    await back.publish('b', 'own');
    await publisher.publish('b', '3', { qos: 2 });
    expect(await back.messages()).toMatchObject([
      { payload: '1', qos: 1, retain: true, properties: { subscriptionIdentifiers: [7] } },
      { payload: '3', qos: 2, retain: false },
    ]);
  });

  test('CONNACK tells of a session only when it is durable', async () => {
    const world = await startTestBroker({ store: makeStore() });
    world.persistence.hold();
    const client = world.client(5);
    client.send(connectPacket(5, { clientId: 'c', ...durable(5) }));
    await world.settle();
    expect(client.received()).toEqual([]);
    world.persistence.release();
    expect((await client.receive('connack')).sessionPresent).toBe(false);
  });
});

describe('identity', () => {
  const byUserName = aPlugin((context) =>
    context.hook('authenticate', ({ userName }) => allow({ identity: userName ?? '' })),
  );

  test('a session is not handed to another identity, connected or not', async () => {
    const world = await startTestBroker({ plugins: [byUserName] });
    const client = await world.connect('c', { userName: 'alice', ...durable(5) });
    for (const connected of [true, false]) {
      if (!connected) await client.drop();
      const other = world.client(5);
      expect((await other.connect({ clientId: 'c', userName: 'bob' })).reasonCode).toBe(0x87);
      expect(client.closed).toBe(!connected);
    }
    const { connack } = await world.resume('c', { userName: 'alice', ...durable(5) });
    expect(connack.sessionPresent).toBe(true);
  });

  test('also after a restart', async () => {
    const world = await startTestBroker({ plugins: [byUserName] });
    await world.connect('c', { userName: 'alice', ...durable(5) });
    await world.restart();
    expect((await world.client(5).connect({ clientId: 'c', userName: 'bob' })).reasonCode).toBe(
      0x87,
    );
    const { connack } = await world.resume('c', { userName: 'alice', ...durable(5) });
    expect(connack.sessionPresent).toBe(true);
  });
});

describe.each(stores)(
  'over %s, a session with messages of a share group that ends',
  (_, makeStore) => {
    const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

    async function aSharedQueue(): Promise<TestBroker> {
      const world = await startTestBroker({ store: makeStore() });
      const client = await world.connect('c', durable);
      await client.subscribe('$share/g/a', { qos: 1 });
      await client.drop();
      await world.publish('a', 'shared', { qos: 1 });
      return world;
    }

    test('is over for the next client before that one hears of it', async () => {
      const world = await aSharedQueue();
      world.persistence.hold();
      void world.broker.publish({ topic: 'a', payload: 'again', qos: 1 }).catch(() => {});
      await world.settle();
      const next = world.client();
      next.send(connectPacket(5, { clientId: 'c', cleanStart: true }));
      await world.settle();
      expect(next.history).toEqual([]);
      world.persistence.release();
      expect((await next.receive('connack')).reasonCode).toBe(0);
      await world.crash();
      const { connack } = await world.resume('c', durable);
      expect(connack.sessionPresent).toBe(false);
    });

    test('is over for good when the broker closes at once', async () => {
      const world = await aSharedQueue();
      const other = await world.connect('other', durable);
      await other.subscribe('$share/g/a', { qos: 1 });
      await other.drop();
      world.persistence.hold();
      void world.broker.publish({ topic: 'a', payload: 'again', qos: 1 });
      await world.settle();
      const next = world.client();
      next.send(connectPacket(5, { clientId: 'c', cleanStart: true }));
      await world.settle();
      const restarting = world.restart();
      world.persistence.release();
      await restarting;
      const { connack } = await world.resume('c', durable);
      expect(connack.sessionPresent).toBe(false);
      expect((await (await world.connect('other', durable)).payloads()).toSorted()).toEqual([
        'again',
        'shared',
      ]);
    });

    test('may be asked for by two clients, and the last one has it', async () => {
      const world = await aSharedQueue();
      const clients = [world.client(), world.client()] as const;
      for (const client of clients)
        client.send(connectPacket(5, { clientId: 'c', ...durable, cleanStart: true }));
      await world.settle();
      expect(clients.map(({ history }) => history)).toEqual([[], ['connack']]);
      expect(clients.map(({ closed }) => closed)).toEqual([true, false]);
    });
  },
);
