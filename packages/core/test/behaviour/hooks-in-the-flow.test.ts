import { allow, deny, drop, type Plugin } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import {
  aWill,
  connectPacket,
  disconnectPacket,
  pingreq,
  publishPacket,
  subscription,
  text,
} from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

/** Holds its callers until it is told to let the oldest go. */
class Gate {
  readonly #waiting: (() => void)[] = [];
  readonly wait = (): Promise<void> => new Promise((go) => this.#waiting.push(go));
  open(): void {
    this.#waiting.shift()?.();
  }
}

describe('connection', () => {
  test('a denial closes without a word, before anything is read', async () => {
    const seen: unknown[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('connection', async ({ connection }) => {
            seen.push(connection.transport);
            return connection.remoteAddress === '192.0.2.1' ? deny() : undefined;
          }),
        ),
      ],
    });
    const bad = world.client(5, { remoteAddress: '192.0.2.1', transport: 'ws' });
    bad.send(connectPacket(5, { clientId: 'c' }));
    await world.settle();
    expect([bad.closed, bad.received()]).toEqual([true, []]);
    const good = world.client(5, { remoteAddress: '192.0.2.2', transport: 'ws' });
    expect((await good.connect({ clientId: 'c' })).reasonCode).toBe(0);
    expect(seen).toEqual(['ws', 'ws']);
  });

  test('a stream that fails while the hook thinks harms nobody', async () => {
    const gate = new Gate();
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('connection', gate.wait))],
    });
    const client = world.client(5);
    await client.drop(new Error('reset'));
    gate.open();
    await world.settle();
    expect(world.broker.stats).toMatchObject({ connections: 0, refusedTotal: 1 });
    expect(world.errors).toEqual([]);
  });
});

describe('connect', () => {
  test('changes what the broker sees, before authentication', async () => {
    const seen: unknown[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('connect', async ({ packet }) => ({
            clientId: `tenant-${packet.clientId}`,
            keepAlive: 7,
            will: aWill('rewritten'),
          }));
          context.hook('authenticate', ({ clientId }) => {
            seen.push(clientId);
            return allow();
          });
          context.hook('connected', ({ client }) => void seen.push(client.clientId));
        }),
      ],
    });
    const watcher = world.client(5);
    await watcher.connect({ clientId: 'w' });
    await watcher.subscribe('rewritten');
    const client = await world.connect('c');
    expect(seen).toEqual(['tenant-w', 'tenant-w', 'tenant-c', 'tenant-c']);
    watcher.send(pingreq);
    await world.advance(10_499);
    watcher.send(pingreq);
    await world.advance(2);
    expect(client.closed).toBe(true);
    expect(await watcher.payloads()).toEqual(['gone']);
  });

  test.each([
    [5, 0x97],
    [4, 3],
  ] as const)('a drop refuses version %i', async (version, code) => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('connect', () => drop(0x97)))],
    });
    expect((await world.client(version).connect({ clientId: 'c' })).reasonCode).toBe(code);
  });
});

describe('authenticate', () => {
  test('gives an identity and attributes that later hooks see', async () => {
    const seen: unknown[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('authenticate', ({ userName, password }) =>
            text(password) === 'right'
              ? allow({ identity: `id-${userName}`, attributes: { role: 'admin' } })
              : deny(0x86),
          );
          context.hook('authorizePublish', ({ client }) => {
            const { role } = client.attributes;
            seen.push([client.identity, role, client.userName]);
            return allow();
          });
        }),
      ],
    });
    const password = Buffer.from('right');
    const client = await world.connect('c', { userName: 'u', password });
    await client.publish('a', 'x');
    expect(seen).toEqual([['id-u', 'admin', 'u']]);
    const wrong = { clientId: 'd', userName: 'u', password: Buffer.from('wrong') };
    expect((await world.client(5).connect(wrong)).reasonCode).toBe(0x86);
  });

  test('two clients that wait with the same client identifier do not get each other’s session', async () => {
    const gate = new Gate();
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('authenticate', ({ userName }) => allow({ identity: userName ?? '' }));
          // Between authentication and session.
          context.hook('authorizePublish', async ({ client }) => {
            if (client.identity === 'alice') await gate.wait();
            return allow();
          });
        }),
      ],
    });
    const alice = world.client(5);
    alice.send(
      connectPacket(5, { clientId: 'c', userName: 'alice', will: aWill('w'), ...durable }),
    );
    await world.settle();
    const bob = await world.connect('c', { userName: 'bob', ...durable });
    await bob.subscribe('secret');
    gate.open();
    expect((await alice.receive('connack')).reasonCode).toBe(0x87);
    expect(bob.closed).toBe(false);
  });

  test('a hook that misses its deadline, throws or rejects refuses', async () => {
    const failures: (() => unknown)[] = [
      () => new Promise(() => {}),
      () => {
        throw new Error('thrown');
      },
      () => Promise.reject(new Error('rejected')),
    ];
    for (const failure of failures) {
      const world = await startTestBroker({
        plugins: [aPlugin((context) => context.hook('authenticate', failure as never))],
      });
      const client = world.client(5);
      client.send(connectPacket(5, { clientId: 'c' }));
      await world.advance(5_000);
      expect((await client.receive('connack')).reasonCode).toBeGreaterThanOrEqual(0x80);
      expect(client.closed).toBe(true);
      expect(world.errors).toHaveLength(1);
    }
  });
});

describe('publish', () => {
  test('rewrites what is routed, retained and authorized', async () => {
    const asked: string[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('publish', ({ message }) => ({
            topic: `tenant/${message.topic}`,
            payload: `${text(message.payload)}!`,
            properties: { contentType: 'x' },
          }));
          context.hook('authorizePublish', ({ message }) => {
            asked.push(message.topic);
            return allow();
          });
        }),
      ],
    });
    const client = await world.connect('c');
    await client.subscribe('#');
    await client.publish('a', 'x', { qos: 2, retain: true });
    const expected = { topic: 'tenant/a', payload: 'x!', properties: { contentType: 'x' } };
    expect(await client.messages()).toMatchObject([{ ...expected, qos: 2 }]);
    const reader = await world.connect('r');
    await reader.subscribe('#');
    expect(await reader.messages()).toMatchObject([expected]);
    expect(asked).toEqual(['tenant/a']);
  });

  test('a topic that a hook made is not free for clients', async () => {
    const plugin: Plugin = aPlugin((context) =>
      context.hook('publish', ({ message }) =>
        message.topic === 'a' ? { topic: '$SYS/made' } : undefined,
      ),
    );
    const world = await startTestBroker({ plugins: [plugin] });
    const client = await world.connect('c');
    await client.subscribe('$SYS/#');
    expect(await client.publish('a', '1', { qos: 1 })).toBe(0);
    expect(await client.publish('$SYS/made', '2', { qos: 1 })).toBe(0x90);
    expect(await client.payloads()).toEqual(['1']);
  });

  test.each([
    [5, 1, 0x99],
    [5, 2, 0x99],
    [4, 1, 0],
    [4, 2, 0],
  ] as const)('a drop answers version %i at QoS %i', async (version, qos, code) => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('publish', async () => drop(0x99)))],
    });
    const reader = await world.connect('r');
    await reader.subscribe('#');
    const client = await world.connect('c', { version });
    expect(await client.publish('a', 'x', { qos, retain: true })).toBe(code);
    expect(await reader.payloads()).toEqual([]);
    expect(world.dropped('hook')).toBe(1);
    expect(client.closed).toBe(false);
  });

  test('a drop with success hides that it went no further', async () => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('publish', () => drop(0)))],
    });
    const client = await world.connect('c');
    expect(await client.publish('a', 'x', { qos: 1 })).toBe(0);
    expect(await client.publish('a', 'x', { qos: 2 })).toBe(0);
  });

  test('what came before the end of a stream counts, also the DISCONNECT behind it', async () => {
    const gate = new Gate();
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('publish', gate.wait))],
    });
    const reader = await world.connect('r');
    await reader.subscribe('#');
    const client = await world.connect('c', { will: aWill('will') });
    client.send(publishPacket('a', 'x'), disconnectPacket());
    await client.drop();
    gate.open();
    expect(await reader.payloads()).toEqual(['x']);
    expect(world.broker.stats).toMatchObject({ clients: 1, connections: 1 });
  });
});

test('hooks of one kind run in order of priority, then of registration', async () => {
  const order: string[] = [];
  const named = (name: string, priority?: number): Plugin =>
    aPlugin(
      (context) =>
        context.hook(
          'publish',
          async ({ message }) => {
            order.push(name);
            return { payload: `${text(message.payload)}${name}` };
          },
          priority === undefined ? {} : { priority },
        ),
      name,
    );
  const world = await startTestBroker({ plugins: [named('b'), named('c'), named('a', 10)] });
  const client = await world.connect('c');
  await client.subscribe('x');
  await client.publish('x', '-');
  expect(await client.payloads()).toEqual(['-abc']);
  expect(order).toEqual(['a', 'b', 'c']);
});

describe('authorizePublish', () => {
  test('denies by code, per version, and asks in the order of the messages', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('authorizePublish', async ({ message }) =>
            message.topic.startsWith('no') ? deny(0x97) : allow(),
          ),
        ),
      ],
    });
    const client = await world.connect('c');
    const old = await world.connect('o', { version: 4 });
    expect(await client.publish('no', 'x', { qos: 1 })).toBe(0x97);
    expect(await client.publish('no', 'x', { qos: 2 })).toBe(0x97);
    expect(await client.publish('yes', 'x', { qos: 2 })).toBe(0x10);
    expect(await old.publish('no', 'x', { qos: 2 })).toBe(0);
    expect(world.dropped('not-authorized')).toBe(3);
  });
});

describe('subscribe and authorizeSubscribe', () => {
  test('a rewritten filter is matched, and known to the client by its own', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('subscribe', async ({ subscriptions }) =>
            subscriptions.map((one) => ({ ...one, filter: `tenant/${one.filter}` })),
          ),
        ),
      ],
    });
    await world.publish('tenant/a', 'kept', { retain: true });
    const client = await world.connect('c', durable);
    await client.subscribe('a', { retainHandling: 1 });
    await world.publish('tenant/a', 'x');
    await world.publish('a', 'y');
    expect(await client.payloads()).toEqual(['kept', 'x']);
    await client.subscribe('a', { retainHandling: 1 });
    expect(await client.payloads()).toEqual([]);
    await world.restart();
    const back = await world.connect('c', durable);
    await world.publish('tenant/a', 'z');
    expect(await back.payloads()).toEqual(['z']);
    expect((await back.unsubscribe('tenant/a')).reasonCodes).toEqual([0x11]);
    expect((await back.unsubscribe('a')).reasonCodes).toEqual([0]);
    await world.publish('tenant/a', 'z');
    expect(await back.payloads()).toEqual([]);
  });

  test.each([
    [5, [0x87, 1, 0x97, 0]],
    [4, [0x80, 1, 0x80, 0]],
    [3, [2, 1, 2, 0]],
  ] as const)('each filter of version %i is decided for itself', async (version, codes) => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('authorizeSubscribe', async ({ subscription: { filter } }) => {
            if (filter === 'no') return deny();
            if (filter === 'full') return deny(0x97);
            return allow(filter === 'low' ? { maximumQos: 1 } : {});
          }),
        ),
      ],
    });
    const client = await world.connect('c', { version });
    const requests = ['no', 'low', 'full'].map((filter) => subscription(filter));
    const suback = await client.subscribe([...requests, subscription('zero', { qos: 0 })]);
    expect(suback.reasonCodes).toEqual(codes);
    expect(world.broker.stats.subscriptions).toBe(2);
  });

  test('a drop refuses all of them', async () => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('subscribe', () => drop(0x83)))],
    });
    const client = await world.connect('c');
    const suback = await client.subscribe([subscription('a'), subscription('b')]);
    expect(suback.reasonCodes).toEqual([0x83, 0x83]);
  });
});

describe('authorizeDeliver and deliver', () => {
  test('see every kind of delivery, and keep one from a single receiver', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('authorizeDeliver', ({ client, message }) =>
            client.clientId === 'c' && message.topic === 'secret' ? deny() : allow(),
          );
          context.hook('deliver', ({ client, message }) =>
            message.topic === 'odd'
              ? drop()
              : { payload: `${text(message.payload)} for ${client.clientId}` },
          );
        }),
      ],
    });
    await world.publish('secret', 'kept', { retain: true });
    await world.publish('open', 'kept', { retain: true });
    const client = await world.connect('c', durable);
    const other = await world.connect('o');
    for (const reader of [client, other]) await reader.subscribe('#');
    expect(await client.payloads()).toEqual(['kept for c']);
    expect(await other.payloads()).toEqual(['kept for o', 'kept for o']);
    await client.drop();
    for (const qos of [1, 2] as const) {
      for (const topic of ['secret', 'odd', 'open']) await world.publish(topic, `${qos}`, { qos });
    }
    const back = await world.connect('c', durable);
    await world.publish('secret', 'zero');
    expect(await back.payloads()).toEqual(['1 for c', '2 for c']);
    expect(await other.payloads()).toEqual([
      '1 for o',
      '1 for o',
      '2 for o',
      '2 for o',
      'zero for o',
    ]);
    // They took no place in flight, and do not come again.
    await back.drop();
    expect(await (await world.connect('c', durable)).payloads()).toEqual([]);
    expect(world.dropped('not-authorized')).toBe(4);
  });

  test.each([true, false])(
    'may end the connection of the receiver, durable: %s',
    async (isDurable) => {
      const kicked: string[] = [];
      const world = await startTestBroker({
        plugins: [
          aPlugin((context) =>
            context.hook('deliver', ({ message }) => {
              if (kicked.length > 0 || text(message.payload) !== '2') return undefined;
              kicked.push('c');
              context.broker.disconnect('c');
              return undefined;
            }),
          ),
        ],
      });
      const client = await world.connect('c', isDurable ? durable : {});
      await client.subscribe('a');
      for (const payload of ['1', '2', '3']) await world.publish('a', payload, { qos: 1 });
      expect(client.disconnectCode).toBe(0x98);
      const back = await world.connect('c', isDurable ? durable : {});
      if (!isDurable) await back.subscribe('a');
      await world.publish('a', '4', { qos: 2 });
      expect(await back.payloads()).toEqual(isDurable ? ['2', '3', '4'] : ['4']);
      expect(world.errors).toEqual([]);
    },
  );

  test('a client that is ended when something is dropped keeps its queue in order', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('dropped', ({ clientId }) => {
            if (clientId !== undefined) context.broker.disconnect(clientId);
          }),
        ),
      ],
    });
    const client = await world.connect('c', {
      cleanStart: false,
      properties: { sessionExpiryInterval: 1_000, maximumPacketSize: 50 },
    });
    await client.subscribe('a');
    for (const payload of ['1', 'x'.repeat(100), '2', '3']) {
      await world.publish('a', payload, { qos: 1 });
    }
    expect(await client.payloads()).toEqual(['1']);
    const back = await world.connect('c', durable);
    expect(await back.payloads()).toEqual(['2', '3']);
    expect(world.errors).toEqual([]);
  });
});

test('observers are told of everything, in order, and harm nothing when they throw', async () => {
  const seen: string[] = [];
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) => {
        context.hook('connected', ({ client, sessionPresent }) => {
          seen.push(`connected ${client.clientId} ${sessionPresent}`);
          throw new Error('connected');
        });
        context.hook(
          'subscribed',
          ({ subscription: { filter } }) => void seen.push(`subscribed ${filter}`),
        );
        context.hook('unsubscribed', ({ filter }) => void seen.push(`unsubscribed ${filter}`));
        context.hook(
          'published',
          ({ client, message, receivers }) =>
            void seen.push(`published ${client?.clientId} ${message.topic} ${receivers}`),
        );
        context.hook(
          'dropped',
          ({ clientId, reason }) => void seen.push(`dropped ${clientId} ${reason}`),
        );
        context.hook(
          'disconnected',
          ({ client, by, reasonCode }) =>
            void seen.push(`disconnected ${client.clientId} ${by} ${reasonCode}`),
        );
      }),
    ],
  });
  const client = await world.connect('c', { properties: { maximumPacketSize: 30 } });
  await client.subscribe('a');
  await client.publish('a', 'x', { qos: 1 });
  await client.publish('a', 'x'.repeat(50));
  await world.publish('b', 'x');
  await client.unsubscribe('a', 'nothing');
  await client.disconnect(0x04);
  const other = await world.connect('d', durable);
  world.broker.disconnect('d');
  await world.settle();
  await other.drop();
  const third = await world.connect('d', durable);
  await third.drop(new Error('reset'));
  expect(seen).toEqual([
    'connected c false',
    'subscribed a',
    'published c a 1',
    'dropped c packet-too-large',
    'published c a 0',
    'published undefined b 0',
    'unsubscribed a',
    'disconnected c client 4',
    'connected d false',
    'disconnected d broker 152',
    'connected d true',
    'disconnected d network 0',
  ]);
  expect(world.errors).toHaveLength(3);
});

test('published is told when it is durable', async () => {
  const seen: string[] = [];
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) =>
        context.hook('published', ({ message }) => void seen.push(text(message.payload))),
      ),
    ],
  });
  await (await world.connect('k', durable)).subscribe('a');
  const client = await world.connect('c');
  world.persistence.hold();
  client.send(publishPacket('a', 'x', { qos: 1, packetId: 1 }));
  await world.settle();
  expect(seen).toEqual([]);
  world.persistence.release();
  await world.settle();
  expect(seen).toEqual(['x']);
});
