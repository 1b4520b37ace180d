import { describe, expect, test } from 'vitest';
import { Gate } from '../support/gate.ts';
import { acknowledgement, publishPacket } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 100_000 } };

async function publish(world: TestBroker, payload: string, seconds: number, qos: 1 | 2 = 1) {
  await world.publish('a', payload, { qos, properties: { messageExpiryInterval: seconds } });
}

/** Payload and the time that the broker said is left. */
async function left(client: TestClient): Promise<[string, number | undefined][]> {
  const messages = await client.messages();
  return messages.map(({ payload, properties }) => [payload, properties.messageExpiryInterval]);
}

describe.each(stores)('with a %s store', (_, makeStore) => {
  test.each([
    ['waits', (world: TestBroker) => world.advance(5_900)],
    ['waits for another broker', (world: TestBroker) => world.restart(5_900)],
  ])('a queued message has less time left when it %s, and then none', async (_name, wait) => {
    const world = await startTestBroker({ store: makeStore() });
    await (await world.connect('c', durable)).subscribe('a');
    await (await world.connect('c', durable)).drop();
    await publish(world, 'short', 5);
    await publish(world, 'exact', 6);
    await publish(world, 'short too', 5, 2);
    await publish(world, 'long', 100);
    await world.publish('a', 'ever', { qos: 1 });
    await wait(world);
    const back = await world.connect('c', durable);
    expect(await left(back)).toEqual([
      ['exact', 1],
      ['long', 95],
      ['ever', undefined],
    ]);
    expect(world.dropped('expired')).toBe(2);
    // And they are really gone.
    await back.drop();
    expect(await left(await world.connect('c', durable))).toEqual([]);
  });

  test('a retained message has less time left, and is forgotten in time', async () => {
    const world = await startTestBroker({ store: makeStore() });
    await world.publish('a', 'x', { retain: true, properties: { messageExpiryInterval: 10 } });
    await world.publish('a/b', 'y', { retain: true, properties: { messageExpiryInterval: 1_000 } });
    await world.advance(4_500);
    await world.restart(3_000);
    const early = await world.connect('early');
    await early.subscribe('a/#');
    expect((await left(early)).toSorted()).toEqual([
      ['x', 3],
      ['y', 993],
    ]);
    await world.advance(2_499);
    const late = await world.connect('late');
    await late.subscribe('a');
    expect(await left(late)).toEqual([['x', 1]]);
    await world.advance(1);
    await late.subscribe('a');
    expect(await left(late)).toEqual([]);
    await world.restart();
    const last = await world.connect('last');
    await last.subscribe('a/#');
    expect(await left(last)).toEqual([['y', 990]]);
  });

  test('a retained message of the broker before gives its room back when it expires', async () => {
    const world = await startTestBroker({
      store: makeStore(),
      limits: { maxRetainedMessages: 1 },
    });
    await world.publish('a', 'x', { retain: true, properties: { messageExpiryInterval: 10 } });
    await world.restart();
    const client = await world.connect('c');
    expect(await client.publish('b', 'y', { qos: 1, retain: true })).toBe(0x97);
    await world.advance(10_000);
    expect(await client.publish('b', 'y', { qos: 1, retain: true })).toBe(0x10);
  });

  test('a clock that was set back does not let a retained message stay for longer than it was to', async () => {
    const world = await startTestBroker({ store: makeStore() });
    await world.publish('a', 'x', { retain: true, properties: { messageExpiryInterval: 10 } });
    await world.restart(-3_600_000);
    await world.advance(9_999);
    expect(world.broker.stats.retainedMessages).toBe(1);
    await world.advance(1);
    expect(world.broker.stats.retainedMessages).toBe(0);
    await world.restart();
    expect(world.broker.stats.retainedMessages).toBe(0);
  });

  test('a retained message that expired while the broker was down does not come back', async () => {
    const world = await startTestBroker({ store: makeStore() });
    await world.publish('a', 'x', { retain: true, properties: { messageExpiryInterval: 10 } });
    await world.restart(10_000);
    const client = await world.connect('c');
    await client.subscribe('a');
    expect(await client.payloads()).toEqual([]);
  });
});

test('a message that leaves at once has all its time', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c');
  await client.subscribe('a');
  await publish(world, '1', 10, 1);
  await publish(world, '2', 10, 2);
  expect(await left(client)).toEqual([
    ['1', 10],
    ['2', 10],
  ]);
});

test.each([0, 1, 2] as const)(
  'an interval of 0 is enough for QoS %i to who takes it now',
  async (qos) => {
    const world = await startTestBroker();
    const client = await world.connect('c', durable);
    await client.subscribe('a');
    await world.publish('a', 'now', { qos, properties: { messageExpiryInterval: 0 } });
    expect(await left(client)).toEqual([['now', 0]]);
    await client.drop();
    await world.publish('a', 'later', { qos, properties: { messageExpiryInterval: 0 } });
    const back = await world.connect('c', durable);
    expect(await left(back)).toEqual([]);
  },
);

test('a 3.1.1 client gets no expiry, but no expired message either', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c', { version: 4, cleanStart: false });
  await client.subscribe('a');
  await client.drop();
  await publish(world, 'short', 5);
  await publish(world, 'long', 100);
  await world.advance(5_000);
  const back = await world.connect('c', { version: 4, cleanStart: false });
  expect(await back.messages()).toMatchObject([{ payload: 'long', properties: {} }]);
});

test('messages that wait for a place in flight expire, and free the queue', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c', {
    properties: { receiveMaximum: 1 },
    acknowledges: false,
  });
  await client.subscribe('a');
  await world.publish('a', 'first', { qos: 1 });
  await publish(world, 'short', 5);
  await world.publish('a', 'last', { qos: 1 });
  const [first] = await client.messages();
  await world.advance(5_000);
  client.send(acknowledgement('puback', first?.packetId ?? 0));
  expect(await client.payloads()).toEqual(['last']);
  expect(world.dropped('expired')).toBe(1);
});

test('a QoS 2 delivery that began does not expire', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c', { ...durable, acknowledges: false });
  await client.subscribe('a');
  await publish(world, 'x', 5, 2);
  const [message] = await client.messages();
  await client.drop();
  await world.advance(60_000);
  const back = await world.connect('c', { ...durable, acknowledges: false });
  expect(await back.messages()).toMatchObject([
    {
      payload: 'x',
      dup: true,
      packetId: message?.packetId,
      properties: { messageExpiryInterval: 0 },
    },
  ]);
  back.send(acknowledgement('pubrec', message?.packetId ?? 0));
  expect(await back.unread()).toEqual(['pubrel']);
});

test.each([100, 0xffff_ffff])(
  'a clock that is set back leaves a message with its %i seconds, and no more',
  async (seconds) => {
    const world = await startTestBroker();
    await (await world.connect('c', durable)).subscribe('a');
    await (await world.connect('c', durable)).drop();
    await publish(world, 'x', seconds);
    world.environment.jump(-50_000);
    const back = await world.connect('c', durable);
    expect(await left(back)).toEqual([['x', seconds]]);
  },
);

test('a message with nothing before it expires while the client takes nothing', async () => {
  const world = await startTestBroker({ limits: { maxOutputBytes: 65_536 } });
  const slow = await world.connect('slow');
  await slow.subscribe('#');
  slow.stream.stall();
  for (let count = 0; count < 20; count++) {
    await world.publish('full', 'x'.repeat(10_000));
  }
  await publish(world, 'short', 5);
  await publish(world, 'long', 100);
  await world.advance(10_000);
  slow.stream.unstall();
  const got = (await slow.messages()).filter(({ topic }) => topic === 'a');
  expect(got).toMatchObject([{ payload: 'long', properties: { messageExpiryInterval: 90 } }]);
  expect(world.dropped('expired')).toBe(1);
});

test.each([0, 2] as const)(
  'a message for QoS %i expires while the disk is full that it waits for',
  async (qos) => {
    const world = await startTestBroker();
    const subscriber = await world.connect('s', durable);
    await subscriber.subscribe('a', { qos });
    const publisher = await world.connect('p', durable);
    world.persistence.failure = new Error('the disk is full');
    for (const [index, messageExpiryInterval] of [5, 1_000].entries()) {
      const properties = { messageExpiryInterval };
      publisher.send(publishPacket('a', `${index}`, { qos: 2, packetId: 1 + index, properties }));
    }
    await world.advance(30_000);
    world.persistence.failure = undefined;
    await world.advance(60_000);
    expect(await subscriber.payloads()).toEqual(['1']);
    expect(world.dropped('expired')).toBe(1);
  },
);

test.each([0, 1] as const)(
  'a message with QoS %i that a hook takes longer for than it lasts goes to nobody',
  async (qos) => {
    const gate = new Gate();
    const expired: unknown[] = [];
    const slow = aPlugin(({ hook }) => {
      hook('publish', () => gate.wait());
      hook('expired', (event) => void expired.push(event));
    });
    const world = await startTestBroker({ plugins: [slow] });
    const subscriber = await world.connect('s');
    await subscriber.subscribe('a');
    const publisher = await world.connect('p');
    for (const [payload, seconds] of [
      ['short', 1],
      ['long', 50],
    ] as const) {
      const properties = { messageExpiryInterval: seconds };
      const packetId = qos === 0 ? 0 : seconds;
      publisher.send(publishPacket('a', payload, { qos, packetId, retain: true, properties }));
      await world.settle();
      await world.advance(3_000);
      gate.open();
      await world.settle();
    }
    expect(await left(subscriber)).toEqual([['long', 47]]);
    expect(world.dropped('expired')).toBe(1);
    expect(expired).toMatchObject([{ clientId: undefined, message: { topic: 'a' } }]);
    const late = await world.connect('late');
    await late.subscribe('a');
    expect(await left(late)).toEqual([['long', 47]]);
  },
);
