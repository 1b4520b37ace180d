import { allow, OverflowAction, type Plugin } from '@sluice/plugin';
import { expect, test } from 'vitest';
import { text } from '../support/packets.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

/** Drops the oldest, and takes topics that begin with `key` as keys; remembers what is dropped. */
function dropping(seen: unknown[]): Plugin {
  return aPlugin((context) => {
    context.hook('enqueue', ({ message: { topic } }) =>
      topic.startsWith('key') ? allow({ replaceKey: topic }) : undefined,
    );
    context.hook('overflow', () => OverflowAction.dropOldest);
    context.hook('dropped', ({ message, reason }) => seen.push([text(message.payload)[0], reason]));
  });
}

/** A client with one message in flight: all others wait in memory. */
async function aSlowReader(world: TestBroker): Promise<TestClient> {
  const client = await world.connect('c', {
    acknowledges: false,
    properties: { receiveMaximum: 1 },
  });
  await client.subscribe('#', { qos: 1 });
  await world.publish('a', 'first', { qos: 1 });
  return client;
}

const queued = (world: TestBroker) => world.broker.sessions.get('c')?.queuedMessages;

test('a key does not outlive its message: the next one under it takes nobody’s place', async () => {
  const seen: unknown[] = [];
  const world = await startTestBroker({
    limits: { maxQueuedMessages: 3 },
    plugins: [dropping(seen)],
  });
  await aSlowReader(world);
  for (const topic of ['key', 'x', 'y', 'z', 'key']) await world.publish(topic, topic, { qos: 1 });
  expect(seen).toEqual([
    ['k', 'queue-full'],
    ['x', 'queue-full'],
  ]);
  expect(queued(world)).toBe(4);
});

test('what is replaced is not dropped as the oldest as well', async () => {
  const seen: unknown[] = [];
  const world = await startTestBroker({
    limits: { maxQueuedBytes: 1_024 },
    plugins: [dropping(seen)],
  });
  await aSlowReader(world);
  await world.publish('key', 'k'.repeat(197), { qos: 1 });
  for (const topic of ['x', 'y']) await world.publish(topic, topic.repeat(399), { qos: 1 });
  await world.publish('key', 'n'.repeat(497), { qos: 1 });
  expect(seen).toEqual([
    ['x', 'queue-full'],
    ['k', 'replaced'],
  ]);
  expect(queued(world)).toBe(3);
});

test('of an absent session the oldest go for as much as came in their place, and no more', async () => {
  const world = await startTestBroker({
    limits: { maxQueuedBytes: 1_024 },
    plugins: [
      aPlugin((context) =>
        context.hook('overflow', ({ message }) =>
          message.topic === 'alarm' ? OverflowAction.dropOldest : OverflowAction.keepNewestPerTopic,
        ),
      ),
    ],
  });
  const client = await world.connect('c', durable);
  await client.subscribe('#', { qos: 1 });
  await client.drop();
  for (let index = 0; index < 10; index++) {
    await world.publish('a', `${index}`.repeat(99), { qos: 1 });
  }
  // The first begins a pass over the queue, the others share the next one: the alarm may push three out, what comes
  // with it none of another topic.
  void world.broker.publish({ topic: 'b', payload: 'b'.repeat(99), qos: 1 });
  void world.broker.publish({ topic: 'alarm', payload: '!'.repeat(295), qos: 1 });
  void world.broker.publish({ topic: 'c', payload: 'c'.repeat(99), qos: 1 });
  await world.settle();
  const back = await world.connect('c', durable);
  const left = (await back.payloads()).map((payload) => payload[0]);
  expect(left).toEqual(['3', '4', '5', '6', '7', '8', '9', '!']);
});

test.each([1, 2] as const)(
  'a `deliver` that ends the connection sends nothing, QoS %i',
  async (qos) => {
    const delivered: unknown[] = [];
    let ends = true;
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('deliver', ({ client }) => {
            if (ends) context.broker.disconnect(client.clientId);
            ends = false;
            return undefined;
          });
          context.hook('delivered', ({ message }) => delivered.push(text(message.payload)));
        }),
      ],
    });
    const client = await world.connect('c', durable);
    await client.subscribe('#');
    await world.publish('a', '1', { qos });
    expect(client.closed).toBe(true);
    expect(await client.payloads()).toEqual([]);
    expect([delivered, queued(world)]).toEqual([[], 1]);
    const back = await world.connect('c', durable);
    expect(await back.messages()).toMatchObject([{ payload: '1', dup: false, packetId: 1 }]);
    expect([delivered, queued(world)]).toEqual([['1'], 0]);
  },
);

test('a `deliver` that ends the connection is not told of as delivered, QoS 0', async () => {
  const delivered: unknown[] = [];
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) => {
        context.hook('deliver', ({ client }) => {
          context.broker.disconnect(client.clientId);
          return undefined;
        });
        context.hook('delivered', ({ message }) => delivered.push(text(message.payload)));
      }),
    ],
  });
  const client = await world.connect('c', durable);
  await client.subscribe('#');
  await world.publish('a', '1');
  expect(client.closed).toBe(true);
  expect([await client.payloads(), delivered]).toEqual([[], []]);
});
