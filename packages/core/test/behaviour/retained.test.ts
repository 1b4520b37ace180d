import type { Plugin } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import {
  acknowledgement,
  publishPacket,
  subscribePacket,
  subscription,
  unsubscribePacket,
} from '../support/packets.ts';
import { memoryStore, stores } from '../support/stores.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

/** Retained messages are not wanted. */
const again = { qos: 1, retainHandling: 2 } as const;

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

describe.each([3, 4, 5] as const)('a retained message of version %i', (version) => {
  test.each([0, 1, 2] as const)('with QoS %i is kept for those who come later', async (qos) => {
    const world = await startTestBroker();
    const publisher = await world.connect('p', { version });
    await publisher.publish('a/b', 'first', { qos, retain: true });
    await publisher.publish('a/b', 'last', { qos, retain: true });
    await publisher.publish('a/b', 'passing', { qos });
    await publisher.disconnect();
    const client = await world.connect('c', { version });
    await client.subscribe('a/+', { qos: 1 });
    expect(await client.messages()).toMatchObject([
      { topic: 'a/b', payload: 'last', retain: true, qos: Math.min(qos, 1), dup: false },
    ]);
  });

  test('is deleted by an empty one, which goes to subscribers', async () => {
    const world = await startTestBroker();
    const live = await world.connect('live', { version });
    await live.subscribe('a');
    const publisher = await world.connect('p', { version });
    await publisher.publish('a', 'x', { retain: true });
    await publisher.publish('a', '', { retain: true, qos: 1 });
    const messages = await live.messages();
    expect(messages.map(({ payload, retain }) => [payload, retain])).toEqual([
      ['x', false],
      ['', false],
    ]);
    const client = await world.connect('c', { version });
    await client.subscribe('a');
    expect(await client.payloads()).toEqual([]);
  });

  test('is not sent again by a connection, only by SUBSCRIBE', async () => {
    const world = await startTestBroker();
    await world.publish('a', 'x', { retain: true, qos: 1 });
    const fields = version === 5 ? durable : { cleanStart: false };
    const client = await world.connect('c', { version, ...fields });
    await client.subscribe('a');
    expect(await client.payloads()).toEqual(['x']);
    await client.drop();
    const back = await world.connect('c', { version, ...fields });
    expect(await back.payloads()).toEqual([]);
    await back.subscribe('a');
    expect(await back.payloads()).toEqual(['x']);
  });
});

test('retained messages that wait for acknowledgements go on when the client comes back', async () => {
  const world = await startTestBroker();
  for (const topic of ['a', 'b', 'c']) await world.publish(topic, topic, { retain: true, qos: 1 });
  const properties = { ...durable.properties, receiveMaximum: 1 };
  const client = await world.connect('c', { ...durable, properties, acknowledges: false });
  await client.subscribe('+', { qos: 1, retainHandling: 1 });
  expect(await client.payloads()).toHaveLength(1);
  await client.drop();
  const back = await world.connect('c', durable);
  expect((await back.payloads()).toSorted()).toEqual(['a', 'b', 'c']);
  await back.drop();
  const again = await world.connect('c', durable);
  expect(await again.payloads()).toEqual([]);
});

describe('Retain Handling', () => {
  test.each([
    [0, [1, 1, 1, 1]],
    [1, [1, 0, 1, 0]],
    [2, [0, 0, 0, 0]],
  ] as const)('%i', async (retainHandling, expected) => {
    const world = await startTestBroker();
    await world.publish('a', 'x', { retain: true });
    const client = await world.connect('c', durable);
    const counts: number[] = [];
    const subscribe = async (reader = client): Promise<void> => {
      await reader.subscribe('a', { retainHandling });
      counts.push((await reader.payloads()).length);
    };
    await subscribe();
    await subscribe();
    await client.unsubscribe('a');
    await subscribe();
    await client.drop();
    await subscribe(await world.connect('c', durable));
    expect(counts).toEqual(expected);
  });

  test('of each filter counts for itself', async () => {
    const world = await startTestBroker();
    await world.publish('a', 'x', { retain: true });
    const client = await world.connect('c');
    await client.subscribe([
      subscription('a', { retainHandling: 1 }),
      subscription('+', { retainHandling: 0 }),
      subscription('#', { retainHandling: 2 }),
      subscription('a', { retainHandling: 1 }),
    ]);
    expect(await client.payloads()).toEqual(['x', 'x']);
  });
});

test('properties and the identifier of the subscription come along', async () => {
  const world = await startTestBroker();
  const properties = { contentType: 'text/plain', userProperties: [['a', 'b']] } as const;
  await world.publish('a', 'x', { retain: true, properties });
  const client = await world.connect('c');
  await client.subscribe('a', { identifier: 9, retainAsPublished: false });
  expect((await client.messages())[0]).toMatchObject({
    retain: true,
    properties: { ...properties, subscriptionIdentifiers: [9] },
  });
});

test('SUBACK comes first, and what is published behind it comes live', async () => {
  const world = await startTestBroker();
  for (const topic of ['a', 'b', 'c']) await world.publish(topic, topic, { retain: true });
  const client = await world.connect('c');
  const before = client.received().length;
  await client.subscribe('+');
  expect(client.history.slice(before)).toEqual(['suback', 'publish', 'publish', 'publish']);
  await client.unread();
  await world.publish('a', 'new', { retain: true });
  expect(await client.messages()).toMatchObject([{ payload: 'new', retain: false }]);
});

test('a full store refuses, but lets go and replace', async () => {
  const world = await startTestBroker({ limits: { maxRetainedMessages: 2 } });
  const client = await world.connect('c');
  const keep = (topic: string, payload: string) =>
    client.publish(topic, payload, { qos: 1, retain: true });
  expect([await keep('a', '1'), await keep('b', '1')]).toEqual([0x10, 0x10]);
  expect(await keep('c', '1')).toBe(0x97);
  expect(await keep('a', '2')).toBe(0x10);
  expect(await keep('b', '')).toBe(0x10);
  expect(await keep('c', '2')).toBe(0x10);
  expect(world.dropped('retained-full')).toBe(1);
  const reader = await world.connect('r');
  await reader.subscribe('#');
  expect((await reader.payloads()).toSorted()).toEqual(['2', '2']);
});

test('what was retained before its limit was lowered stays, until it is replaced or deleted', async () => {
  const store = memoryStore();
  const before = await startTestBroker({ store });
  for (const topic of ['a', 'b', 'c']) await before.publish(topic, '1', { retain: true });
  await before.broker.close();
  const world = await startTestBroker({ store, limits: { maxRetainedMessages: 1 } });
  expect(world.broker.stats.retainedMessages).toBe(3);
  const client = await world.connect('c');
  const keep = (topic: string, payload: string) =>
    client.publish(topic, payload, { qos: 1, retain: true });
  expect([await keep('a', '2'), await keep('d', '1')]).toEqual([0x10, 0x97]);
  expect([await keep('b', ''), await keep('c', '')]).toEqual([0x10, 0x10]);
  await world.broker.close();
  const after = await startTestBroker({ store });
  const reader = await after.connect('r');
  await reader.subscribe('#');
  expect(await reader.payloads()).toEqual(['2']);
});

test('nothing is retained of a message that is refused', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c');
  await client.publish('$SYS/a', 'x', { retain: true, qos: 1 });
  const reader = await world.connect('r');
  await reader.subscribe('$SYS/#');
  expect(await reader.payloads()).toEqual([]);
});

describe('many retained messages', () => {
  const count = 1_000;
  async function aFullWorld(plugins: readonly Plugin[] = []) {
    const world = await startTestBroker({ plugins });
    for (let index = 0; index < count; index++) {
      void world.broker.publish({ topic: `t/${index}`, payload: `${index}`, qos: 1, retain: true });
    }
    await world.settle();
    return world;
  }

  test.each([true, false])('all come once, durable: %s', async (isDurable) => {
    const world = await aFullWorld();
    const client = await world.connect('c', isDurable ? durable : {});
    await client.subscribe('#', { qos: 1 });
    const payloads = await client.payloads();
    expect(payloads).toHaveLength(count);
    expect(new Set(payloads).size).toBe(count);
    expect(world.dropped('queue-full')).toBe(0);
  });

  test('come only as fast as they are acknowledged', async () => {
    const world = await aFullWorld();
    const client = await world.connect('c', {
      properties: { receiveMaximum: 5 },
      acknowledges: false,
    });
    await client.subscribe('#', { qos: 1 });
    const first = await client.messages();
    expect(first).toHaveLength(5);
    // What is published meanwhile is not held up by them for ever, and does not get lost.
    await world.publish('live', 'live', { qos: 1 });
    await world.publish('t/999', 'replaced', { qos: 1, retain: true });
    const seen = first.map(({ payload }) => payload);
    let unacknowledged = first;
    while (unacknowledged.length > 0) {
      for (const { packetId } of unacknowledged) client.send(acknowledgement('puback', packetId));
      unacknowledged = await client.messages();
      seen.push(...unacknowledged.map(({ payload }) => payload));
    }
    const expected = Array.from({ length: 999 }, (_, index) => `${index}`);
    expect(seen.toSorted()).toEqual([...expected, 'live', 'replaced'].toSorted());
  });

  test('end with UNSUBSCRIBE, and begin again with SUBSCRIBE', async () => {
    const world = await aFullWorld();
    const client = await world.connect('c', {
      properties: { receiveMaximum: 5 },
      acknowledges: false,
    });
    await client.subscribe('#', { qos: 1 });
    const first = await client.messages();
    await client.unsubscribe('#');
    for (const { packetId } of first) client.send(acknowledgement('puback', packetId));
    expect(await client.messages()).toEqual([]);
    await client.subscribe('#', { qos: 1 });
    expect(await client.messages()).toHaveLength(5);
  });

  test.each([
    ['unsubscribes', unsubscribePacket(2, ['#'])],
    ['is subscribed again without them', subscribePacket(2, [subscription('#', again)])],
  ])('do not come where the client %s before SUBACK', async (_, second) => {
    // By another filter each time, as a hook may have it.
    let count = 0;
    const other = aPlugin((context) =>
      context.hook('subscribe', ({ subscriptions }) =>
        subscriptions.map((one) => (count++ === 0 ? { ...one, filter: 't/+' } : one)),
      ),
    );
    const world = await aFullWorld([other]);
    const client = await world.connect('c', durable);
    client.send(subscribePacket(1, [subscription('#', { qos: 1 })]), second);
    await client.receive('suback');
    expect(await client.messages()).toEqual([]);
  });

  test('at QoS 0 wait for a stream that takes nothing, rather than being dropped', async () => {
    const world = await startTestBroker({ limits: { maxOutputBytes: 65_536 } });
    for (let index = 0; index < 300; index++) {
      void world.broker.publish({ topic: `t/${index}`, payload: 'x'.repeat(1_000), retain: true });
    }
    await world.settle();
    const client = await world.connect('c');
    client.stream.stall();
    client.send({
      type: 8,
      packetId: 1,
      properties: {},
      subscriptions: [subscription('#', { qos: 0 })],
    });
    await world.settle();
    expect(client.stream.heldBytes).toBeLessThan(200_000);
    client.stream.unstall();
    expect(await client.payloads()).toHaveLength(300);
    expect(world.dropped('slow-receiver')).toBe(0);
  });
});

describe.each(stores)('with a %s store', (_, makeStore) => {
  test('retained messages outlive the broker, and so does their deletion', async () => {
    const world = await startTestBroker({ store: makeStore() });
    const properties = { contentType: 'text/plain', correlationData: Buffer.from([1]) };
    await world.publish('a', 'old', { retain: true });
    await world.publish('a', 'new', { retain: true, qos: 2, properties });
    await world.publish('gone', 'x', { retain: true });
    await world.publish('gone', '', { retain: true });
    await world.crash();
    const client = await world.connect('c');
    await client.subscribe('#');
    expect(await client.messages()).toMatchObject([
      { topic: 'a', payload: 'new', qos: 2, retain: true, properties },
    ]);
  });

  test('messages of the new broker are newer than those of the old one', async () => {
    const world = await startTestBroker({ store: makeStore() });
    await world.publish('a', 'x', { retain: true, qos: 1 });
    await world.restart();
    const client = await world.connect('c', durable);
    await client.subscribe('#', { qos: 1 });
    expect(await client.payloads()).toEqual(['x']);
    await client.drop();
    await world.publish('a', 'y', { retain: true, qos: 1 });
    await world.restart();
    const back = await world.connect('c', durable);
    expect(await back.payloads()).toEqual(['y']);
    await back.subscribe('#', { qos: 1 });
    expect(await back.messages()).toMatchObject([{ payload: 'y', retain: true, dup: false }]);
  });
});

test.each([1, 2] as const)(
  'clearing what somebody else just cleared is acknowledged at QoS %i when that is durable',
  async (qos) => {
    const world = await startTestBroker();
    await world.publish('a', 'x', { retain: true });
    const [first, second] = [await world.connect('first'), await world.connect('second')];
    world.persistence.hold();
    first.send(publishPacket('a', '', { qos, retain: true, packetId: 1 }));
    await world.settle();
    second.send(publishPacket('a', '', { qos, retain: true, packetId: 1 }));
    await world.settle();
    expect(second.history).toEqual(['connack']);
    world.persistence.release();
    await world.settle();
    expect(second.history).toEqual(['connack', qos === 1 ? 'puback' : 'pubrec']);
  },
);
