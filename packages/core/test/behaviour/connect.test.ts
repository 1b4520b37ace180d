import { encodePacket, type ProtocolVersion } from '@sluice/packet';
import { allow, deny } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import {
  acknowledgement,
  aWill,
  connectPacket,
  pingreq,
  publishPacket,
  subscribePacket,
  subscription,
} from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const versions = [3, 4, 5] as const satisfies readonly ProtocolVersion[];

describe.each(versions)('CONNECT of version %i', (version) => {
  test('is answered with CONNACK, without Session Present', async () => {
    const world = await startTestBroker();
    const connack = await world.client(version).connect({ clientId: 'c' });
    expect(connack).toMatchObject({ reasonCode: 0, sessionPresent: false });
    expect(world.broker.stats.clients).toBe(1);
  });

  test('may come in single bytes', async () => {
    const world = await startTestBroker();
    const client = world.client(version);
    client.chunkBytes = 1;
    expect((await client.connect({ clientId: 'c', userName: 'u' })).reasonCode).toBe(0);
  });

  test('must come first: anything else closes without a word', async () => {
    const world = await startTestBroker();
    const client = world.client(version);
    client.send(publishPacket('a', 'x'), connectPacket(version, { clientId: 'c' }));
    expect(await client.unread()).toEqual([]);
    expect(client.closed).toBe(true);
    expect(world.broker.stats.refusedTotal).toBe(1);
  });

  test('must come in time', async () => {
    const world = await startTestBroker({ limits: { connectTimeoutMs: 1_000 } });
    const client = world.client(version);
    client.send(encodePacket(connectPacket(version, { clientId: 'c' }), version).subarray(0, 5));
    await world.advance(999);
    expect(client.closed).toBe(false);
    await world.advance(1);
    expect(client.closed).toBe(true);
    expect(client.received()).toEqual([]);
  });

  test('must come only once', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version });
    client.send(connectPacket(version, { clientId: 'c' }));
    await world.settle();
    expect(client.closed).toBe(true);
    expect(client.disconnectCode).toBe(version === 5 ? 0x82 : undefined);
  });

  test('takes packets that are right behind it, in order', async () => {
    const world = await startTestBroker();
    const client = world.client(version);
    client.send(
      connectPacket(version, { clientId: 'c' }),
      subscribePacket(1, [subscription('a', { qos: 1 })]),
      publishPacket('a', 'x', { qos: 1, packetId: 2 }),
      pingreq,
    );
    await world.settle();
    expect(client.history.slice(0, 2)).toEqual(['connack', 'suback']);
    expect(client.history.toSorted()).toEqual([
      'connack',
      'pingresp',
      'puback',
      'publish',
      'suback',
    ]);
  });

  test('drops packets behind it when it is refused', async () => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('authenticate', async () => deny()))],
    });
    const client = world.client(version);
    client.send(
      connectPacket(version, { clientId: 'c' }),
      publishPacket('a', 'x', { qos: 1, packetId: 1, retain: true }),
    );
    expect(await client.unread()).toEqual(['connack']);
    expect(client.closed).toBe(true);
    expect(world.broker.stats.messagesReceived).toBe(0);
  });

  test('with a client identifier that is too long is refused', async () => {
    const world = await startTestBroker({ limits: { maxClientIdBytes: 23 } });
    const fits = await world.client(version).connect({ clientId: 'x'.repeat(23) });
    expect(fits.reasonCode).toBe(0);
    const client = world.client(version);
    const connack = await client.connect({ clientId: 'x'.repeat(24) });
    expect(connack.reasonCode).toBe(version === 5 ? 0x85 : 2);
    expect(client.closed).toBe(true);
  });

  test('larger than allowed is refused, though larger packets are allowed later', async () => {
    const world = await startTestBroker({
      limits: { maxConnectPacketBytes: 128, maxPacketBytes: 1_000 },
    });
    const client = world.client(version);
    client.send(connectPacket(version, { clientId: 'c', userName: 'u'.repeat(200) }));
    await world.settle();
    expect(client.closed).toBe(true);
    const other = await world.connect('d', { version });
    expect(await other.publish('a', 'x'.repeat(500), { qos: 1 })).toBe(version === 5 ? 0x10 : 0);
  });

  test('is refused when there are too many sessions', async () => {
    const world = await startTestBroker({ limits: { maxSessions: 1 } });
    await world.connect('c', { version });
    const connack = await world.client(version).connect({ clientId: 'd' });
    expect(connack.reasonCode).toBe(version === 5 ? 0x97 : 3);
    // The one that is there may come again.
    expect((await world.client(version).connect({ clientId: 'c' })).reasonCode).toBe(0);
  });

  test('is told to come later when the authenticator fails, and why is in words for people', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('authenticate', ({ userName }) => {
            if (userName === 'anna') throw new Error('the database is down');
            return deny(0x86);
          }),
        ),
      ],
    });
    const told: unknown[] = [];
    world.broker.on('refused', ({ clientId, message }) => told.push([clientId, message]));
    const anna = await world.client(version).connect({ clientId: 'c', userName: 'anna' });
    expect(anna.reasonCode).toBe(version === 5 ? 0x83 : 3);
    await world.client(version).connect({ clientId: 'd' });
    expect(told).toEqual([
      ['c', 'implementation specific error'],
      ['d', 'bad user name or password'],
    ]);
    expect(world.errors).toMatchObject([{ code: 'SLUICE_HOOK_FAILED' }]);
  });

  test('is refused with the code of the authenticator', async () => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('authenticate', () => deny(0x86, 'no')))],
    });
    const client = world.client(version);
    expect((await client.connect({ clientId: 'c' })).reasonCode).toBe(version === 5 ? 0x86 : 4);
    expect(client.closed).toBe(true);
    expect(world.broker.stats).toMatchObject({ clients: 0, sessions: 0, refusedTotal: 1 });
  });

  test.each([
    ['a topic in $SYS', aWill('$SYS/x'), 0x90],
    ['the topic $SYS', aWill('$SYS'), 0x90],
    ['a topic with too many levels', aWill('a/b/c'), 0x90],
    ['a QoS that is not served', aWill('a', 'x', { qos: 2 }), 0x9b],
  ])('is refused for a will with %s', async (_, will, code) => {
    const world = await startTestBroker({ limits: { maxQos: 1, maxTopicLevels: 2 } });
    const client = world.client(version);
    client.send(connectPacket(version, { clientId: 'c', will }));
    await world.settle();
    expect(client.closed).toBe(true);
    if (version === 5) expect((await client.receive('connack')).reasonCode).toBe(code);
    expect(world.broker.stats.sessions).toBe(0);
  });

  test('is accepted for a will with which a bridge tells that it is gone', async () => {
    const world = await startTestBroker();
    const watcher = await world.connect('watcher');
    await watcher.subscribe('$SYS/#');
    const will = aWill('$SYS/broker/connection/hall/state', '0');
    await (await world.connect('bridge', { version, will })).drop();
    expect(await watcher.payloads()).toEqual(['0']);
  });

  test('is refused for a will that may not be published', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('authorizePublish', async ({ message }) =>
            message.topic === 'no' ? deny() : allow(),
          ),
        ),
      ],
    });
    const connack = await world.client(version).connect({ clientId: 'c', will: aWill('no') });
    expect(connack.reasonCode).toBe(version === 5 ? 0x87 : 5);
    expect(
      (await world.client(version).connect({ will: aWill('yes'), clientId: 'c' })).reasonCode,
    ).toBe(0);
  });
});

describe('the client identifier', () => {
  test('is assigned to a 5.0 client that has none, and told to it', async () => {
    const world = await startTestBroker();
    const one = await world.client(5).connect();
    const other = await world.client(5).connect();
    expect(one.properties.assignedClientIdentifier).toMatch(/^[\w-]{12,}$/);
    expect(other.properties.assignedClientIdentifier).not.toBe(
      one.properties.assignedClientIdentifier,
    );
    const named = await world.client(5).connect({ clientId: 'c' });
    expect(named.properties.assignedClientIdentifier).toBeUndefined();
  });

  test('is assigned to a 3.1.1 client only with Clean Session', async () => {
    const world = await startTestBroker();
    expect((await world.client(4).connect({ cleanStart: true })).reasonCode).toBe(0);
    expect((await world.client(4).connect({ cleanStart: false })).reasonCode).toBe(2);
    expect(world.broker.stats.sessions).toBe(1);
  });

  test('is needed in 3.1', async () => {
    const world = await startTestBroker();
    expect((await world.client(3).connect()).reasonCode).toBe(2);
  });

  test('can be used to come back', async () => {
    const world = await startTestBroker();
    const properties = { sessionExpiryInterval: 60 };
    const first = world.client(5);
    const { assignedClientIdentifier = '' } = (await first.connect({ properties })).properties;
    await first.drop();
    const { connack } = await world.resume(assignedClientIdentifier, { cleanStart: false });
    expect(connack.sessionPresent).toBe(true);
  });
});

describe('CONNACK of 5.0', () => {
  test('tells every limit that a client would run into', async () => {
    const world = await startTestBroker({
      limits: {
        receiveMaximum: 7,
        maxQos: 1,
        maxPacketBytes: 4_321,
        topicAliasMaximum: 5,
        maxSessionExpirySeconds: 100,
        maxKeepAliveSeconds: 30,
      },
    });
    const { connack } = await world.resume('c', {
      keepAlive: 60,
      properties: { sessionExpiryInterval: 1_000 },
    });
    expect(connack.properties).toMatchObject({
      receiveMaximum: 7,
      maximumQos: 1,
      maximumPacketSize: 4_321,
      topicAliasMaximum: 5,
      sessionExpiryInterval: 100,
      serverKeepAlive: 30,
    });
  });

  test('says nothing where there is nothing to say', async () => {
    const world = await startTestBroker({
      limits: { receiveMaximum: 65_535, topicAliasMaximum: 0 },
    });
    const { connack } = await world.resume('c', {
      keepAlive: 60,
      properties: { sessionExpiryInterval: 1_000 },
    });
    expect(Object.keys(connack.properties).toSorted()).toEqual(['maximumPacketSize']);
  });

  test('leaves the reason string out where the client takes no larger packet', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => context.hook('authenticate', () => deny(0x87, 'x'.repeat(100)))),
      ],
    });
    const small = await world
      .client(5)
      .connect({ clientId: 'c', properties: { maximumPacketSize: 50 } });
    expect(small).toMatchObject({ reasonCode: 0x87, properties: {} });
    const large = await world.client(5).connect({ clientId: 'c' });
    expect(large.properties.reasonString).toBe('x'.repeat(100));
  });

  test('closes a connection whose Maximum Packet Size it exceeds, and never goes past it', async () => {
    const world = await startTestBroker();
    const client = world.client(5);
    client.send(connectPacket(5, { clientId: 'c', properties: { maximumPacketSize: 4 } }));
    expect(await client.unread()).toEqual([]);
    expect(client.closed).toBe(true);
  });

  test('refuses an authentication method, which is not supported', async () => {
    const world = await startTestBroker();
    const properties = { authenticationMethod: 'SCRAM' };
    expect((await world.client(5).connect({ clientId: 'c', properties })).reasonCode).toBe(0x8c);
  });
});

test('a protocol version that does not exist is refused in the form of 3.1.1 or 5.0', async () => {
  const world = await startTestBroker();
  const bytes = encodePacket(connectPacket(4, { clientId: 'c' }), 4);
  const future = Buffer.from(encodePacket(connectPacket(5, { clientId: 'c' }), 5));
  future[8] = 6;
  const client = world.client(5);
  client.send(future);
  await world.settle();
  expect(client.closed).toBe(true);
  const past = Buffer.from(bytes);
  past[8] = 2;
  const old = world.client(4);
  old.send(past);
  expect((await old.receive('connack')).reasonCode).toBe(1);
  expect(old.closed).toBe(true);
});

test('nothing is known of a client whose authentication is not over', async () => {
  let answer: (() => void) | undefined;
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) =>
        context.hook('authenticate', async ({ userName }) => {
          if (userName === 'slow')
            await new Promise<void>((resolve) => {
              answer = resolve;
            });
          return allow();
        }),
      ),
    ],
  });
  const here = await world.connect('c');
  const slow = world.client(5);
  slow.send(connectPacket(5, { clientId: 'c', userName: 'slow' }), pingreq);
  await world.settle();
  expect(here.closed).toBe(false);
  expect(slow.received()).toEqual([]);
  // Its name binds the session to it: somebody else's is not taken over.
  answer?.();
  await world.settle();
  expect((await slow.receive('connack')).reasonCode).toBe(0x87);
  expect(here.closed).toBe(false);
  expect(slow.closed).toBe(true);
});

test('an acknowledgement may be the first packet behind CONNECT', async () => {
  const world = await startTestBroker();
  const client = world.client(5);
  client.send(connectPacket(5, { clientId: 'c' }), acknowledgement('pubrel', 9));
  expect((await client.receive('pubcomp')).reasonCode).toBe(0x92);
});

test('connections above the limit are closed at once', async () => {
  const world = await startTestBroker({ limits: { maxConnections: 1 } });
  const one = world.client(5);
  const other = world.client(5);
  await world.settle();
  expect([one.closed, other.closed]).toEqual([false, true]);
  await one.drop();
  expect((await world.client(5).connect({ clientId: 'c' })).reasonCode).toBe(0);
});
