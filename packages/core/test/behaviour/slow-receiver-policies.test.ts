import { describe, expect, test } from 'vitest';
import { connectPacket, publishPacket } from '../support/packets.ts';
import { startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

const limits = { maxOutputBytes: 65_536, stalledTimeoutMs: 30_000 };
const pause = { limits, more: { slowReceiver: 'pause' } } as const;
const large = (index: number) => `${index} `.padEnd(10_000, 'x');

async function send(world: TestBroker, publisher: TestClient, topic: string, qos: 0 | 1 | 2) {
  for (let index = 0; index < 50; index++) {
    const packetId = qos === 0 ? 0 : publisher.packetId();
    publisher.send(publishPacket(topic, large(index), { qos, packetId }));
    await world.settle();
  }
}

/** Takes what waits for a client until nothing more comes. */
async function takeAll(world: TestBroker, client: TestClient): Promise<string[]> {
  client.stream.unstall();
  await world.settle();
  await world.advance(1_000);
  return await client.payloads();
}

/** What a client sends is read at once. */
async function expectRead(world: TestBroker, client: TestClient): Promise<void> {
  const before = world.broker.stats.messagesReceived;
  await client.publish('nobody', 'x');
  expect(world.broker.stats.messagesReceived).toBe(before + 1);
}

const everything = Array.from({ length: 50 }, (_, index) => large(index));
const dropped = (world: TestBroker) =>
  [...world.broker.stats.dropped.values()].reduce((sum, count) => sum + count, 0);

describe("slowReceiver: 'pause'", () => {
  test.each([0, 1, 2] as const)(
    'makes a publisher of QoS %i wait: nothing is lost, and little is held',
    async (qos) => {
      const world = await startTestBroker(pause);
      const slow = await world.connect('slow');
      const publisher = await world.connect('p');
      await slow.subscribe('a');
      slow.stream.stall();
      await send(world, publisher, 'a', qos);
      expect(world.broker.stats.messagesReceived).toBeLessThan(20);
      expect(await takeAll(world, slow)).toEqual(everything);
      expect(dropped(world)).toBe(0);
    },
  );

  test('makes all who publish to the receiver wait, each in its turn, and nobody else', async () => {
    const world = await startTestBroker(pause);
    const slow = await world.connect('slow');
    const quick = await world.connect('quick');
    await slow.subscribe('a', { qos: 0 });
    await quick.subscribe('b', { qos: 0 });
    const publishers = [await world.connect('p1'), await world.connect('p2')];
    const other = await world.connect('other');
    slow.stream.stall();
    for (const publisher of publishers) await send(world, publisher, 'a', 0);
    await send(world, other, 'b', 0);
    expect(await quick.payloads()).toEqual(everything);
    const held = slow.stream.heldBytes + slow.stream.writableLength;
    expect(held).toBeLessThan(2 * (limits.maxOutputBytes + 2 * 10_100));
    expect(await takeAll(world, slow)).toHaveLength(100);
    expect(dropped(world)).toBe(0);
  });

  test('closes a receiver that takes nothing, and the publishers go on', async () => {
    const world = await startTestBroker(pause);
    const slow = await world.connect('slow');
    const publisher = await world.connect('p');
    const quick = await world.connect('quick');
    for (const client of [slow, quick]) await client.subscribe('a', { qos: 0 });
    slow.stream.stall();
    await send(world, publisher, 'a', 0);
    expect((await quick.payloads()).length).toBeLessThan(20);
    await world.advance(32_500);
    expect(slow.stream.destroyed).toBe(true);
    expect((await quick.payloads()).length).toBeGreaterThan(30);
    expect(publisher.closed).toBe(false);
  });

  test('closes a receiver that takes so little that others wait for ever', async () => {
    const world = await startTestBroker(pause);
    const slow = await world.connect('slow');
    const publisher = await world.connect('p');
    await slow.subscribe('a', { qos: 0 });
    slow.stream.stall();
    await send(world, publisher, 'a', 0);
    for (let round = 0; round < 100 && !slow.closed; round++) {
      // A byte now and then is progress, but no excuse.
      if (round % 20 === 0) slow.stream.takeOne();
      await world.advance(1_000);
    }
    expect(world.broker.sessions.get('slow')).toBeUndefined();
    await expectRead(world, publisher);
  });

  test('drops QoS 0 of who cannot wait: the application', async () => {
    const world = await startTestBroker(pause);
    const slow = await world.connect('slow');
    await slow.subscribe('a', { qos: 0 });
    slow.stream.stall();
    for (let index = 0; index < 20; index++) await world.publish('a', large(index));
    expect(world.dropped('slow-receiver')).toBeGreaterThan(5);
  });

  test('closes no receiver for a publisher that is gone', async () => {
    const world = await startTestBroker(pause);
    const slow = await world.connect('slow', { properties: { receiveMaximum: 1 } });
    await slow.subscribe('a');
    slow.acknowledges = false;
    const publisher = await world.connect('p');
    await send(world, publisher, 'a', 1);
    expect(world.broker.stats.messagesReceived).toBeLessThan(20);
    await world.connect('p');
    expect(publisher.closed).toBe(true);
    await world.advance(70_000);
    expect(slow.closed).toBe(false);
  });

  test('waits for nobody who is absent', async () => {
    const world = await startTestBroker({ ...pause, limits: { ...limits, maxQueuedMessages: 10 } });
    const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
    const absent = await world.connect('absent', durable);
    await absent.subscribe('a');
    await absent.drop();
    const publisher = await world.connect('p');
    await send(world, publisher, 'a', 1);
    expect(world.broker.stats.messagesReceived).toBe(50);
    expect(world.dropped('queue-full')).toBe(40);
  });

  test('lets publishers go on when the receiver leaves', async () => {
    const world = await startTestBroker(pause);
    const slow = await world.connect('slow');
    const publisher = await world.connect('p');
    await slow.subscribe('a', { qos: 0 });
    slow.stream.stall();
    await send(world, publisher, 'a', 0);
    await slow.drop();
    await world.settle();
    expect(world.broker.stats.messagesReceived).toBe(50);
  });
});

describe("slowReceiver: 'pause' comes to no standstill where a client waits for", () => {
  test.each([0, 1, 2] as const)('itself, QoS %i', async (qos) => {
    const world = await startTestBroker(pause);
    const client = await world.connect('self');
    await client.subscribe('a');
    client.stream.stall();
    await send(world, client, 'a', qos);
    const got = (await takeAll(world, client)).length;
    expect(got + dropped(world)).toBe(50);
    await expectRead(world, client);
  });

  test.each([0, 1, 2] as const)('another one that waits for it, QoS %i', async (qos) => {
    const world = await startTestBroker(pause);
    const [one, two] = [await world.connect('one'), await world.connect('two')];
    await one.subscribe('to/one');
    await two.subscribe('to/two');
    for (const client of [one, two]) client.stream.stall();
    await Promise.all([send(world, one, 'to/two', qos), send(world, two, 'to/one', qos)]);
    one.stream.unstall();
    const second = await takeAll(world, two);
    const first = await takeAll(world, one);
    expect(first.length + second.length + dropped(world)).toBe(100);
    if (qos === 0) expect(dropped(world)).toBe(0);
    for (const client of [one, two]) {
      await expectRead(world, client);
    }
  });

  test('others that come back with it to queues, and publish to each other at once', async () => {
    const windowed = { ...limits, windowMessages: 4 };
    const world = await startTestBroker({ ...pause, limits: windowed });
    const fields = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const names = ['one', 'two', 'three'];
    for (const name of names) {
      const client = await world.connect(name, fields);
      await client.subscribe('all', { qos: 1 });
      await client.drop();
    }
    for (let count = 0; count < 100; count++) await world.publish('all', `${count}`, { qos: 1 });
    const back = names.map((name) => {
      const client = world.client(5);
      const properties = { ...fields.properties, receiveMaximum: 1 };
      const connect = connectPacket(5, { ...fields, clientId: name, properties });
      client.send(connect, publishPacket('all', name, { qos: 1, packetId: 1 }));
      return client;
    });
    await world.settle();
    await world.advance(1_000);
    // With the two of the others, and its own.
    for (const client of back) expect((await client.payloads()).length).toBe(103);
  });

  test('another one that takes nothing either: both end, and a third goes on', async () => {
    const world = await startTestBroker(pause);
    const [one, two] = [await world.connect('one'), await world.connect('two')];
    const third = await world.connect('third');
    await one.subscribe('to/one', { qos: 0 });
    await two.subscribe('to/two', { qos: 0 });
    for (const client of [one, two]) client.stream.stall();
    await send(world, one, 'to/two', 0);
    await send(world, two, 'to/one', 0);
    await send(world, third, 'to/one', 0);
    await world.advance(70_000);
    expect([one.closed, two.closed]).toEqual([true, true]);
    await expectRead(world, third);
  });
});

test("slowReceiver: 'disconnect' ends a connection where QoS 0 would have to be dropped", async () => {
  const world = await startTestBroker({ limits, more: { slowReceiver: 'disconnect' } });
  const slow = await world.connect('slow');
  await slow.subscribe('a', { qos: 0 });
  const publisher = await world.connect('p');
  slow.stream.stall();
  await send(world, publisher, 'a', 0);
  expect(world.broker.sessions.get('slow')).toBeUndefined();
  expect(world.dropped('slow-receiver')).toBe(1);
  expect(world.broker.stats.messagesReceived).toBe(50);
  slow.stream.unstall();
  await world.settle();
  expect(slow.disconnectCode).toBe(0x97);
});
