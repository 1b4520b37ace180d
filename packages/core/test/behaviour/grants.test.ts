import {
  type AuthenticateGrant,
  allow,
  type ClientLimits,
  deny,
  drop,
  proceed,
} from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { Gate } from '../support/gate.ts';
import { aWill, connectPacket, publishPacket, subscription } from '../support/packets.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

/** A broker that grants this to the client `c`, and nothing to others. */
function granting(grant: AuthenticateGrant): Promise<TestBroker> {
  return startTestBroker({
    plugins: [
      aPlugin((context) =>
        context.hook('authenticate', ({ clientId }) => allow(clientId === 'c' ? grant : {})),
      ),
    ],
  });
}

describe('limits of a client', () => {
  const announced: ClientLimits = {
    maxPacketBytes: 200,
    receiveMaximum: 2,
    topicAliasMaximum: 1,
    maxQos: 1,
    maxSessionExpirySeconds: 30,
    maxKeepAliveSeconds: 20,
  };
  const inConnack = {
    maximumPacketSize: 200,
    receiveMaximum: 2,
    topicAliasMaximum: 1,
    maximumQos: 1,
    sessionExpiryInterval: 30,
    serverKeepAlive: 20,
  };

  test('CONNACK announces what is lower than the broker’s, to this client alone', async () => {
    const world = await granting({ limits: announced });
    const fields = { ...durable, keepAlive: 60 };
    expect((await world.resume('c', fields)).connack.properties).toEqual(inConnack);
    expect((await world.resume('d', fields)).connack.properties).toEqual({
      maximumPacketSize: 1_048_576,
      receiveMaximum: 100,
      topicAliasMaximum: 16,
    });
  });

  test('what is higher than the broker’s changes nothing', async () => {
    const world = await granting({ limits: { receiveMaximum: 500, maxPacketBytes: 10_000_000 } });
    expect((await world.resume('c')).connack.properties).toMatchObject({
      receiveMaximum: 100,
      maximumPacketSize: 1_048_576,
    });
  });

  test('two hooks and a connection that grant limits: the lowest counts', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('connection', async () => allow({ limits: { receiveMaximum: 7 } }));
          context.hook('authenticate', () => allow({ limits: { receiveMaximum: 9, maxQos: 1 } }));
          context.hook('authenticate', () => allow({ limits: { receiveMaximum: 8 } }));
        }),
      ],
    });
    expect((await world.resume('c')).connack.properties).toMatchObject({
      receiveMaximum: 7,
      maximumQos: 1,
    });
  });

  test('a connection may be granted less for its CONNECT already', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('connection', () => allow({ limits: { maxPacketBytes: 150 } })),
        ),
      ],
    });
    const client = world.client(5);
    client.send(connectPacket(5, { clientId: 'c', userName: 'x'.repeat(200) }));
    await world.settle();
    expect(client.closed).toBe(true);
    expect((await world.resume('d')).connack.properties.maximumPacketSize).toBe(150);
  });

  test.each([
    ['packet size', 0x95, publishPacket('a', 'x'.repeat(300))],
    ['topic aliases', 0x94, publishPacket('a', 'x', { properties: { topicAlias: 2 } })],
    ['QoS', 0x9b, publishPacket('a', 'x', { qos: 2, packetId: 1 })],
  ])('are enforced: %s', async (_, code, packet) => {
    const world = await granting({ limits: announced });
    const [client, other] = [await world.connect('c'), await world.connect('d')];
    for (const one of [client, other]) one.send(packet);
    expect((await client.receive('disconnect')).reasonCode).toBe(code);
    expect(other.closed).toBe(false);
  });

  test('are enforced: receive maximum', async () => {
    const world = await granting({ limits: { receiveMaximum: 2 } });
    const client = await world.connect('c', { acknowledges: false });
    for (let packetId = 1; packetId <= 3; packetId++) {
      client.send(publishPacket('a', 'x', { qos: 2, packetId }));
    }
    expect((await client.receive('disconnect')).reasonCode).toBe(0x93);
  });

  test('are enforced: subscriptions, their QoS, what is in flight and what waits', async () => {
    const limits = {
      maxSubscriptionsPerSession: 2,
      maxQos: 1,
      maxInflightMessages: 1,
      maxQueuedMessages: 2,
    } as const;
    const world = await granting({ limits });
    const client = await world.connect('c', { ...durable, acknowledges: false });
    const filters = ['a', 'b', 'd'].map((filter) => subscription(filter));
    expect((await client.subscribe(filters)).reasonCodes).toEqual([1, 1, 0x97]);
    for (const text of ['1', '2', '3', '4']) await world.publish('a', text, { qos: 1 });
    expect(await client.payloads()).toEqual(['1']);
    expect(world.broker.stats.dropped.get('queue-full')).toBe(1);
    await client.drop();
    // They count for the session while nobody is connected to it.
    await world.publish('a', '5', { qos: 1 });
    expect(world.broker.stats.dropped.get('queue-full')).toBe(2);
  });

  test('a 3.x client is refused where it cannot be told: keep alive; a will with a higher QoS, too', async () => {
    const world = await granting({ limits: { maxKeepAliveSeconds: 20, maxQos: 0 } });
    expect((await world.client(4).connect({ clientId: 'c', keepAlive: 60 })).reasonCode).toBe(5);
    const will = aWill('a', 'x', { qos: 1 });
    expect((await world.client(5).connect({ clientId: 'c', will })).reasonCode).toBe(0x9b);
    expect((await world.client(4).connect({ clientId: 'c', keepAlive: 20 })).reasonCode).toBe(0);
  });

  test('a later client without them has those of the broker again', async () => {
    let grant: AuthenticateGrant = { limits: { maxSubscriptionsPerSession: 1 } };
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('authenticate', () => allow(grant)))],
    });
    const filters = ['a', 'b'].map((filter) => subscription(filter));
    const first = await world.connect('c', durable);
    expect((await first.subscribe(filters)).reasonCodes).toEqual([2, 0x97]);
    grant = {};
    const second = await world.connect('c', durable);
    expect((await second.subscribe(filters)).reasonCodes).toEqual([2, 2]);
  });

  test('a grant that is none refuses', async () => {
    const world = await granting({ limits: { maxSessions: 1 } as ClientLimits });
    expect((await world.client(5).connect({ clientId: 'c' })).reasonCode).toBe(0x83);
    expect(world.errors).toHaveLength(1);
  });
});

describe('expiresAt', () => {
  test.each([5, 4] as const)(
    'disconnects version %i then, and the session goes on',
    async (version) => {
      const world = await startTestBroker({
        plugins: [
          aPlugin((context) =>
            context.hook('authenticate', () =>
              allow({ expiresAt: world.environment.now() + 10_000 }),
            ),
          ),
        ],
      });
      const client = await world.connect('c', { ...durable, version });
      await world.advance(9_999);
      expect(client.closed).toBe(false);
      await world.advance(1);
      expect(client.closed).toBe(true);
      expect(client.disconnectCode).toBe(version === 5 ? 0xa0 : undefined);
      expect(world.broker.sessions.get('c')).toBeDefined();
    },
  );

  test('follows the clock on the wall', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('authenticate', () =>
            allow({ expiresAt: world.environment.now() + 10_000 }),
          ),
        ),
      ],
    });
    const client = await world.connect('c');
    world.environment.jump(-5_000);
    await world.advance(10_000);
    expect(client.closed).toBe(false);
    await world.advance(5_000);
    expect(client.disconnectCode).toBe(0xa0);
  });

  test('follows it within a minute when it goes forward, as after a start without the right time', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('authenticate', () =>
            allow({ expiresAt: world.environment.now() + 365 * 86_400_000 }),
          ),
        ),
      ],
    });
    const client = await world.connect('c');
    await world.advance(100_000);
    world.environment.jump(366 * 86_400_000);
    expect(client.closed).toBe(false);
    await world.advance(60_000);
    expect(client.disconnectCode).toBe(0xa0);
  });

  test('in the past refuses', async () => {
    const world = await granting({ expiresAt: 1 });
    expect((await world.client(5).connect({ clientId: 'c' })).reasonCode).toBe(0x87);
  });

  test.each([
    ['moves it', 60_000, 60_000],
    ['takes it away', undefined, undefined],
  ])('authenticating again %s', async (_, again, left) => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('exchange', ({ client }) => {
            const inMs = client === undefined ? 10_000 : again;
            return allow(inMs === undefined ? {} : { expiresAt: world.environment.now() + inMs });
          }),
        ),
      ],
    });
    const method = { authenticationMethod: 'm' };
    const client = await world.connect('c', { properties: method });
    await world.advance(9_000);
    client.send({ type: 15, reasonCode: 0x19, properties: method });
    await client.receive('auth');
    await world.advance(59_999);
    expect(client.closed).toBe(false);
    await world.advance(1);
    expect(client.closed).toBe(left !== undefined);
    await world.advance(1_000_000);
    expect(client.closed).toBe(left !== undefined);
  });

  test('is forgotten with the connection', async () => {
    const world = await granting({ expiresAt: Number.MAX_SAFE_INTEGER });
    const timers = () => world.environment.timers;
    await (await world.connect('c')).disconnect();
    await world.advance(2_000);
    expect(timers()).toBe(0);
  });
});

describe('an answer after the connection is gone', () => {
  const limits = { receiveMaximum: 1 };

  test.each([
    ['connection', allow({ limits })],
    ['connect', { clientId: 'other' }],
    ['connect', drop()],
    ['authenticate', allow({ limits, expiresAt: 1 })],
    ['authenticate', deny()],
    ['exchange', allow({ limits })],
    ['exchange', proceed()],
    ['authorizePublish', allow()],
  ] as const)('of %s does nothing: %j', async (name, answer) => {
    const gate = new Gate();
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          const late = async () => {
            await gate.wait();
            return answer;
          };
          context.hook(name, late as never);
        }),
      ],
    });
    const client = world.client(5);
    const properties = name === 'exchange' ? { authenticationMethod: 'm' } : {};
    client.send(connectPacket(5, { clientId: 'c', properties, will: aWill('w') }));
    await world.settle();
    await client.drop();
    gate.open();
    await world.settle();
    expect(world.broker.stats).toMatchObject({ connections: 0, clients: 0, sessions: 0 });
    expect([client.received(), world.errors, world.environment.timers]).toEqual([[], [], 0]);
  });
});
