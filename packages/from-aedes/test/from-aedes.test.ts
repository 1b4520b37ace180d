import { PacketType, ReasonCode } from '@sluice/packet';
import { allow, deny } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { aWill, subscription } from '../../core/test/support/packets.ts';
import { aPlugin, startTestBroker } from '../../core/test/support/test-broker.ts';
import { fromAedes } from '../src/from-aedes.ts';
import type { AedesClient, Callback, FromAedesOptions } from '../src/handlers.ts';

const start = (options: FromAedesOptions) => startTestBroker({ plugins: [fromAedes(options)] });

const stored = { cleanStart: false, properties: { sessionExpiryInterval: 3_600 } } as const;

describe('a handler that', () => {
  it('calls back twice has decided the first time', async () => {
    const world = await start({
      authenticate(_client, username, _password, callback) {
        callback(null, username === 'anna');
        callback(null, username !== 'anna');
        queueMicrotask(() => callback(new Error('late')));
      },
    });
    expect((await world.client().connect({ userName: 'anna' })).reasonCode).toBe(0);
    expect((await world.client().connect({ userName: 'ben' })).reasonCode).toBe(
      ReasonCode.notAuthorized,
    );
    expect(world.errors).toEqual([]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    [
      'throws after it allowed',
      (callback: Callback<boolean>) => {
        callback(null, true);
        throw new Error('broken');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('broken');
      },
    ],
  ])('%s refuses, and the broker says why', async (_what, handler) => {
    const world = await start({
      authenticate: (_client, _username, _password, callback) => handler(callback),
    });
    const { reasonCode } = await world.client().connect();
    expect(reasonCode).toBe(ReasonCode.implementationSpecificError);
    expect(world.errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/authenticate.*from-aedes.*broken/),
    ]);
  });

  it('rejects after it allowed has allowed, and the broker says so', async () => {
    const world = await start({
      async authenticate(_client, _username, _password, callback) {
        callback(null, true);
        throw new Error('afterwards');
      },
    });
    expect((await world.client().connect()).reasonCode).toBe(0);
    expect(world.errors.map(({ message }) => message)).toEqual(['afterwards']);
  });

  it('never calls back refuses when its time is over', async () => {
    const world = await start({ authorizePublish: () => {}, deadlineMs: 2_000 });
    const client = await world.connect('c', { keepAlive: 0 });
    const answer = client.publish('a', 'x', { qos: 1 });
    await expect(answer).rejects.toThrow(/no puback/);
    await world.advance(2_000);
    expect((await client.receive('puback')).reasonCode).toBe(
      ReasonCode.implementationSpecificError,
    );
    expect(world.errors).toEqual([expect.objectContaining({ code: 'SLUICE_HOOK_TIMEOUT' })]);
  });
});

describe('preConnect', () => {
  it.each([
    [new Error('not you'), true],
    [null, false],
  ])('refuses with a CONNACK: %s, %s', async (error, isAllowed) => {
    const told: string[] = [];
    const world = await start({
      preConnect: (_client, _packet, callback) => callback(error, isAllowed),
      on: { connectionError: (client, { message }) => told.push(`${client.id} ${message}`) },
    });
    const client = world.client(4);
    expect((await client.connect({ clientId: 'c' })).reasonCode).toBe(5);
    expect(client.closed).toBe(true);
    expect(told).toEqual(error === null ? [] : ['null not you']);
  });

  it('knows where the client comes from', async () => {
    const seen: unknown[] = [];
    const world = await start({
      preConnect({ conn, req }, { protocolId, protocolVersion }, callback) {
        seen.push(conn.remoteAddress, conn.remotePort, req?.url, protocolId, protocolVersion);
        callback(null, true);
      },
    });
    const request = { url: '/mqtt', headers: {} };
    const info = { remoteAddress: '192.0.2.1', remotePort: 5, request };
    await world.client(3, info).connect();
    expect(seen).toEqual(['192.0.2.1', 5, '/mqtt', 'MQIsdp', 3]);
  });

  it('that takes away what cannot be taken away lets the client in with it', async () => {
    const seen: unknown[] = [];
    const world = await start({
      preConnect(_client, packet, callback) {
        Object.assign(packet, { username: null, password: null, keepalive: null });
        Object.assign(packet, packet.clientId === 'no will' ? { will: null } : {});
        if (packet.will) Object.assign(packet.will, { payload: null, qos: null, retain: null });
        callback(null, true);
      },
      authenticate(_client, username, password, callback) {
        seen.push(`${username} ${password}`);
        callback(null, true);
      },
    });
    const watcher = await world.connect('watcher');
    await watcher.subscribe('will');
    for (const clientId of ['no will', 'no payload']) {
      const client = world.client(4);
      const login = { userName: 'u', password: Buffer.from('p') };
      const connack = await client.connect({ clientId, ...login, will: aWill('will', clientId) });
      expect(connack.reasonCode).toBe(0);
      await client.drop();
    }
    expect(seen.slice(1)).toEqual(['u p', 'u p']);
    expect(await watcher.payloads()).toEqual(['no will', '']);
    expect(world.errors).toEqual([]);
  });
});

describe('authorizePublish', () => {
  it('is asked before other plug-ins, which see what it made of the message', async () => {
    const authorizer = aPlugin(({ hook }) => {
      hook('authorizePublish', ({ message }) => (message.topic === 'b' ? allow() : deny()));
    }, 'authorizer');
    const plugin = fromAedes({
      authorizePublish(_client, packet, callback) {
        if (packet.topic === 'a') packet.topic = 'b';
        callback(null);
      },
    });
    const world = await startTestBroker({ plugins: [authorizer, plugin] });
    const client = await world.connect('c');
    expect(await client.publish('a', '', { qos: 1 })).toBe(ReasonCode.noMatchingSubscribers);
    expect(await client.publish('c', '', { qos: 1 })).toBe(ReasonCode.notAuthorized);
  });

  it('is not asked about what the application publishes', async () => {
    const world = await start({
      authorizePublish: (_client, _packet, callback) => callback(new Error('no')),
    });
    const reader = await world.connect('reader');
    await reader.subscribe('#');
    await world.publish('a', 'x');
    expect(await reader.payloads()).toEqual(['x']);
  });

  it('lowers a QoS, and cannot raise it', async () => {
    const world = await start({
      authorizePublish(_client, packet, callback) {
        packet.qos = packet.topic === 'lower' ? 0 : 2;
        callback(null);
      },
    });
    const client = await world.connect('c');
    await client.subscribe('#');
    await client.publish('lower', '', { qos: 1 });
    await client.publish('higher', '', { qos: 1 });
    expect((await client.messages()).map(({ qos }) => qos)).toEqual([0, 1]);
    expect(world.errors).toEqual([]);
  });

  it('is asked about a will that is due after a restart, with null for the client', async () => {
    const seen: unknown[] = [];
    const world = await start({
      authorizePublish(client, packet, callback) {
        seen.push(client?.id ?? null, packet.topic);
        callback(null);
      },
    });
    const will = aWill('gone', '', { properties: { willDelayInterval: 60 } });
    const client = await world.connect('c', { ...stored, will });
    await client.drop();
    await world.restart();
    await world.advance(60_000);
    expect(seen).toEqual([null, 'gone']);
  });
});

describe('authorizeSubscribe', () => {
  it('tells a 5.0 client why a filter is refused', async () => {
    const world = await start({
      authorizeSubscribe: (_client, _subscription, callback) => callback(null, null),
    });
    const client = await world.connect('c');
    expect((await client.subscribe('a')).reasonCodes).toEqual([ReasonCode.notAuthorized]);
  });

  it('takes a lower QoS, and tells it', async () => {
    const world = await start({
      authorizeSubscribe(_client, subscription, callback) {
        subscription.qos = 1;
        callback(null, subscription);
      },
    });
    const client = await world.connect('c');
    expect((await client.subscribe('a', { qos: 2 })).reasonCodes).toEqual([1]);
    expect((await client.subscribe('b', { qos: 0 })).reasonCodes).toEqual([0]);
  });

  it('lets a client unsubscribe by its own name from what was renamed', async () => {
    const world = await start({
      authorizeSubscribe(_client, subscription, callback) {
        subscription.topic = `tenant/${subscription.topic}`;
        callback(null, subscription);
      },
    });
    const client = await world.connect('c');
    await client.subscribe('a');
    await world.publish('tenant/a', '1');
    await client.unsubscribe('a');
    await world.publish('tenant/a', '2');
    expect(await client.payloads()).toEqual(['1']);
  });

  it('judges a shared subscription by the filter in it', async () => {
    const seen: string[] = [];
    const world = await start({
      authorizeSubscribe(_client, subscription, callback) {
        seen.push(subscription.topic);
        const isSecret = subscription.topic.startsWith('secret/');
        subscription.topic = `tenant/${subscription.topic}`;
        callback(null, isSecret ? null : subscription);
      },
    });
    const client = await world.connect('c');
    expect((await client.subscribe('$share/g/secret/#')).reasonCodes).toEqual([
      ReasonCode.notAuthorized,
    ]);
    expect((await client.subscribe('$share/g/open/#')).reasonCodes).toEqual([2]);
    expect(seen).toEqual(['secret/#', 'open/#']);
    await world.publish('tenant/open/a', 'x');
    expect(await client.payloads()).toEqual(['x']);
  });

  it('decides about each of two subscriptions to the same filter', async () => {
    const asked: number[] = [];
    const world = await start({
      authorizeSubscribe(_client, subscription, callback) {
        asked.push(subscription.qos);
        callback(null, subscription.qos === 0 ? subscription : null);
      },
    });
    const client = await world.connect('c');
    const { reasonCodes } = await client.subscribe([
      subscription('a', { qos: 2 }),
      subscription('a', { qos: 0 }),
    ]);
    expect(reasonCodes).toEqual([ReasonCode.notAuthorized, 0]);
    expect(asked).toEqual([2, 0]);
  });

  it('that throws for one filter while another waits refuses all, and ends nothing else', async () => {
    const world = await start({
      authorizeSubscribe(_client, { topic }) {
        if (topic === 'a') return Promise.reject(new Error('late'));
        throw new Error('at once');
      },
    });
    const client = await world.connect('c');
    const { reasonCodes } = await client.subscribe([subscription('a'), subscription('b')]);
    expect(reasonCodes).toEqual(Array(2).fill(ReasonCode.implementationSpecificError));
    expect(world.errors).toHaveLength(1);
  });

  it('is asked again when a session goes on', async () => {
    let isAllowed = true;
    const world = await start({
      authorizeSubscribe: (_client, subscription, callback) =>
        callback(null, isAllowed ? subscription : null),
    });
    const before = await world.connect('c', stored);
    await before.subscribe('a');
    await before.disconnect();
    const between = await world.connect('c', stored);
    await world.publish('a', '1');
    expect(await between.payloads()).toEqual(['1']);
    await between.disconnect();
    isAllowed = false;
    const after = await world.connect('c', stored);
    await world.settle();
    await world.publish('a', '2');
    expect(await after.payloads()).toEqual([]);
    expect(after.closed).toBe(false);
  });
});

describe('authorizeSubscribe, when a session goes on', () => {
  it('ends the connection with an error, and takes the subscription away', async () => {
    let error: Error | null = null;
    const world = await start({
      authorizeSubscribe: (_client, subscription, callback) => callback(error, subscription),
    });
    const before = await world.connect('c', stored);
    await before.subscribe('a');
    await before.disconnect();
    error = new Error('not any more');
    const after = await world.connect('c', stored);
    await world.settle();
    expect(after.closed).toBe(true);
    error = null;
    const again = await world.connect('c', stored);
    await world.publish('a', 'x');
    expect(await again.payloads()).toEqual([]);
  });
});

describe('authorizeForward', () => {
  it('that is asynchronous withholds, and the broker says why', async () => {
    const world = await start({
      authorizeForward: (async () => undefined) as unknown as NonNullable<
        FromAedesOptions['authorizeForward']
      >,
    });
    const client = await world.connect('c');
    await client.subscribe('a');
    await world.publish('a', 'x');
    expect(await client.payloads()).toEqual([]);
    expect(world.errors[0]?.message).toMatch(/has to answer at once/);
  });

  it('that changes nothing sends the message as it is', async () => {
    const world = await start({ authorizeForward: (_client, packet) => packet });
    const client = await world.connect('c');
    await client.subscribe('a', { qos: 1 });
    await world.publish('a', 'x', { qos: 1, properties: { contentType: 'text' } });
    expect(await client.messages()).toMatchObject([
      { topic: 'a', payload: 'x', qos: 1, properties: { contentType: 'text' } },
    ]);
  });
});

describe('published', () => {
  it('ends the connection with an error, as Aedes does', async () => {
    const world = await start({
      published: (packet, _client, callback) =>
        callback(packet.topic === 'bad' ? new Error('no') : null),
    });
    const client = await world.connect('c');
    await client.publish('good');
    expect(client.closed).toBe(false);
    await client.publish('bad');
    expect(client.closed).toBe(true);
  });
});

describe('a client', () => {
  it('of an old connection does not close the new one', async () => {
    const clients: AedesClient[] = [];
    const world = await start({ on: { clientReady: (client) => clients.push(client) } });
    await world.connect('c');
    const second = await world.connect('c');
    clients[0]?.close();
    await world.settle();
    expect(second.closed).toBe(false);
    clients[1]?.conn.destroy();
    await world.settle();
    expect(second.closed).toBe(true);
  });

  it('that is closed while it authenticates is refused, and who has its name stays', async () => {
    const world = await start({
      authenticate(client, username, _password, callback) {
        if (username === 'mallory') client.close();
        callback(null, true);
      },
    });
    const owner = await world.connect('c', { userName: 'anna' });
    const other = world.client();
    const { reasonCode } = await other.connect({ clientId: 'c', userName: 'mallory' });
    expect(reasonCode).toBe(ReasonCode.notAuthorized);
    expect(owner.closed).toBe(false);
  });

  it.each<[string, FromAedesOptions]>([
    [
      'preConnect',
      {
        preConnect(client, packet, callback) {
          if (packet.clientId === 'bad') client.conn.destroy();
          else callback(null, true);
        },
      },
    ],
    [
      'authenticate',
      {
        authenticate(client, _username, _password, callback) {
          if (client.id === 'bad') client.close();
          else callback(null, true);
        },
      },
    ],
    [
      'authorizePublish',
      {
        authorizePublish(client, _packet, callback) {
          if (client?.id === 'bad') client.close();
          else callback(null);
        },
      },
    ],
    [
      'authorizeSubscribe',
      {
        authorizeSubscribe(client, subscription, callback) {
          if (client.id === 'bad') client.close();
          else callback(null, subscription);
        },
      },
    ],
  ])(
    'that a handler closes in place of calling back keeps nobody else out: %s',
    async (_name, handlers) => {
      const world = await start(handlers);
      for (let count = 0; count < 10; count++) {
        const bad = world.client();
        await bad.connect({ clientId: 'bad' }).catch(() => {});
        if (!bad.closed) await bad.publish('a', 'x', { qos: 1 }).catch(() => {});
        if (!bad.closed) await bad.subscribe('a').catch(() => {});
        expect(bad.closed).toBe(true);
      }
      await world.advance(5_000);
      const good = await world.connect('good');
      expect((await good.subscribe('a')).reasonCodes).toEqual([2]);
      expect(await good.publish('a', 'x', { qos: 1 })).toBe(0);
      expect(world.errors).toEqual([]);
    },
  );

  it('tells with a callback what became of publish, subscribe and unsubscribe', async () => {
    let client: AedesClient | undefined;
    const world = await start({
      on: {
        clientReady(ready) {
          client = ready;
        },
      },
    });
    const connection = await world.connect('c');
    const told: unknown[] = [];
    const tell = (error?: unknown) => told.push(error);
    client?.subscribe([{ topic: 'a' }, { topic: 'b', qos: 1 }], tell);
    await world.settle();
    client?.publish({ topic: 'x', payload: 'direct' }, tell);
    await world.publish('b', 'subscribed');
    client?.unsubscribe('b', tell);
    await world.settle();
    await world.publish('b', 'late');
    expect(await connection.payloads()).toEqual(['direct', 'subscribed']);
    await connection.disconnect();
    client?.publish({ topic: 'x', payload: 'late' }, tell);
    await world.settle();
    expect(told).toEqual([undefined, undefined, undefined, expect.any(Error)]);
  });
});

describe('listeners', () => {
  it('hear of pings, and of clients that fall silent', async () => {
    const told: string[] = [];
    const world = await start({
      on: {
        ping: ({ cmd }, { id }) => told.push(`${cmd} ${id}`),
        keepaliveTimeout: ({ id }) => told.push(`keepaliveTimeout ${id}`),
        clientError: ({ id }, { message }) => told.push(`clientError ${id} ${message}`),
        clientDisconnect: ({ id }) => told.push(`clientDisconnect ${id}`),
        closed: () => told.push('closed'),
      },
    });
    const client = await world.connect('c', { keepAlive: 10 });
    client.send({ type: PacketType.pingreq });
    await world.advance(16_000);
    await world.restart();
    expect(told).toEqual([
      'pingreq c',
      'keepaliveTimeout c',
      'clientError c keep alive timeout',
      'clientDisconnect c',
      'closed',
    ]);
  });

  it.each([
    [
      'throw',
      () => {
        throw new Error('broken');
      },
    ],
    [
      'reject',
      async () => {
        throw new Error('broken');
      },
    ],
  ])('that %s harm nobody', async (_what, clientReady) => {
    const world = await start({ on: { clientReady } });
    const client = await world.connect('c');
    expect(client.closed).toBe(false);
    expect(world.errors.map(({ message }) => message)).toEqual(['broken']);
  });
});

describe('options', () => {
  it.each([
    [{ concurrency: 100 }, /concurrency is none of a plug-in: no client waits for another/],
    [{ persistence: {} }, /persistence-level/],
    [{ authorise: () => {} }, /there is no option authorise/],
    [{ authenticate: true }, /authenticate must be a function/],
    [{ on: { connect: () => {} } }, /there is no event connect/],
    [{ on: { client: 'x' } }, /on.client must be a function/],
  ])('that Sluice would pass over are refused: %o', (options, message) => {
    expect(() => fromAedes(options as FromAedesOptions)).toThrow(
      expect.objectContaining({
        code: 'SLUICE_FROM_AEDES_OPTIONS',
        message: expect.stringMatching(message),
      }),
    );
  });
});
