import { MemoryPersistence } from '@sluice/persistence-memory';
import { describe, expect, test } from 'vitest';
import { acknowledgement } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { startTestBroker, type TestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);

async function anAbsentReader(world: TestBroker): Promise<void> {
  const client = await world.connect('c', durable);
  await client.subscribe('a');
  await client.drop();
}

async function fill(world: TestBroker, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index++) {
    void world.broker.publish({ topic: 'a', payload: `${index}`, qos: index % 2 === 0 ? 1 : 2 });
  }
  await world.settle();
}

class ReadLimits extends MemoryPersistence {
  readonly limits: number[] = [];

  override readQueue(...[session, after, limit]: Parameters<MemoryPersistence['readQueue']>) {
    this.limits.push(limit);
    return super.readQueue(session, after, limit);
  }
}

test('who returns gets a few messages first, and later ones a window at a time', async () => {
  const persistence = new ReadLimits();
  const store = { persistence: () => persistence };
  const world = await startTestBroker({ store, limits: { windowMessages: 100 } });
  await anAbsentReader(world);
  await fill(world, 0, 400);
  for (let returns = 0; returns < 2; returns++) {
    const client = await world.connect('c', { ...durable, acknowledges: returns > 0 });
    await world.settle();
    expect(persistence.limits.splice(0)).toEqual(
      returns === 0 ? [16, 64, 100] : [16, 64, 100, 100, 100, 100],
    );
    await client.drop();
  }
});

describe('limits', () => {
  test.each([true, false])(
    'too many messages are dropped and counted, durable: %s',
    async (isDurable) => {
      const world = await startTestBroker({ limits: { maxQueuedMessages: 5 } });
      const client = await world.connect('c', {
        cleanStart: false,
        acknowledges: false,
        properties: { receiveMaximum: 2, sessionExpiryInterval: isDurable ? 100 : 0 },
      });
      await client.subscribe('a', { qos: 1 });
      await fill(world, 0, 10);
      // Two are in flight, five wait.
      expect(world.dropped('queue-full')).toBe(3);
      let sent = await client.messages();
      const seen = sent.map(({ payload }) => payload);
      while (sent.length > 0) {
        for (const { packetId } of sent) client.send(acknowledgement('puback', packetId));
        sent = await client.messages();
        seen.push(...sent.map(({ payload }) => payload));
      }
      expect(seen).toEqual(numbers(7));
      await fill(world, 7, 9);
      expect(await client.payloads()).toEqual(['7', '8']);
    },
  );

  test.each([
    [true, 'payload', 'x'.repeat(299), {}],
    [false, 'payload', 'x'.repeat(299), {}],
    [true, 'properties', '', { correlationData: Buffer.alloc(299) }],
    [
      false,
      'properties',
      '',
      { contentType: 'x'.repeat(200), userProperties: [['n', 'v'.repeat(98)]] },
    ],
  ] as const)(
    'too many bytes are, too, durable: %s, %s',
    async (isDurable, _, payload, properties) => {
      const world = await startTestBroker({ limits: { maxQueuedBytes: 1_024 } });
      const client = await world.connect('c', {
        cleanStart: false,
        properties: { receiveMaximum: 1, sessionExpiryInterval: isDurable ? 100 : 0 },
      });
      await client.subscribe('a', { qos: 1 });
      client.acknowledges = false;
      const publish = () => world.publish('a', payload, { qos: 1, properties });
      for (let index = 0; index < 6; index++) await publish();
      const before = world.dropped('queue-full');
      expect(before).toBeGreaterThanOrEqual(2);
      const [first] = await client.messages();
      client.acknowledges = true;
      client.send(acknowledgement('puback', first?.packetId ?? 0));
      expect(await client.payloads()).toHaveLength(5 - before);
      // All that left gave its room back.
      for (let index = 0; index < 20; index++) await publish();
      expect(world.dropped('queue-full')).toBe(before);
      expect(await client.payloads()).toHaveLength(20);
    },
  );

  test('a queue that was emptied after a restart has its room again', async () => {
    const world = await startTestBroker({ limits: { maxQueuedMessages: 3 } });
    await anAbsentReader(world);
    await fill(world, 0, 5);
    expect(world.dropped('queue-full')).toBe(2);
    await world.restart();
    await fill(world, 5, 6);
    expect(world.dropped('queue-full')).toBe(1);
    const client = await world.connect('c', durable);
    expect(await client.payloads()).toEqual(['0', '1', '2']);
    await client.drop();
    await fill(world, 10, 14);
    expect(world.dropped('queue-full')).toBe(2);
    expect(await (await world.connect('c', durable)).payloads()).toEqual(['10', '11', '12']);
  });
});

describe.each(stores)('a queue longer than its window in a %s store', (_, makeStore) => {
  const limits = { windowMessages: 8, maxInflightMessages: 20 };

  test('is drained in order, while more arrives', async () => {
    const world = await startTestBroker({ store: makeStore(), limits });
    await anAbsentReader(world);
    await fill(world, 0, 100);
    const client = world.client(5);
    const connected = client.connect({ clientId: 'c', ...durable });
    for (let index = 100; index < 200; index++) {
      void world.broker.publish({ topic: 'a', payload: `${index}`, qos: index % 2 === 0 ? 1 : 2 });
      if (index % 10 === 0) world.environment.runTurn();
    }
    await connected;
    await fill(world, 200, 210);
    expect(await client.payloads()).toEqual(numbers(210));
    // Every one is done with.
    await client.drop();
    expect(await (await world.connect('c', durable)).payloads()).toEqual([]);
  });

  test('is drained as the client acknowledges, over many connections and brokers', async () => {
    const world = await startTestBroker({ store: makeStore(), limits });
    await anAbsentReader(world);
    await fill(world, 0, 60);
    const seen: string[] = [];
    for (let round = 0; round < 12; round++) {
      const client = await world.connect('c', {
        cleanStart: false,
        acknowledges: false,
        properties: { sessionExpiryInterval: 1_000, receiveMaximum: 7 },
      });
      const messages = await client.messages();
      // The first five are finished, the others come again.
      for (const { payload, packetId, qos } of messages.slice(0, 5)) {
        seen.push(payload);
        client.send(acknowledgement(qos === 1 ? 'puback' : 'pubrec', packetId));
        await world.settle();
        if (qos === 2) client.send(acknowledgement('pubcomp', packetId));
      }
      await world.settle();
      if (round % 4 === 3) await world.crash();
      else await client.drop();
    }
    expect(seen).toEqual(numbers(60));
    expect(await (await world.connect('c', durable)).payloads()).toEqual([]);
  });

  test('behind a client that is too slow stays in the store, and in order', async () => {
    const world = await startTestBroker({ store: makeStore(), limits });
    const client = await world.connect('c', {
      cleanStart: false,
      acknowledges: false,
      properties: { sessionExpiryInterval: 1_000, receiveMaximum: 3 },
    });
    await client.subscribe('a');
    const seen: string[] = [];
    let next = 0;
    for (let round = 0; seen.length < 100; round++) {
      if (next < 100) {
        await fill(world, next, next + 10);
        next += 10;
      }
      for (const { payload, packetId, qos } of await client.messages()) {
        seen.push(payload);
        client.send(acknowledgement(qos === 1 ? 'puback' : 'pubrec', packetId));
        if (qos === 2) client.send(acknowledgement('pubcomp', packetId));
      }
      await world.settle();
      if (round > 200) break;
    }
    expect(seen).toEqual(numbers(100));
  });
});

test('a queue that cannot be read ends the connection, and is reported', async () => {
  const world = await startTestBroker();
  await anAbsentReader(world);
  await fill(world, 0, 3);
  world.persistence.readFailure = new Error('the disk is broken');
  const client = await world.connect('c', durable);
  await world.settle();
  expect(client.disconnectCode).toBe(0x80);
  expect(world.errors).toEqual([world.persistence.readFailure]);
  world.persistence.readFailure = undefined;
  expect(await (await world.connect('c', durable)).payloads()).toEqual(numbers(3));
});

test('a message is stored once, however many queues it is in', async () => {
  const world = await startTestBroker();
  for (const clientId of ['c', 'd', 'e']) {
    const client = await world.connect(clientId, durable);
    await client.subscribe('a');
    await client.drop();
  }
  const before = world.persistence.commits.length;
  await world.publish('a', 'x', { qos: 1 });
  const operations = world.persistence.commits.slice(before).flat();
  expect(operations.map(({ type }) => type)).toEqual(['store', 'enqueueMany']);
  expect(operations[1]).toMatchObject({ sessions: { length: 3 }, sequences: [0, 0, 0] });
});

test('sessions that are away are named together as far as they get the same in one go', async () => {
  const world = await startTestBroker();
  const here = await world.connect('here', { ...durable, acknowledges: false });
  const subscribers = [
    ['a', { qos: 1 }],
    ['b', { qos: 1 }],
    ['c', { qos: 2 }],
    ['here', { qos: 1 }],
    ['d', { qos: 2 }],
    ['e', { qos: 2, identifier: 7 }],
    ['f', { qos: 2, identifier: 7 }],
  ] as const;
  for (const [clientId, fields] of subscribers) {
    const client = clientId === 'here' ? here : await world.connect(clientId, durable);
    await client.subscribe('news', fields);
    if (client !== here) await client.drop();
  }
  const before = world.persistence.commits.length;
  await world.publish('news', 'x', { qos: 2 });
  await world.publish('news', 'y', { qos: 2 });
  const operations = world.persistence.commits.slice(before).flat();
  const sizes = operations.flatMap((one) =>
    one.type === 'enqueueMany' ? [one.sessions.length] : one.type === 'enqueue' ? [0] : [],
  );
  expect(sizes).toEqual([2, 1, 0, 1, 2, 2, 1, 0, 1, 2]);
  for (const [clientId] of subscribers) {
    if (clientId === 'here') continue;
    expect(await (await world.connect(clientId, durable)).payloads()).toEqual(['x', 'y']);
  }
});

test('nothing is written for receivers without a tomorrow', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c');
  await client.subscribe('a');
  const publisher = await world.connect('p');
  for (const qos of [0, 1, 2] as const) await publisher.publish('a', 'x', { qos });
  expect(await client.payloads()).toHaveLength(3);
  expect(world.persistence.commits).toEqual([]);
});

test('what a store lost of a queue takes no room in it when the rest was read', async () => {
  const persistence = new MemoryPersistence();
  const world = await startTestBroker({
    limits: { maxQueuedBytes: 2_000 },
    store: { persistence: () => persistence },
  });
  await anAbsentReader(world);
  await world.publish('a', 'x'.repeat(1_500), { qos: 1 });
  await persistence.commit([{ type: 'dequeue', session: 1, sequence: 0, message: 0 }]);
  const back = await world.connect('c', durable);
  expect(await back.messages()).toEqual([]);
  await back.drop();
  await world.publish('a', 'y'.repeat(1_500), { qos: 1 });
  expect(world.dropped('queue-full')).toBe(0);
  expect(await (await world.connect('c', durable)).messages()).toHaveLength(1);
});
