import { encodePacket } from '@sluice/packet';
import { expect, test } from 'vitest';
import {
  acknowledgement,
  aWill,
  connectPacket,
  publishPacket,
  subscribePacket,
  subscription,
  unsubscribePacket,
} from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
const full = new Error('the disk is full');

async function aKeeper(world: TestBroker): Promise<void> {
  const keeper = await world.connect('keeper', durable);
  await keeper.subscribe('a', { qos: 2 });
  await keeper.drop();
}

test.each(stores)('acknowledgements wait until %s can commit again', async (_name, makeStore) => {
  const world = await startTestBroker({ store: makeStore() });
  const recovered: unknown[] = [];
  world.broker.on('recovered', (event) => recovered.push(event));
  await aKeeper(world);
  const one = await world.connect('one');
  const two = await world.connect('two', durable);

  world.persistence.failure = full;
  one.send(publishPacket('a', '1', { qos: 1, packetId: 1 }));
  one.send(publishPacket('a', '2', { qos: 2, packetId: 2 }));
  two.send(subscribePacket(3, [subscription('b')]));
  await world.advance(3_000);
  expect([one.history, two.history]).toEqual([['connack'], ['connack']]);
  expect([one.closed, two.closed]).toEqual([false, false]);
  expect(world.errors).toMatchObject([{ code: 'SLUICE_PERSISTENCE_FAILED', cause: full }]);
  expect(world.broker.persistenceFailure).toBe(world.errors[0]);

  world.persistence.failure = undefined;
  await world.advance(5_000);
  expect(one.history).toEqual(['connack', 'puback', 'pubrec']);
  expect(two.history).toEqual(['connack', 'suback']);
  expect(recovered).toEqual([{ failedForMs: expect.any(Number), attempts: 5 }]);
  expect(world.broker.persistenceFailure).toBeUndefined();
  await world.crash();
  expect(await (await world.connect('keeper', durable)).payloads()).toEqual(['1', '2']);
  expect(world.errors).toHaveLength(1);
});

test('what needs no disk goes on while nothing can be committed', async () => {
  const world = await startTestBroker();
  await aKeeper(world);
  const clean = await world.connect('clean');
  await clean.subscribe('b');
  world.persistence.failure = full;
  await (await world.connect('p')).publish('a', 'x', { qos: 0 });
  void world.broker.publish({ topic: 'a', payload: 'x', qos: 1 }).catch(() => {});
  await world.settle();
  expect(world.errors).toHaveLength(1);
  const other = await world.connect('other');
  expect(await other.publish('b', 'y', { qos: 1 })).toBe(0);
  expect(await clean.payloads()).toEqual(['y']);
});

test.each([3, 4, 5] as const)(
  'a client of version %i that would have to wait for CONNACK is refused',
  async (version) => {
    const world = await startTestBroker();
    await aKeeper(world);
    await world.connect('stored', durable);
    world.persistence.failure = full;
    void world.broker.publish({ topic: 'a', payload: 'x', qos: 1 });
    await world.settle();
    const code = version === 5 ? 0x88 : 3;
    const expiry = version === 5 ? durable.properties : {};
    const refused = [
      { clientId: 'new', cleanStart: false, properties: expiry },
      { clientId: 'stored', cleanStart: true },
      { clientId: 'new', will: aWill('w', 'x') },
    ];
    for (const fields of refused) {
      const client = world.client(version);
      client.send(connectPacket(version, fields));
      expect((await client.receive('connack')).reasonCode).toBe(code);
    }
    world.persistence.failure = undefined;
    await world.advance(5_000);
    await world.connect('new', { version, cleanStart: false });
  },
);

test('publishers are not read further once too much waits, and nothing of it is lost', async () => {
  const world = await startTestBroker({ limits: { maxPendingCommitBytes: 65_536 } });
  await aKeeper(world);
  const keeper = await world.connect('other', durable);
  const client = await world.connect('c');
  world.persistence.failure = full;
  const packet = encodePacket(publishPacket('a', 'x'.repeat(30_000), { qos: 1, packetId: 1 }), 5);
  for (let sent = 0; sent < 5; sent++) client.send(packet);
  await world.advance(60_000);
  expect(world.broker.stats.messagesReceived).toBe(3);
  // Not only PUBLISH counts; and who adds nothing to the heap is not held up.
  keeper.send(subscribePacket(8, [subscription('b')]), subscribePacket(9, [subscription('c')]));
  const clean = await world.connect('clean');
  clean.send(subscribePacket(1, [subscription('b')]), subscribePacket(2, [subscription('c')]));
  await world.settle();
  expect(keeper.history).not.toContain('suback');
  expect(clean.history).toEqual(['connack', 'suback', 'suback']);
  expect(world.broker.stats.subscriptions).toBe(1 + 1 + 2);

  world.persistence.failure = undefined;
  await world.advance(5_000);
  expect(client.history.filter((name) => name === 'puback')).toHaveLength(5);
  expect(await (await world.connect('keeper', durable)).payloads()).toHaveLength(5);
});

test('long filters count as what they take while they wait', async () => {
  const world = await startTestBroker({ limits: { maxPendingCommitBytes: 65_536 } });
  const long = 'x'.repeat(1_000);
  const clients: TestClient[] = [];
  for (const name of ['subscribes', 'unsubscribes']) {
    const client = await world.connect(name, durable);
    for (let count = 0; count < 500; count++) await client.subscribe(`${long}/${count}`);
    clients.push(client);
  }
  const [one, two] = clients as [TestClient, TestClient];
  for (const [client, packets] of [
    [one, (count: number) => subscribePacket(1 + count, [subscription(`${long}/${count}`)])],
    [two, (count: number) => unsubscribePacket(1 + count, [`${long}/${count}`])],
  ] as const) {
    world.persistence.failure = full;
    const before = world.broker.stats.packetsReceived;
    for (let count = 0; count < 500; count++) {
      client.send(packets(count));
      await world.settle();
    }
    expect(world.broker.stats.packetsReceived - before).toBeLessThan(80);
    world.persistence.failure = undefined;
    await world.advance(5_000);
  }
  expect(world.broker.stats.subscriptions).toBe(500);
});

test('the application waits as publishers do, and is refused when too much waits', async () => {
  const world = await startTestBroker({ limits: { maxPendingCommitBytes: 65_536 } });
  await aKeeper(world);
  world.persistence.failure = full;
  const outcomes: string[] = [];
  const message = { topic: 'a', payload: 'x'.repeat(70_000), qos: 1 } as const;
  const first = world.broker.publish(message).then(() => outcomes.push('done'));
  await world.settle();
  await expect(world.broker.publish(message)).rejects.toMatchObject({
    code: 'SLUICE_PERSISTENCE_FAILED',
  });
  expect(outcomes).toEqual([]);
  world.persistence.failure = undefined;
  await world.advance(5_000);
  await first;
  expect(await (await world.connect('keeper', durable)).payloads()).toHaveLength(1);
});

test('a broker that cannot commit closes all the same, and those who wait are told', async () => {
  const world = await startTestBroker();
  await aKeeper(world);
  world.persistence.failure = full;
  const waiting = world.broker.publish({ topic: 'a', payload: 'x', qos: 1 });
  await world.settle();
  const closing = world.broker.close();
  await Promise.all([
    expect(waiting).rejects.toMatchObject({ code: 'SLUICE_PERSISTENCE_FAILED' }),
    world.settle(),
  ]);
  await closing;
});

test('a broker that is closed tries once more to commit', async () => {
  const world = await startTestBroker();
  await aKeeper(world);
  world.persistence.failure = full;
  const waiting = world.broker.publish({ topic: 'a', payload: 'x', qos: 1 });
  await world.advance(1_000);
  world.persistence.failure = undefined;
  await world.restart();
  await waiting;
  expect(await (await world.connect('keeper', durable)).payloads()).toEqual(['x']);
});

test.each([
  ['UNSUBSCRIBE', unsubscribePacket(1, ['x'])],
  ['PUBREL', acknowledgement('pubrel', 1)],
  ['PUBREC', acknowledgement('pubrec', 1)],
  ['QoS 2 that came before', publishPacket('a', 'x', { qos: 2, packetId: 7 })],
])(
  'a client whose answers wait is read no further with so many of them: %s',
  async (_, request) => {
    const world = await startTestBroker();
    const client = await world.connect('c', durable);
    world.persistence.failure = full;
    client.send(subscribePacket(1, [subscription('b')]));
    await world.settle();
    const before = world.broker.stats.packetsReceived;
    for (let round = 0; round < 50; round++) {
      client.send(...Array.from({ length: 100 }, () => request));
      await world.settle();
    }
    expect(world.broker.stats.packetsReceived - before).toBeLessThan(1_100);
    world.persistence.failure = undefined;
    await world.advance(5_000);
    expect(await client.unread()).toHaveLength(5_001);
  },
);

test('a PUBREC that is repeated while its PUBREL waits is answered with that one', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c', { ...durable, acknowledges: false });
  await client.subscribe('a');
  await world.publish('a', 'x', { qos: 2 });
  const [message] = await client.messages();
  world.persistence.failure = full;
  const pubrec = acknowledgement('pubrec', message?.packetId ?? 0);
  client.send(...Array.from({ length: 5_000 }, () => pubrec));
  await world.settle();
  world.persistence.failure = undefined;
  await world.advance(5_000);
  expect(await client.unread()).toEqual(['pubrel']);
  client.send(pubrec);
  expect(await client.unread()).toEqual(['pubrel']);
});

test.each([3, 4] as const)(
  'a client of version %i is read no further with Receive Maximum messages of QoS 2 that wait',
  async (version) => {
    const world = await startTestBroker({ limits: { receiveMaximum: 10 } });
    const subscriber = await world.connect('s');
    await subscriber.subscribe('a', { qos: 0 });
    const publisher = await world.connect('p', { version, cleanStart: false });
    world.persistence.failure = full;
    const before = world.broker.stats.messagesReceived;
    for (let packetId = 1; packetId <= 100; packetId++) {
      publisher.send(publishPacket('a', 'x', { qos: 2, packetId }));
      await world.settle();
    }
    expect(world.broker.stats.messagesReceived - before).toBeLessThan(15);
    world.persistence.failure = undefined;
    await world.advance(5_000);
    expect(await subscriber.messages()).toHaveLength(100);
    expect(await publisher.unread()).toHaveLength(100);
  },
);
