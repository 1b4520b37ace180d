import type { LimitedEvent } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import type { Limits } from '../../src/index.ts';
import {
  aWill,
  connectPacket,
  publishPacket,
  subscribePacket,
  subscription,
  unsubscribePacket,
} from '../support/packets.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

interface Limited {
  readonly world: TestBroker;
  /** `limit action client` of each event. */
  readonly told: string[];
  readonly events: LimitedEvent[];
}

async function withLimits(limits: Partial<Limits>): Promise<Limited> {
  const told: string[] = [];
  const events: LimitedEvent[] = [];
  const world = await startTestBroker({
    limits,
    plugins: [
      aPlugin((context) =>
        context.hook('limited', (event) => {
          events.push(event);
          told.push([event.limit, event.action, event.clientId].filter(Boolean).join(' '));
        }),
      ),
    ],
  });
  return { world, told, events };
}

const userProperties = [['name', 'value']] as const;

describe('limited, before a client is known', () => {
  test.each<[keyof Limits, number, Parameters<typeof connectPacket>[1]]>([
    ['maxClientIdBytes', 23, { clientId: 'x'.repeat(24) }],
    ['maxConnectPacketBytes', 128, { clientId: 'c', userName: 'x'.repeat(200) }],
    ['maxPacketBytes', 128, { clientId: 'c', userName: 'x'.repeat(200) }],
    ['maxUserProperties', 0, { clientId: 'c', properties: { userProperties } }],
    ['maxUserPropertyBytes', 3, { clientId: 'c', properties: { userProperties } }],
    [
      'maxUserProperties',
      0,
      { clientId: 'c', will: aWill('a', 'x', { properties: { userProperties } }) },
    ],
    [
      'maxUserPropertyBytes',
      3,
      { clientId: 'c', will: aWill('a', 'x', { properties: { userProperties } }) },
    ],
    ['maxTopicBytes', 3, { clientId: 'c', will: aWill('long') }],
    ['maxTopicLevels', 1, { clientId: 'c', will: aWill('a/b') }],
    ['maxQos', 0, { clientId: 'c', will: aWill('a', 'x', { qos: 1 }) }],
  ])('%s refuses', async (limit, value, fields) => {
    const { world, told, events } = await withLimits({ [limit]: value });
    const client = world.client(5, { remoteAddress: '192.0.2.1' });
    client.send(connectPacket(5, fields));
    await world.settle();
    expect([told, client.closed]).toEqual([[`${limit} refused`], true]);
    expect(events[0]?.connection?.remoteAddress).toBe('192.0.2.1');
  });

  test('maxKeepAliveSeconds refuses 3.x', async () => {
    const { world, told } = await withLimits({ maxKeepAliveSeconds: 10 });
    await world.client(4).connect({ clientId: 'c', keepAlive: 20 });
    await world.connect('d', { keepAlive: 20 });
    expect(told).toEqual(['maxKeepAliveSeconds refused']);
  });

  test('maxConnections and maxSessions refuse', async () => {
    const { world, told } = await withLimits({ maxConnections: 2, maxSessions: 1 });
    await world.connect('c');
    const second = world.client(5);
    expect((await second.connect({ clientId: 'd' })).reasonCode).toBe(0x97);
    await world.settle();
    world.client(5);
    expect(told).toEqual(['maxSessions refused']);
    world.client(5);
    expect(told).toEqual(['maxSessions refused', 'maxConnections refused']);
  });

  test('connectTimeoutMs and closeTimeoutMs close', async () => {
    const { world, told } = await withLimits({ connectTimeoutMs: 100, closeTimeoutMs: 200 });
    const client = world.client(5);
    client.stream.stall();
    await world.advance(100);
    expect(told).toEqual(['connectTimeoutMs closed']);
    const stuck = await world.connect('stuck');
    stuck.stream.stall();
    world.broker.disconnect('stuck');
    await world.advance(200);
    expect(told).toEqual(['connectTimeoutMs closed', 'closeTimeoutMs closed stuck']);
  });
});

describe('limited, by what a client does', () => {
  test.each<[keyof Limits, number, (client: TestClient) => void]>([
    ['maxPacketBytes', 128, (client) => client.send(publishPacket('a', 'x'.repeat(200)))],
    ['maxQos', 1, (client) => client.send(publishPacket('a', 'x', { qos: 2, packetId: 1 }))],
    [
      'topicAliasMaximum',
      1,
      (client) => client.send(publishPacket('a', 'x', { properties: { topicAlias: 2 } })),
    ],
    [
      'receiveMaximum',
      1,
      (client) => {
        client.acknowledges = false;
        for (const packetId of [1, 2]) client.send(publishPacket('a', 'x', { qos: 2, packetId }));
      },
    ],
    [
      'maxSubscriptionsPerPacket',
      1,
      (client) => client.send(subscribePacket(1, [subscription('a'), subscription('b')])),
    ],
    ['maxSubscriptionsPerPacket', 1, (client) => client.send(unsubscribePacket(1, ['a', 'b']))],
  ])('%s closes', async (limit, value, act) => {
    const { world, told } = await withLimits({ [limit]: value });
    const client = await world.connect('c');
    act(client);
    await world.settle();
    expect([told, client.closed]).toEqual([[`${limit} closed c`], true]);
  });

  test('refuses a subscription too many, and filters and topics that are too long', async () => {
    const { world, told } = await withLimits({
      maxSubscriptionsPerSession: 1,
      maxTopicBytes: 10,
      maxTopicLevels: 2,
    });
    const client = await world.connect('c');
    const filters = ['a', 'b', 'a/b/c', 'x'.repeat(11)].map((filter) => subscription(filter));
    expect((await client.subscribe(filters)).reasonCodes).toEqual([2, 0x97, 0x8f, 0x8f]);
    expect(await client.publish('a/b/c', '', { qos: 1 })).toBe(0x90);
    expect(told).toEqual([
      'maxTopicLevels refused c',
      'maxTopicBytes refused c',
      'maxSubscriptionsPerSession refused c',
      'maxTopicLevels refused c',
    ]);
  });

  test('maxPendingCommitBytes pauses a publisher, once until it is relieved', async () => {
    const { world, told } = await withLimits({ maxPendingCommitBytes: 65_536 });
    const client = await world.connect('c', { acknowledges: false });
    const pauses = async () => {
      world.persistence.hold();
      for (let packetId = 1; packetId <= 4; packetId++) {
        client.send(publishPacket('a', 'x'.repeat(40_000), { qos: 1, packetId, retain: true }));
        await world.settle();
      }
      world.persistence.release();
      await world.settle();
    };
    await pauses();
    expect(told.slice(0, 1)).toEqual(['maxPendingCommitBytes paused c']);
    const before = told.length;
    await pauses();
    expect(told.length).toBeGreaterThan(before);
    expect(new Set(told).size).toBe(1);
  });

  test('maxOutputBytes pauses once until the stream has drained, stalledTimeoutMs closes', async () => {
    const { world, told } = await withLimits({ maxOutputBytes: 65_536, stalledTimeoutMs: 1_000 });
    const client = await world.connect('c');
    await client.subscribe('#');
    const flood = async () => {
      client.stream.stall();
      for (let count = 0; count < 5; count++) await world.publish('a', 'x'.repeat(40_000));
    };
    await flood();
    expect(told).toEqual(['maxOutputBytes paused c']);
    client.stream.unstall();
    await world.settle();
    await flood();
    expect(told).toEqual(['maxOutputBytes paused c', 'maxOutputBytes paused c']);
    // Bytes left in the first second.
    await world.advance(2_000);
    expect(told.slice(2)).toEqual(['stalledTimeoutMs closed c']);
  });
});

test('a member of a share group that is disconnected when its output is full harms nobody else', async () => {
  const plugin = aPlugin(({ hook, broker }) => {
    hook('limited', ({ clientId = '' }) => void broker.disconnect(clientId));
  });
  const limits = { maxOutputBytes: 65_536 };
  const world = await startTestBroker({ plugins: [plugin], limits });
  const members: TestClient[] = [];
  for (const clientId of ['one', 'two', 'three']) {
    const member = await world.connect(clientId);
    await member.subscribe('$share/g/a', { qos: 0 });
    members.push(member);
  }
  members[1]?.stream.stall();
  const publisher = await world.connect('p');
  for (let count = 0; count < 60; count++) await publisher.publish('a', 'x'.repeat(10_000));
  expect(world.broker.sessions.get('two')).toBeUndefined();
  expect(publisher.closed).toBe(false);
  expect(world.errors).toEqual([]);
});
