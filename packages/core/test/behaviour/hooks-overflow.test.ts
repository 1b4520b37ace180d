import { MemoryPersistence } from '@sluice/persistence-memory';
import { OverflowAction, type OverflowEvent, type Persistence, type Plugin } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { Gate } from '../support/gate.ts';
import { acknowledgement, aWill, text } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${from + index}`);

function answering(
  action: OverflowAction | ((event: OverflowEvent) => OverflowAction | undefined),
): Plugin {
  return aPlugin((context) =>
    context.hook('overflow', (event) => (typeof action === 'string' ? action : action(event))),
  );
}

/** Remembers what is dropped. */
function watching(seen: unknown[]): Plugin {
  return aPlugin(
    (context) =>
      context.hook('dropped', ({ clientId, message, reason }) =>
        seen.push([clientId, text(message.payload), reason]),
      ),
    'watch',
  );
}

async function anAbsentReader(world: TestBroker): Promise<void> {
  const client = await world.connect('c', durable);
  await client.subscribe('#');
  await client.drop();
}

async function fill(world: TestBroker, payloads: readonly string[], topic = 'a'): Promise<void> {
  for (const payload of payloads) {
    const qos = payload.length % 2 === 0 ? 2 : 1;
    void world.broker.publish({ topic, payload, qos });
  }
  await world.settle();
}

function queued(world: TestBroker): number | undefined {
  return world.broker.sessions.get('c')?.queuedMessages;
}

/** What the client gets when it comes back, and again what it gets then: nothing may be left. */
async function drain(world: TestBroker): Promise<string[]> {
  const client = await world.connect('c', durable);
  const payloads = await client.payloads();
  expect(queued(world)).toBe(0);
  await client.drop();
  await world.restart();
  const again = await world.connect('c', durable);
  expect(await again.payloads()).toEqual([]);
  await again.drop();
  return payloads;
}

describe('overflow', () => {
  test('is asked when a bound is reached, and by default the new message is dropped', async () => {
    const asked: unknown[] = [];
    const world = await startTestBroker({
      limits: { maxQueuedMessages: 2, maxQueuedBytes: 1_024 },
      plugins: [
        answering(({ client, message, queuedMessages, queuedBytes }) => {
          asked.push([client.clientId, message.topic, queuedMessages, queuedBytes]);
          return undefined;
        }),
      ],
    });
    await anAbsentReader(world);
    await fill(world, ['1', '2', '3']);
    expect(asked).toEqual([['c', 'a', 2, 4]]);
    expect(world.dropped('queue-full')).toBe(1);
    expect(await drain(world)).toEqual(['1', '2']);
    await fill(world, ['x'.repeat(1_023), 'y']);
    expect(asked.slice(1)).toEqual([['c', 'a', 1, 1_024]]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['answers rubbish', () => 'drop-all' as never],
  ])('a hook that %s drops the new message', async (_, hook) => {
    const world = await startTestBroker({
      limits: { maxQueuedMessages: 1 },
      plugins: [answering(hook)],
    });
    await anAbsentReader(world);
    await fill(world, ['1', '2']);
    expect(await drain(world)).toEqual(['1']);
    expect(world.dropped('queue-full')).toBe(0);
  });

  test('limited tells of it, with the bound', async () => {
    const seen: unknown[] = [];
    const world = await startTestBroker({
      limits: { maxQueuedMessages: 2, maxQueuedBytes: 1_024 },
      plugins: [aPlugin((context) => context.hook('limited', (event) => void seen.push(event)))],
    });
    await anAbsentReader(world);
    await fill(world, ['x'.repeat(1_024), '1', '2', '3']);
    expect(seen).toEqual([
      { limit: 'maxQueuedBytes', action: 'dropped', connection: undefined, clientId: 'c' },
      { limit: 'maxQueuedMessages', action: 'dropped', connection: undefined, clientId: 'c' },
    ]);
  });
});

describe('drop-oldest', () => {
  test.each([true, false])('keeps what is in flight, durable: %s', async (isDurable) => {
    const seen: unknown[] = [];
    const world = await startTestBroker({
      limits: { maxQueuedMessages: 3 },
      plugins: [answering(OverflowAction.dropOldest), watching(seen)],
    });
    const client = await world.connect('c', {
      cleanStart: false,
      acknowledges: false,
      properties: { receiveMaximum: 2, sessionExpiryInterval: isDurable ? 1_000 : 0 },
    });
    await client.subscribe('#', { qos: 1 });
    await fill(world, numbers(0, 9));
    expect(seen).toEqual(numbers(2, 6).map((payload) => ['c', payload, 'queue-full']));
    expect(queued(world)).toBe(5);
    const payloads: string[] = [];
    for (let sent = await client.messages(); sent.length > 0; sent = await client.messages()) {
      for (const { packetId, payload } of sent) {
        payloads.push(payload);
        client.send(acknowledgement('puback', packetId));
      }
    }
    expect(payloads).toEqual(['0', '1', '6', '7', '8']);
    expect(queued(world)).toBe(0);
  });

  test('drops as many as a large message needs, but none where that does not help', async () => {
    const world = await startTestBroker({
      limits: { maxQueuedBytes: 1_024 },
      plugins: [answering(OverflowAction.dropOldest)],
    });
    const client = await world.connect('c', {
      acknowledges: false,
      properties: { receiveMaximum: 1 },
    });
    await client.subscribe('#', { qos: 1 });
    await fill(world, ['first', ...numbers(10, 20).map((payload) => payload.padEnd(99, '.'))]);
    expect(queued(world)).toBe(11);
    await fill(world, ['x'.repeat(2_000)]);
    expect(queued(world)).toBe(11);
    expect(world.dropped('queue-full')).toBe(1);
    await fill(world, ['x'.repeat(319)]);
    expect(world.dropped('queue-full')).toBe(4);
    expect(queued(world)).toBe(9);
  });

  describe.each(stores)('of an absent session in a %s store', (_, makeStore) => {
    test('reads the queue for it, and loses no count', async () => {
      const seen: unknown[] = [];
      const world = await startTestBroker({
        store: makeStore(),
        limits: { maxQueuedMessages: 20, windowMessages: 8 },
        plugins: [answering(OverflowAction.dropOldest), watching(seen)],
      });
      await anAbsentReader(world);
      for (let from = 0; from < 60; from += 5) {
        await fill(world, numbers(from, from + 5));
        expect(queued(world)).toBe(Math.min(20, from + 5));
      }
      expect(seen).toEqual(numbers(0, 40).map((payload) => ['c', payload, 'queue-full']));
      expect(await drain(world)).toEqual(numbers(40, 60));
    });

    test('also of what was queued before a restart, but not of what may have been sent', async () => {
      const world = await startTestBroker({
        store: makeStore(),
        limits: { maxQueuedMessages: 5 },
        plugins: [answering(OverflowAction.dropOldest)],
      });
      const client = await world.connect('c', {
        cleanStart: false,
        acknowledges: false,
        properties: { sessionExpiryInterval: 1_000, receiveMaximum: 2 },
      });
      await client.subscribe('#', { qos: 2 });
      await fill(world, numbers(10, 15));
      expect(await client.payloads()).toEqual(['10', '11']);
      await client.drop();
      await world.restart();
      await fill(world, numbers(20, 22));
      expect(queued(world)).toBe(5);
      const back = await world.connect('c', durable);
      expect(await back.messages()).toMatchObject([
        { payload: '10', dup: true },
        { payload: '11', dup: true },
        { payload: '14' },
        { payload: '20' },
        { payload: '21' },
      ]);
    });

    test('meets a client that comes back and acknowledges meanwhile', async () => {
      const world = await startTestBroker({
        store: makeStore(),
        limits: { maxQueuedMessages: 20, windowMessages: 8 },
        plugins: [answering(OverflowAction.dropOldest)],
      });
      await anAbsentReader(world);
      const seen: string[] = [];
      let next = 0;
      for (let round = 0; round < 20; round++) {
        await fill(world, numbers(next, next + 18));
        next += 18;
        const client = world.client(5);
        const connected = client.connect({ clientId: 'c', ...durable });
        for (let index = 0; index < 10; index++) {
          void world.broker.publish({ topic: 'a', payload: `${next++}`, qos: 1 });
          if (index % 3 === round % 3) world.environment.runTurn();
        }
        await connected;
        if (round % 2 === 0) await world.settle();
        seen.push(...(await client.payloads()));
        await client.drop();
      }
      seen.push(...(await drain(world)));
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.toSorted((one, other) => Number(one) - Number(other))).toEqual(seen);
    });

    test('a queue that cannot be read drops the newest', async () => {
      const world = await startTestBroker({
        store: makeStore(),
        limits: { maxQueuedMessages: 3 },
        plugins: [answering(OverflowAction.dropOldest)],
      });
      await anAbsentReader(world);
      await fill(world, numbers(0, 3));
      world.persistence.readFailure = new Error('the disk is broken');
      await fill(world, numbers(3, 5));
      expect(queued(world)).toBe(3);
      expect(world.errors).toContain(world.persistence.readFailure);
      world.persistence.readFailure = undefined;
      expect(await drain(world)).toEqual(numbers(0, 3));
    });
  });

  describe('of an absent session, while its queue is read', () => {
    async function aSlowDisk() {
      const gate = new Gate();
      const memory = new MemoryPersistence();
      const persistence: Persistence = {
        open: () => memory.open(),
        commit: (operations) => memory.commit(operations),
        readQueue: (...parameters) => gate.wait().then(() => memory.readQueue(...parameters)),
        close: () => memory.close(),
      };
      const world = await startTestBroker({
        store: { persistence: () => persistence },
        limits: { maxQueuedMessages: 10, windowMessages: 8 },
        plugins: [answering(OverflowAction.dropOldest)],
      });
      await anAbsentReader(world);
      await fill(world, numbers(0, 10));
      return { world, gate };
    }

    /** While a read waits, the world does not settle. */
    async function publishAll(world: TestBroker, payloads: readonly string[]): Promise<void> {
      for (const payload of payloads) void world.broker.publish({ topic: 'a', payload, qos: 1 });
      await someTurns(world);
    }

    async function someTurns(world: TestBroker): Promise<void> {
      for (let turn = 0; turn < 10; turn++) {
        world.environment.runDeferred();
        await new Promise((resolve) => setImmediate(resolve));
      }
    }

    async function openAll(world: TestBroker, gate: Gate): Promise<void> {
      for (let reads = 0; reads < 6; reads++) {
        gate.open();
        await someTurns(world);
      }
    }

    test('a window of messages is let in above its bounds, and no more', async () => {
      const { world, gate } = await aSlowDisk();
      await publishAll(world, numbers(10, 30));
      expect(queued(world)).toBe(18);
      expect(world.dropped('queue-full')).toBe(12);
      await openAll(world, gate);
      expect(queued(world)).toBe(10);
      expect(world.dropped('queue-full')).toBe(20);
    });

    test('of large messages it is less', async () => {
      const { world, gate } = await aSlowDisk();
      const large = 'x'.repeat(600_000);
      await publishAll(world, [large, large, large]);
      expect(queued(world)).toBe(12);
      expect(world.dropped('queue-full')).toBe(1);
      await openAll(world, gate);
      expect(queued(world)).toBe(10);
    });

    test('the session may end', async () => {
      const { world, gate } = await aSlowDisk();
      await publishAll(world, numbers(10, 15));
      void world.broker.sessions.end('c');
      await openAll(world, gate);
      expect(world.dropped('session-ended')).toBe(15);
      expect(world.dropped('queue-full')).toBe(0);
      expect(queued(world)).toBeUndefined();
    });
  });
});

describe('keep-newest-per-topic', () => {
  const options = { plugins: [answering(OverflowAction.keepNewestPerTopic)] };

  test('drops older messages of the topic, and the new one where there are none', async () => {
    const seen: unknown[] = [];
    const world = await startTestBroker({
      limits: { maxQueuedMessages: 4 },
      plugins: [answering(OverflowAction.keepNewestPerTopic), watching(seen)],
    });
    const client = await world.connect('c', {
      acknowledges: false,
      properties: { receiveMaximum: 1 },
    });
    await client.subscribe('#', { qos: 1 });
    await fill(world, ['a0', 'a1', 'a2'], 'a');
    await fill(world, ['b1', 'b2'], 'b');
    await fill(world, ['a3'], 'a');
    await fill(world, ['c1', 'c2'], 'c');
    await fill(world, ['b3'], 'b');
    expect(seen.map((one) => (one as string[])[1])).toEqual(['a1', 'a2', 'c1', 'b1', 'b2']);
    client.acknowledges = true;
    const [first] = await client.messages();
    client.send(acknowledgement('puback', first?.packetId ?? 0));
    expect(await client.payloads()).toEqual(['a3', 'c2', 'b3']);
  });

  describe.each(stores)('of an absent session in a %s store', (_, makeStore) => {
    test('reads the whole queue', async () => {
      const world = await startTestBroker({
        ...options,
        store: makeStore(),
        limits: { maxQueuedMessages: 30, windowMessages: 8 },
      });
      await anAbsentReader(world);
      for (let index = 0; index < 10; index++) {
        for (const topic of ['a', 'b', 'c']) await fill(world, [`${topic}${index}`], topic);
      }
      await world.restart();
      await fill(world, ['b10', 'b11'], 'b');
      expect(queued(world)).toBe(21);
      await fill(world, numbers(0, 9), 'e');
      expect(queued(world)).toBe(30);
      await fill(world, ['f0', 'f1', 'f2'], 'f');
      expect(queued(world)).toBe(30);
      await fill(world, ['e10'], 'e');
      expect(queued(world)).toBe(22);
      const left = await drain(world);
      expect(left.filter((payload) => payload.startsWith('b'))).toEqual(['b11']);
      expect(left.slice(-2)).toEqual(['b11', 'e10']);
      expect(left).toHaveLength(22);
    });

    test('beside a topic that may push others out', async () => {
      const world = await startTestBroker({
        store: makeStore(),
        limits: { maxQueuedMessages: 6 },
        plugins: [
          answering(({ message }) =>
            message.topic === 'alarm'
              ? OverflowAction.dropOldest
              : OverflowAction.keepNewestPerTopic,
          ),
        ],
      });
      await anAbsentReader(world);
      await fill(world, ['a0', 'a1', 'a2'], 'a');
      await fill(world, ['b0', 'b1', 'b2'], 'b');
      void world.broker.publish({ topic: 'alarm', payload: 'alarm', qos: 1 });
      void world.broker.publish({ topic: 'c', payload: 'c0', qos: 1 });
      await world.settle();
      // Only the alarm had a right to the place of another topic.
      expect(await drain(world)).toEqual(['a1', 'a2', 'b0', 'b1', 'b2', 'alarm']);
    });
  });
});

describe('disconnect', () => {
  test.each([true, false])('ends connection and session, durable: %s', async (isDurable) => {
    const world = await startTestBroker({
      limits: { maxQueuedMessages: 2 },
      plugins: [answering(OverflowAction.disconnect)],
    });
    const heir = await world.connect('heir');
    await heir.subscribe('will');
    const client = await world.connect('c', {
      cleanStart: false,
      acknowledges: false,
      will: aWill('will'),
      properties: { receiveMaximum: 1, sessionExpiryInterval: isDurable ? 1_000 : 0 },
    });
    await client.subscribe('a', { qos: 1 });
    await fill(world, numbers(0, 6));
    expect(client.disconnectCode).toBe(0x97);
    expect(client.closed).toBe(true);
    expect(queued(world)).toBeUndefined();
    expect(world.dropped('queue-full')).toBe(3);
    expect(world.dropped('session-ended')).toBe(3);
    expect(await heir.payloads()).toEqual(['gone']);
    const { connack } = await world.resume('c', durable);
    expect(connack.sessionPresent).toBe(false);
  });

  test('ends the session of an absent client', async () => {
    const world = await startTestBroker({
      limits: { maxQueuedMessages: 2 },
      plugins: [answering(OverflowAction.disconnect)],
    });
    await anAbsentReader(world);
    await fill(world, numbers(0, 3));
    expect(queued(world)).toBeUndefined();
    await world.restart();
    expect((await world.resume('c', durable)).connack.sessionPresent).toBe(false);
    expect(world.errors).toEqual([]);
  });
});
