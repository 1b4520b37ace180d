import { getDefaultHighWaterMark, setDefaultHighWaterMark } from 'node:stream';
import type { Packet } from '@sluice/packet';
import { describe, expect, test } from 'vitest';
import {
  acknowledgement,
  pingreq,
  publishPacket,
  subscribePacket,
  subscription,
  unsubscribePacket,
} from '../support/packets.ts';
import { startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

const limits = { maxOutputBytes: 65_536, stalledTimeoutMs: 30_000 };
const large = 'x'.repeat(10_000);

async function flood(world: TestBroker, topic: string, count: number, qos: 0 | 1 | 2) {
  for (let index = 0; index < count; index++) {
    void world.broker.publish({ topic, payload: large, qos });
    await world.settle();
  }
}

describe('a client that takes nothing', () => {
  test('gets no more QoS 0, which is counted, and holds nobody up', async () => {
    const world = await startTestBroker({ limits });
    const slow = await world.connect('slow');
    const quick = await world.connect('quick');
    for (const client of [slow, quick]) await client.subscribe('a', { qos: 0 });
    slow.stream.stall();
    await flood(world, 'a', 20, 0);
    expect(await quick.payloads()).toHaveLength(20);
    expect(slow.stream.heldBytes).toBeLessThan(20_000);
    expect(world.dropped('slow-receiver')).toBeGreaterThan(10);
    slow.stream.unstall();
    const got = (await slow.payloads()).length;
    expect(got + world.dropped('slow-receiver')).toBe(20);
    await flood(world, 'a', 1, 0);
    expect(await slow.payloads()).toHaveLength(1);
  });

  test.each([1, 2] as const)(
    'has its QoS %i queued, and gets it when it takes again',
    async (qos) => {
      const world = await startTestBroker({ limits });
      const slow = await world.connect('slow');
      await slow.subscribe('a');
      slow.stream.stall();
      await flood(world, 'a', 30, qos);
      expect(world.broker.stats.messagesSent).toBeLessThan(15);
      slow.stream.unstall();
      expect(await slow.payloads()).toHaveLength(30);
      expect([...world.broker.stats.dropped.values()].every((count) => count === 0)).toBe(true);
    },
  );

  test('is closed when it goes on for too long, and its session goes on', async () => {
    const world = await startTestBroker({ limits });
    const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
    const slow = await world.connect('slow', durable);
    await slow.subscribe('a');
    slow.stream.stall();
    await flood(world, 'a', 10, 1);
    await world.advance(29_999);
    expect(world.broker.stats.clients).toBe(1);
    await world.advance(1);
    expect(world.broker.stats.clients).toBe(0);
    // The stream gets a little time to take its last bytes, and then no more.
    await world.advance(2_000);
    expect(slow.stream.destroyed).toBe(true);
    expect(world.broker.stats.connections).toBe(0);
    const back = await world.connect('slow', durable);
    expect(await back.payloads()).toHaveLength(10);
  });

  const many = 1_000;
  const requests: [string, Packet][] = [
    ['PINGREQ', pingreq],
    ['QoS 1', publishPacket('b', 'x', { qos: 1, packetId: 1 })],
    ['SUBSCRIBE', subscribePacket(1, [subscription('b')])],
    ['UNSUBSCRIBE', unsubscribePacket(1, ['b'])],
    ['PUBREL', acknowledgement('pubrel', 1)],
    ['PUBREC', acknowledgement('pubrec', 1)],
    ['PUBREC that nothing was sent for', acknowledgement('pubrec', 2)],
  ];

  test.each(requests)('is not read from either while it sends %s', async (_, request) => {
    const world = await startTestBroker({ limits });
    const slow = await world.connect('slow', { acknowledges: false });
    await slow.subscribe('a');
    await world.publish('a', 'x', { qos: 2 });
    await slow.unread();
    slow.stream.stall();
    for (let round = 0; round < 50; round++) {
      slow.send(...Array.from({ length: many }, () => request));
      await world.settle();
    }
    expect(slow.stream.heldBytes + slow.stream.writableLength).toBeLessThan(100_000);
    slow.stream.unstall();
    expect(await slow.unread()).toHaveLength(50 * many);
    slow.stream.stall();
    for (let round = 0; round < 50; round++) {
      slow.send(...Array.from({ length: many }, () => request));
      await world.settle();
    }
    await world.advance(31_000);
    expect(world.broker.stats.clients).toBe(0);
  });
});

describe('a stream that takes more than maxOutputBytes before it tells that it is full', () => {
  async function aRoomyClient(world: TestBroker): Promise<TestClient> {
    const before = getDefaultHighWaterMark(false);
    setDefaultHighWaterMark(false, 4_194_304);
    const slow = await world.connect('slow');
    setDefaultHighWaterMark(false, before);
    return slow;
  }

  test('gets what waited for it', async () => {
    const world = await startTestBroker({ limits });
    for (let index = 0; index < 50; index++) {
      await world.publish(`retained/${index}`, large, { retain: true });
    }
    const slow = await aRoomyClient(world);
    slow.stream.stall();
    slow.send(subscribePacket(1, [subscription('#', { qos: 1 })]));
    await world.settle();
    await world.publish('a', 'x', { qos: 1 });
    slow.stream.unstall();
    await world.advance(5_000);
    expect(await slow.messages()).toHaveLength(51);
  });

  test('is read from again when it sent PINGREQ', async () => {
    const world = await startTestBroker({ limits });
    const slow = await aRoomyClient(world);
    await slow.subscribe('a', { qos: 0 });
    slow.stream.stall();
    await flood(world, 'a', 10, 0);
    slow.send(pingreq);
    await world.settle();
    slow.stream.unstall();
    await world.advance(1_000);
    slow.send(pingreq);
    await world.settle();
    expect(slow.history.filter((name) => name === 'pingresp')).toHaveLength(2);
  });
});

test('a client that takes a little all the time is not closed', async () => {
  const world = await startTestBroker({ limits });
  const slow = await world.connect('slow');
  await slow.subscribe('a', { qos: 0 });
  slow.stream.stall();
  for (let round = 0; round < 50; round++) {
    // The line is always full, but it moves.
    await flood(world, 'a', 10, 0);
    slow.stream.takeOne();
    await world.advance(10_000);
  }
  expect(slow.closed).toBe(false);
  expect(world.broker.stats.clients).toBe(1);
});

test('a client that was slow once is watched anew the next time', async () => {
  const world = await startTestBroker({ limits });
  const slow = await world.connect('slow');
  await slow.subscribe('a', { qos: 0 });
  for (let round = 0; round < 3; round++) {
    slow.stream.stall();
    await flood(world, 'a', 10, 0);
    await world.advance(20_000);
    slow.stream.unstall();
    await world.advance(20_000);
  }
  expect(world.broker.stats.clients).toBe(1);
  slow.stream.stall();
  await flood(world, 'a', 10, 0);
  await world.advance(30_000);
  expect(world.broker.stats.clients).toBe(0);
});

test('a peer that ends its side and takes nothing does not keep the stream open', async () => {
  const world = await startTestBroker({ limits });
  const slow = await world.connect('slow');
  await slow.subscribe('a', { qos: 0 });
  slow.stream.stall();
  await flood(world, 'a', 10, 0);
  slow.stream.push(null);
  await world.advance(10_000);
  expect(slow.stream.destroyed).toBe(true);
  expect(world.broker.stats.connections).toBe(0);
  const closing = world.broker.close();
  await world.settle();
  await closing;
});
