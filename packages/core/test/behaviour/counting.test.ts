import { ReasonCode } from '@sluice/packet';
import { ConnectionEnd, deny } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { connectionEndOf } from '../../src/connection/connection-end.ts';
import { acknowledgement, pingreq, publishPacket } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import {
  aPlugin,
  startTestBroker,
  type TestBroker,
  type TestBrokerOptions,
} from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

interface Case {
  readonly options?: TestBrokerOptions;
  run(world: TestBroker): Promise<unknown>;
}

const failing = aPlugin(({ hook }) => {
  hook('authenticate', () => {
    throw new Error('no directory');
  });
});

/** How the connection of a client ends, for every reason. */
const closings: { readonly [Reason in ConnectionEnd]: Case } = {
  client: { run: async (world) => (await world.connect('c')).disconnect() },
  network: { run: async (world) => (await world.connect('c')).drop() },
  'keep-alive': {
    run: async (world) => {
      await world.connect('c', { keepAlive: 1 });
      await world.advance(1_501);
    },
  },
  'time-over': {
    options: {
      plugins: [
        aPlugin(({ hook }) =>
          hook('authenticate', () => ({
            allowed: true,
            grant: { expiresAt: Date.UTC(2026, 0, 1) + 1_000 },
          })),
        ),
      ],
    },
    run: async (world) => {
      await world.connect('c');
      await world.advance(1_001);
    },
  },
  'taken-over': {
    run: async (world) => {
      await world.connect('c', durable);
      await world.connect('c', durable);
    },
  },
  'not-authorized': {
    run: async (world) => {
      await world.connect('c');
      world.broker.disconnect('c', { reasonCode: ReasonCode.notAuthorized });
    },
  },
  limit: {
    options: { limits: { maxPacketBytes: 128 } },
    run: async (world) => {
      const client = await world.connect('c');
      await client.publish('a', 'x'.repeat(200));
    },
  },
  protocol: {
    run: async (world) => {
      const client = await world.connect('c');
      client.send(publishPacket('', 'x'));
    },
  },
  administrative: {
    run: async (world) => {
      await world.connect('c');
      world.broker.disconnect('c');
    },
  },
  closing: {
    run: async (world) => {
      await world.connect('c');
      const closing = world.broker.close();
      await world.settle();
      await closing;
    },
  },
  failure: {
    run: async (world) => {
      await world.connect('c');
      world.broker.disconnect('c', { reasonCode: ReasonCode.unspecifiedError });
    },
  },
};

/** How a connection ends that never became a client, where it can. */
const refusals: { readonly [Reason in ConnectionEnd]?: Case } = {
  network: { run: (world) => world.client().drop() },
  'time-over': {
    options: { limits: { connectTimeoutMs: 1_000 } },
    run: async (world) => {
      world.client();
      await world.advance(1_001);
    },
  },
  'not-authorized': {
    options: { plugins: [aPlugin(({ hook }) => hook('authenticate', () => deny()))] },
    run: (world) => world.client().connect({ clientId: 'c' }),
  },
  limit: {
    options: { limits: { maxConnections: 1 } },
    run: async (world) => {
      await world.connect('one');
      world.client();
    },
  },
  protocol: {
    run: async (world) => {
      const client = world.client();
      client.send(pingreq);
    },
  },
  failure: {
    options: { plugins: [failing] },
    run: (world) => world.client().connect({ clientId: 'c' }),
  },
};

const notZero = (counts: ReadonlyMap<string, number>) =>
  Object.fromEntries([...counts].filter(([, count]) => count > 0));

describe('the end of a connection', () => {
  test.each(Object.entries(closings))('of a client counts as %s', async (reason, one) => {
    const world = await startTestBroker(one.options ?? {});
    await one.run(world);
    await world.settle();
    const { closed, refusedTotal, clients, clientsTotal } = world.broker.stats;
    expect(notZero(closed)).toEqual({ [reason]: 1 });
    expect(refusedTotal).toBe(0);
    expect(clientsTotal - clients).toBe(1);
  });

  test.each(Object.entries(refusals))('of no client counts as %s', async (reason, one) => {
    const world = await startTestBroker(one.options ?? {});
    await one.run(world);
    await world.settle();
    const { closed, refused, refusedTotal } = world.broker.stats;
    expect(notZero(refused)).toEqual({ [reason]: 1 });
    expect(refusedTotal).toBe(1);
    expect(notZero(closed)).toEqual({});
  });

  test('after the broker began to close counts as closing', async () => {
    const world = await startTestBroker();
    const closing = world.broker.close();
    world.client();
    await world.settle();
    await closing;
    expect(notZero(world.broker.stats.refused)).toEqual({ closing: 1 });
  });

  test('has a reason of the list for every reason code', () => {
    const known = new Set<string>(Object.values(ConnectionEnd));
    for (const code of Object.values(ReasonCode)) {
      expect(known.has(connectionEndOf('broker', code))).toBe(true);
    }
  });
});

test('the most clients at one time are remembered', async () => {
  const world = await startTestBroker();
  const [one] = [await world.connect('a'), await world.connect('b')];
  await one.disconnect();
  await world.connect('c');
  expect(world.broker.stats).toMatchObject({ clients: 2, clientsMaximum: 2, clientsTotal: 3 });
});

test('a session whose time is over counts as expired', async () => {
  const world = await startTestBroker();
  for (const id of ['a', 'b']) await (await world.connect(id, durable)).drop();
  await world.connect('b', { cleanStart: true });
  await world.advance(1_000_001);
  expect(world.broker.stats.sessionsExpired).toBe(1);
});

test('packets of every kind are counted in both directions', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c');
  await client.subscribe('a', { qos: 2 });
  client.send(pingreq);
  await client.publish('a', 'x', { qos: 2 });
  await world.settle();
  // CONNECT, SUBSCRIBE, PINGREQ, PUBLISH, PUBREL, and PUBREC and PUBCOMP for what came back.
  expect(world.broker.stats.packetsReceived).toBe(7);
  expect(world.broker.stats.packetsSent).toBe(client.received().length);
});

describe('what a session tells of its traffic', () => {
  test('is the sum of its connections', async () => {
    const world = await startTestBroker();
    for (let round = 1; round <= 3; round++) {
      const client = await world.connect('c', durable);
      await client.subscribe('a');
      await client.publish('a', 'x', { qos: 1 });
      expect(world.broker.sessions.get('c')?.traffic).toMatchObject({
        messagesReceived: round,
        messagesSent: round,
      });
      // The last one is taken over.
      if (round < 3) await client.disconnect();
    }
    await world.connect('c', durable);
    const { bytesReceived, bytesSent } = world.broker.stats;
    expect(world.broker.sessions.get('c')?.traffic).toMatchObject({
      messagesReceived: 3,
      messagesSent: 3,
      bytesReceived,
      bytesSent,
    });
  });

  test('is nothing where nobody was since the start', async () => {
    const world = await startTestBroker();
    await (await world.connect('c', durable)).drop();
    await world.restart();
    expect(world.broker.sessions.get('c')?.traffic).toEqual({
      messagesReceived: 0,
      messagesSent: 0,
      bytesReceived: 0,
      bytesSent: 0,
      dropped: new Map(),
      droppedOwn: new Map(),
    });
  });
});

describe.each(stores)('queued and in flight over %s', (_, make) => {
  test('are those of all sessions together', async () => {
    const world = await startTestBroker({ store: make(), limits: { maxInflightMessages: 2 } });
    const gauges = () => {
      const { queuedMessages, inflightMessages } = world.broker.stats;
      return [queuedMessages, inflightMessages];
    };
    const [one, two] = [
      await world.connect('one', { ...durable, acknowledges: false }),
      await world.connect('two', { acknowledges: false }),
    ];
    for (const client of [one, two]) await client.subscribe('a');
    for (const payload of ['1', '2', '3']) await world.publish('a', payload, { qos: 1 });
    expect(gauges()).toEqual([6, 4]);
    const [first] = await one.messages();
    one.send(acknowledgement('puback', first?.packetId ?? 0));
    await world.settle();
    expect(gauges()).toEqual([5, 4]);
    await one.drop();
    expect(gauges()).toEqual([5, 2]);
    await two.drop();
    expect(gauges()).toEqual([2, 0]);
    await world.restart();
    expect(gauges()).toEqual([2, 0]);
    await world.connect('one', durable);
    await world.settle();
    expect(gauges()).toEqual([0, 0]);
  });
});
