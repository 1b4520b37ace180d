import { MemoryPersistence } from '@sluice/persistence-memory';
import { OverflowAction, type QueuedMessage } from '@sluice/plugin';
import { describe, expect, test, vi } from 'vitest';
import { SequenceRing } from '../../src/outbox/sequence-ring.ts';
import { acknowledgement } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
const limits = { maxQueuedMessages: 4 };

async function publishAll(world: TestBroker, messages: readonly string[]): Promise<void> {
  for (const message of messages) {
    void world.broker.publish({ topic: message.slice(0, 1), payload: message, qos: 1 });
    await world.settle();
  }
}

function enqueued(record: QueuedMessage | undefined) {
  const { message, qos, retain, subscriptionIdentifiers } = record as QueuedMessage;
  return { session: 1, message: message?.number ?? 0, qos, retain, subscriptionIdentifiers };
}

const messages = ['a1', 'b1', 'a2', 'b2', 'a3', 'b3', 'c1'];

describe.each(stores)('queueOverflow, %s', (_, make) => {
  test.each([
    ['drop-newest', ['a1', 'b1', 'a2', 'b2']],
    ['drop-oldest', ['b2', 'a3', 'b3', 'c1']],
    ['keep-newest-per-topic', ['b1', 'b2', 'a3', 'b3']],
    // Nobody is there who could be disconnected.
    ['disconnect', ['a1', 'b1', 'a2', 'b2']],
  ] as const)('%s, of an absent client', async (queueOverflow, expected) => {
    const world = await startTestBroker({ limits, store: make(), more: { queueOverflow } });
    const reader = await world.connect('c', durable);
    await reader.subscribe('#');
    await reader.drop();
    await publishAll(world, messages);
    expect(world.dropped('queue-full')).toBe(messages.length - expected.length);
    await world.restart();
    const back = await world.connect('c', durable);
    expect(await back.payloads()).toEqual(expected);
  });
});

describe.each(stores)('a full queue of messages that expired, %s', (_, make) => {
  const properties = { messageExpiryInterval: 10 };

  test('has room for others while the client is absent, also after a restart', async () => {
    const world = await startTestBroker({ limits, store: make() });
    const reader = await world.connect('c', durable);
    await reader.subscribe('#', { qos: 1 });
    await reader.drop();
    for (const text of ['1', '2', '3']) await world.publish('a', text, { qos: 1, properties });
    for (const text of ['4', '5']) await world.publish('a', text, { qos: 1 });
    expect([world.dropped('queue-full'), world.dropped('expired')]).toEqual([1, 0]);
    await world.restart(10_000);
    for (const text of ['6', '7', '8', '9']) await world.publish('a', text, { qos: 1 });
    // The first one found what had expired, for those behind it.
    expect([world.dropped('queue-full'), world.dropped('expired')]).toEqual([1, 3]);
    expect(world.broker.stats.queuedMessages).toBe(4);
    const back = await world.connect('c', durable);
    expect(await back.payloads()).toEqual(['4', '7', '8', '9']);
    expect(world.broker.stats.queuedMessages).toBe(0);
  });

  test('is looked at again when the next one expires, and not before', async () => {
    const world = await startTestBroker({ limits, store: make() });
    const reader = await world.connect('c', durable);
    await reader.subscribe('#', { qos: 1 });
    await reader.drop();
    for (const text of ['1', '2', '3', '4']) await world.publish('a', text, { qos: 1, properties });
    const reads = vi.spyOn(world.persistence, 'readQueue');
    for (const text of ['5', '6', '7']) await world.publish('a', text, { qos: 1 });
    expect(reads).toHaveBeenCalledTimes(1);
    await world.advance(10_000);
    for (const text of ['8', '9']) await world.publish('a', text, { qos: 1 });
    expect(reads).toHaveBeenCalledTimes(2);
    const back = await world.connect('c', durable);
    expect(await back.payloads()).toEqual(['9']);
  });

  test('has room for others when the broker died under a client that does not come back', async () => {
    const world = await startTestBroker({
      limits: { ...limits, maxInflightMessages: 1 },
      store: make(),
    });
    const reader = await world.connect('c', { ...durable, acknowledges: false });
    await reader.subscribe('#', { qos: 1 });
    for (const text of ['1', '2', '3', '4', '5'])
      await world.publish('a', text, { qos: 1, properties });
    await world.crash(10_000);
    for (const text of ['6', '7', '8']) await world.publish('a', text, { qos: 1 });
    expect([world.dropped('queue-full'), world.dropped('expired')]).toEqual([1, 5]);
    const back = await world.connect('c', durable);
    expect(await back.payloads()).toEqual(['7', '8']);
    expect(world.broker.stats.queuedMessages).toBe(0);
  });

  test('has room for others while the client acknowledges nothing', async () => {
    const world = await startTestBroker({
      limits: { ...limits, maxInflightMessages: 1 },
      store: make(),
    });
    const reader = await world.connect('c', { acknowledges: false });
    await reader.subscribe('#', { qos: 1 });
    for (const text of ['1', '2', '3', '4', '5'])
      await world.publish('a', text, { qos: 1, properties });
    await world.advance(10_000);
    for (const text of ['6', '7']) await world.publish('a', text, { qos: 1 });
    expect([world.dropped('queue-full'), world.dropped('expired')]).toEqual([0, 4]);
    const [first] = await reader.messages();
    reader.acknowledges = true;
    reader.send(acknowledgement('puback', first?.packetId ?? 0));
    expect(await reader.payloads()).toEqual(['6', '7']);
  });
});

describe('queueOverflow, of a client that is there and acknowledges nothing', () => {
  const busy = { ...limits, maxInflightMessages: 1 };

  test.each([
    ['drop-newest', ['a1', 'b1', 'a2', 'b2', 'a3']],
    ['drop-oldest', ['a1', 'b2', 'a3', 'b3', 'c1']],
    ['keep-newest-per-topic', ['a1', 'a2', 'a3', 'b3', 'c1']],
  ] as const)('%s: what is in flight stays', async (queueOverflow, expected) => {
    const world = await startTestBroker({ limits: busy, more: { queueOverflow } });
    const reader = await world.connect('c', { acknowledges: false });
    await reader.subscribe('#');
    await publishAll(world, messages);
    const [first] = await reader.messages();
    reader.acknowledges = true;
    reader.send(acknowledgement('puback', first?.packetId ?? 0));
    const rest = await reader.payloads();
    expect([first?.payload, ...rest]).toEqual(expected);
  });

  test('disconnect: the connection ends with 0x97, and the session goes on', async () => {
    const world = await startTestBroker({ limits: busy, more: { queueOverflow: 'disconnect' } });
    const reader = await world.connect('c', { ...durable, acknowledges: false });
    await reader.subscribe('#');
    await publishAll(world, messages);
    expect(reader.disconnectCode).toBe(0x97);
    const back = await world.connect('c', durable);
    expect(await back.payloads()).toEqual(['a1', 'b1', 'a2', 'b2', 'a3']);
  });
});

describe('what is dropped for a client that acknowledges nothing', () => {
  const busy = { maxQueuedMessages: 4, maxInflightMessages: 1 };

  test.each(['drop-oldest', 'keep-newest-per-topic'] as const)(
    '%s: the thousandth message costs no more than the tenth',
    async (queueOverflow) => {
      const world = await startTestBroker({ limits: busy, more: { queueOverflow } });
      const reader = await world.connect('c', { acknowledges: false });
      await reader.subscribe('#');
      const looks = vi.spyOn(SequenceRing.prototype, 'get');
      const publish = () => world.broker.publish({ topic: 'b', payload: 'x', qos: 1 });
      for (const topic of ['a', 'c', 'd', 'e']) await world.publish(topic, 'x', { qos: 1 });
      for (let count = 0; count < 10_000; count++) await publish();
      looks.mockClear();
      await publish();
      expect(looks.mock.calls.length).toBeLessThan(100);
      looks.mockRestore();
    },
  );

  test('keep-newest-per-topic looks at few messages for each that comes, however many topics wait', async () => {
    const count = 2_000;
    const world = await startTestBroker({
      limits: { maxQueuedMessages: count },
      more: { queueOverflow: 'keep-newest-per-topic' },
    });
    const reader = await world.connect('c', { acknowledges: false });
    await reader.subscribe('#');
    const publish = (topic: number) =>
      world.broker.publish({ topic: `${topic}`, payload: 'x', qos: 1 });
    for (let topic = 0; topic < count + 200; topic++) await publish(topic);
    const looks = vi.spyOn(SequenceRing.prototype, 'get');
    for (let topic = 200; topic < count; topic++) await publish(topic);
    expect(looks.mock.calls.length).toBeLessThan(20 * count);
    looks.mockRestore();
    expect(world.dropped('queue-full')).toBe(100 + count - 200);
  });

  test('who returns to what was kept gets it, however far it lies behind what was in flight', async () => {
    const persistence = new MemoryPersistence();
    const world = await startTestBroker({ store: { persistence: () => persistence } });
    const reader = await world.connect('c', { ...durable, acknowledges: false });
    await reader.subscribe('#');
    for (const text of ['1', '2']) await world.publish('a', text, { qos: 1 });
    await reader.drop();
    const [first, second] = await persistence.readQueue(1, -1, 2);
    const last = 2 ** 27;
    await persistence.commit([
      { type: 'enqueue', ...enqueued(second), sequence: last },
      { type: 'dequeue', session: 1, sequence: 1, message: 0 },
    ]);
    await world.restart();
    const back = await world.connect('c', { ...durable, acknowledges: false });
    expect((await back.messages()).map(({ payload }) => payload)).toEqual(['1']);
    expect(first?.sequence).toBe(0);
  });
});

test('the hook overflow has the first word, and the option where it has none', async () => {
  const world = await startTestBroker({
    limits: { maxQueuedMessages: 1 },
    more: { queueOverflow: 'drop-oldest' },
    plugins: [
      aPlugin((context) =>
        context.hook('overflow', ({ message }) =>
          message.topic === 'a' ? OverflowAction.dropNewest : undefined,
        ),
      ),
    ],
  });
  const reader = await world.connect('c', durable);
  await reader.subscribe('#');
  await reader.drop();
  await publishAll(world, ['b1', 'a1', 'b2']);
  const back = await world.connect('c', durable);
  expect(await back.payloads()).toEqual(['b2']);
});
