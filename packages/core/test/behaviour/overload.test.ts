import type { LimitedEvent } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import type { OverloadEvent } from '../../src/index.ts';
import { pingreq, publishPacket } from '../support/packets.ts';
import { levelStore } from '../support/stores.ts';
import {
  aPlugin,
  startTestBroker,
  type TestBroker,
  type TestBrokerOptions,
} from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

const megabyte = 1_048_576;
const limits = { maxMemoryBytes: 4 * megabyte, maxQueuedBytes: 64 * megabyte };
const large = 'x'.repeat(100_000);

/** A broker with little memory, what it did about that, and somebody whose messages wait. */
async function aTightBroker(options: TestBrokerOptions = {}) {
  const limited: LimitedEvent[] = [];
  const seen: OverloadEvent[] = [];
  const watch = aPlugin(
    (context) => context.hook('limited', (event) => void limited.push(event)),
    'watch',
  );
  const world = await startTestBroker({ limits, plugins: [watch], ...options });
  world.broker.on('overload', (event) => seen.push(event));
  const idle = await world.connect('idle', { acknowledges: false });
  await idle.subscribe('queue', { qos: 1 });
  return { world, limited, seen, idle };
}

/** Messages that wait for a client which acknowledges nothing; some 100 KB each. */
async function fill(world: TestBroker, publisher: TestClient, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    publisher.send(
      publishPacket('queue', large, { qos: 1, packetId: publisher.packetId() % 60_000 }),
    );
    await world.settle();
  }
}

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

async function anAbsentReader(world: TestBroker): Promise<void> {
  const reader = await world.connect('absent', durable);
  await reader.subscribe('queue', { qos: 1 });
  await reader.drop();
}

describe('a broker whose memory gets short', () => {
  test('tells so, level by level, and again when it is enough', async () => {
    const { world, seen } = await aTightBroker();
    await anAbsentReader(world);
    for (const count of [30, 7, 4]) {
      // The application is asked nothing, and held back by nobody.
      for (let index = 0; index < count; index++) await world.publish('queue', large, { qos: 1 });
      await world.advance(1_000);
    }
    expect(seen.map(({ level, previous }) => [previous, level])).toEqual([
      ['none', 'slowing'],
      ['slowing', 'dropping'],
      ['dropping', 'refusing'],
    ]);
    expect(seen[0]).toMatchObject({ maxMemoryBytes: 4 * megabyte });
    expect(seen[0]?.memoryBytes).toBeGreaterThan(0.7 * 4 * megabyte);
    expect(world.broker.stats).toMatchObject({ overload: 'refusing', overloadsTotal: 1 });
    void world.broker.sessions.end('absent');
    await world.advance(10_000);
    expect(seen.slice(3).map(({ level }) => level)).toEqual(['dropping', 'slowing', 'none']);
    expect(world.broker.stats).toMatchObject({ overload: 'none', heldClients: 0 });
  });

  test('counts what a client that returns after a restart has in memory of its queue', async () => {
    const world = await startTestBroker({ limits, store: levelStore() });
    await anAbsentReader(world);
    for (let index = 0; index < 30; index++) await world.publish('queue', large, { qos: 1 });
    await world.restart();
    const reader = await world.connect('absent', { ...durable, acknowledges: false });
    await world.advance(1_000);
    expect(await reader.payloads()).toHaveLength(30);
    expect(world.broker.stats.memoryBytes).toBeGreaterThan(30 * large.length);
    await reader.drop();
    await world.advance(10_000);
    expect(world.broker.stats.memoryBytes).toBeLessThan(large.length);
  });

  test('hardly reads who publishes most, and others as ever', async () => {
    const { world, limited } = await aTightBroker();
    await anAbsentReader(world);
    const heavy = await world.connect('heavy');
    const light = await world.connect('light');
    await fill(world, heavy, 30);
    await light.publish('little', 'x', { qos: 1 });
    await world.advance(250);
    expect(world.broker.stats.heldClients).toBe(1);
    expect(limited).toMatchObject([
      { limit: 'maxMemoryBytes', action: 'paused', clientId: 'heavy' },
    ]);
    const before = world.broker.stats.messagesReceived;
    for (let index = 0; index < 50; index++) heavy.send(publishPacket('other', 'x'));
    expect(await light.publish('little', 'x', { qos: 1 })).toBe(0x10);
    expect(world.broker.stats.messagesReceived).toBe(before + 1);
    // It is not forgotten: what it sent comes in as the seconds go by.
    await world.advance(5_000);
    expect(world.broker.stats.messagesReceived).toBeGreaterThan(before + 1);
    expect(heavy.closed).toBe(false);
  });

  test('reads everybody again when the memory is enough', async () => {
    const { world } = await aTightBroker();
    await anAbsentReader(world);
    const heavy = await world.connect('heavy');
    await fill(world, heavy, 30);
    await world.advance(250);
    expect(world.broker.stats.heldClients).toBe(1);
    void world.broker.sessions.end('absent');
    await world.advance(3_000);
    expect(world.broker.stats.heldClients).toBe(0);
    const before = world.broker.stats.messagesReceived;
    await heavy.publish('a', 'x');
    expect(world.broker.stats.messagesReceived).toBe(before + 1);
  });

  test('reads to the end what was sent by those who were held back and have all gone', async () => {
    const { world, idle } = await aTightBroker();
    await anAbsentReader(world);
    await idle.drop();
    const heavy: TestClient[] = [];
    for (let index = 0; index < 8; index++) heavy.push(await world.connect(`heavy ${index}`));
    for (let round = 0; round < 6; round++) {
      for (const client of heavy) await fill(world, client, 1);
    }
    await world.advance(250);
    expect(world.broker.stats).toMatchObject({ overload: 'refusing', heldClients: 8 });
    void world.broker.sessions.end('absent');
    while (world.broker.stats.overload !== 'none') await world.advance(250);
    expect(world.broker.stats.heldClients).toBeGreaterThan(0);
    for (const client of heavy) client.stream.destroy();
    await world.advance(3_000);
    expect(world.broker.stats).toMatchObject({ clients: 0, sessions: 0, heldClients: 0 });
    expect(world.environment.timers).toBe(0);
  });

  test('drops QoS 0 for who is behind, under a reason of its own, and closes who stays behind', async () => {
    const { world } = await aTightBroker();
    await anAbsentReader(world);
    const publisher = await world.connect('p');
    const slow = await world.connect('slow');
    const quick = await world.connect('quick');
    for (const client of [slow, quick]) await client.subscribe('live', { qos: 0 });
    await fill(world, publisher, 37);
    await world.advance(250);
    expect(world.broker.stats.overload).toBe('dropping');
    slow.stream.stall();
    for (let index = 0; index < 5; index++) {
      await world.publish('live', 'y'.repeat(50_000));
    }
    // Below its own bound of a mebibyte, but not below what is left in a time of need.
    expect(world.dropped('overload')).toBe(3);
    expect(world.dropped('slow-receiver')).toBe(0);
    expect(await quick.payloads()).toHaveLength(5);
    await world.advance(60_000);
    expect(world.broker.sessions.get('slow')).toBeUndefined();
    expect(quick.closed).toBe(false);
  });

  test.each([
    [5, undefined, 0x97, undefined],
    [4, undefined, 3, undefined],
    [5, 'other.example:1883', 0x9c, 'other.example:1883'],
    [4, 'other.example:1883', 3, undefined],
  ] as const)(
    'refuses CONNECT of version %i, sending it to %s',
    async (version, to, code, reference) => {
      const { world, limited } = await aTightBroker({
        ...(to !== undefined && { more: { serverReference: to } }),
      });
      await anAbsentReader(world);
      const publisher = await world.connect('p');
      await fill(world, publisher, 41);
      await world.advance(250);
      expect(world.broker.stats.overload).toBe('refusing');
      const refused = world.client(version);
      const connack = await refused.connect({ clientId: 'late' });
      expect(connack.reasonCode).toBe(code);
      expect(connack.properties.serverReference).toBe(reference);
      if (to === undefined) {
        expect(limited.at(-1)).toMatchObject({ limit: 'maxMemoryBytes', action: 'refused' });
      }
      expect(publisher.closed).toBe(false);
      void world.broker.sessions.end('absent');
      await world.advance(3_000);
      expect((await world.resume('late', { version })).connack.reasonCode).toBe(0);
    },
  );

  test('lets in whose messages fill the memory: nobody else makes room', async () => {
    const { world, idle } = await aTightBroker();
    await idle.drop();
    await anAbsentReader(world);
    const publisher = await world.connect('p');
    await fill(world, publisher, 41);
    await world.advance(10_000);
    expect(world.broker.stats.overload).toBe('refusing');
    const other = world.client();
    expect((await other.connect({ clientId: 'other' })).reasonCode).toBe(0x97);
    const reader = await world.connect('absent', durable);
    await world.advance(10_000);
    expect(await reader.payloads()).toHaveLength(41);
    expect(world.broker.stats.overload).toBe('none');
    await world.connect('other');
  });

  test('looks at its memory only when something comes, and not for ever', async () => {
    const { world, idle } = await aTightBroker();
    await world.advance(1_000);
    const quiet = world.environment.timers;
    idle.send(pingreq);
    await world.settle();
    await world.advance(250);
    expect(world.environment.timers).toBe(quiet);
  });
});
