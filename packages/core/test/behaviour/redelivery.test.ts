import { describe, expect, test } from 'vitest';
import { acknowledgement, connectPacket } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
const silent = { ...durable, acknowledges: false };

async function aSilentReader(world: TestBroker): Promise<TestClient> {
  const client = await world.connect('c', silent);
  await client.subscribe('a/#');
  return client;
}

/** What came, as name, packet id and DUP. */
async function story(client: TestClient): Promise<string[]> {
  await client.unread();
  return client.received().flatMap((packet) => {
    if (packet.type === 3) {
      const { packetId, dup, payload } = packet;
      return [`publish ${packetId} ${payload}${dup ? ' dup' : ''}`];
    }
    return packet.type === 6 ? [`pubrel ${packet.packetId}`] : [];
  });
}

describe.each(stores)('a resumed session with a %s store', (_, makeStore) => {
  test.each([
    ['reconnects', async () => undefined],
    ['meets a new broker', (world: TestBroker) => world.restart()],
    ['meets a new broker after a crash', (world: TestBroker) => world.crash()],
  ])('gets in its order what was not finished when it %s', async (_name, between) => {
    const world = await startTestBroker({ store: makeStore() });
    const client = await aSilentReader(world);
    for (const [payload, qos] of [
      ['one', 1],
      ['two', 2],
      ['three', 2],
      ['four', 1],
      ['five', 2],
    ] as const) {
      await world.publish(`a/${payload}`, payload, { qos });
    }
    const ids = (await client.messages()).map(({ packetId }) => packetId);
    const [one, two, three, four, five] = ids;
    client.send(acknowledgement('puback', four ?? 0), acknowledgement('pubrec', two ?? 0));
    await world.settle();
    await client.drop();
    await world.publish('a/six', 'six', { qos: 1 });
    await between(world);
    const back = await world.connect('c', silent);
    await world.publish('a/live', 'live', { qos: 1 });
    const told = await story(back);
    expect(told.slice(0, 4)).toEqual([
      `publish ${one} one dup`,
      `pubrel ${two}`,
      `publish ${three} three dup`,
      `publish ${five} five dup`,
    ]);
    expect(told.slice(4).map((line) => line.replace(/publish \d+ /, ''))).toEqual(['six', 'live']);
    // A PUBLISH that was answered with PUBREC never comes again.
    expect(told.join()).not.toContain('two');
  });

  test('messages that were published while nobody was there are not duplicates', async () => {
    const world = await startTestBroker({ store: makeStore() });
    await (await aSilentReader(world)).drop();
    await world.publish('a/x', '1', { qos: 1 });
    await world.publish('a/x', '2', { qos: 2 });
    const back = await world.connect('c', durable);
    expect((await back.messages()).map(({ dup }) => dup)).toEqual([false, false]);
  });

  test('messages that are published after a restart are not duplicates', async () => {
    const world = await startTestBroker({ store: makeStore() });
    await (await aSilentReader(world)).drop();
    await world.publish('a/x', 'before', { qos: 1 });
    await world.restart();
    await world.publish('a/x', 'after', { qos: 1 });
    const back = await world.connect('c', durable);
    await world.publish('a/x', 'live', { qos: 2 });
    const messages = await back.messages();
    expect(messages.map(({ payload }) => payload)).toEqual(['before', 'after', 'live']);
    expect(messages.map(({ dup }) => dup)).toEqual([false, false, false]);
  });

  test('a message is a duplicate, also when the acknowledgement before it is lost in a crash', async () => {
    const world = await startTestBroker({ store: makeStore(), limits: { maxInflightMessages: 1 } });
    const client = await aSilentReader(world);
    await world.publish('a/x', '1', { qos: 1 });
    await world.publish('a/x', '2', { qos: 2 });
    const [first] = await client.messages();
    world.persistence.hold();
    client.send(acknowledgement('puback', first?.packetId ?? 0));
    expect(await client.payloads()).toEqual(['2']);
    await world.crash();
    await world.crash();
    const back = await world.connect('c', durable);
    const messages = await back.messages();
    expect(messages.map(({ payload, dup }) => [payload, dup])).toEqual([
      ['1', true],
      ['2', true],
    ]);
  });

  test('packet identifiers go on where they were, also when the queue was empty', async () => {
    const world = await startTestBroker({ store: makeStore() });
    const client = await world.connect('c', durable);
    await client.subscribe('a/#', { qos: 1 });
    await world.publish('a/x', '1', { qos: 1 });
    expect(await client.messages()).toMatchObject([{ packetId: 1 }]);
    await client.drop();
    await world.restart();
    await world.publish('a/x', '2', { qos: 1 });
    await world.restart();
    const back = await world.connect('c', durable);
    expect(await back.messages()).toMatchObject([{ packetId: 2, dup: false }]);
  });

  test('a PUBREL is owed until PUBCOMP, whatever happens', async () => {
    const world = await startTestBroker({ store: makeStore() });
    const client = await aSilentReader(world);
    await world.publish('a/x', 'x', { qos: 2 });
    const [message] = await client.messages();
    const packetId = message?.packetId ?? 0;
    client.send(acknowledgement('pubrec', packetId));
    await client.receive('pubrel');
    for (let round = 0; round < 2; round++) {
      await world.crash();
      const back = await world.connect('c', silent);
      expect(await story(back)).toEqual([`pubrel ${packetId}`]);
    }
    const last = await world.connect('c', silent);
    last.send(acknowledgement('pubcomp', packetId));
    await world.settle();
    await world.restart();
    expect(await story(await world.connect('c', durable))).toEqual([]);
  });

  test('goes on after the identifiers that are in use', async () => {
    const world = await startTestBroker({ store: makeStore() });
    const client = await aSilentReader(world);
    for (const payload of ['1', '2', '3']) await world.publish('a/x', payload, { qos: 1 });
    const before = (await client.messages()).map(({ packetId }) => packetId);
    await world.restart();
    const back = await world.connect('c', silent);
    await world.publish('a/x', '4', { qos: 1 });
    const after = (await back.messages()).map(({ packetId }) => packetId);
    expect(after.slice(0, 3)).toEqual(before);
    expect(new Set(after).size).toBe(4);
  });
});

test('nothing is resent on a connection that lives', async () => {
  const world = await startTestBroker();
  const client = await aSilentReader(world);
  await world.publish('a/x', '1', { qos: 1 });
  await world.publish('a/x', '2', { qos: 2 });
  expect(await client.payloads()).toEqual(['1', '2']);
  await world.advance(100_000_000);
  expect(await client.unread()).toEqual([]);
});

test('a smaller receive maximum resends only so many, and the rest as acknowledgements come', async () => {
  const world = await startTestBroker();
  const client = await aSilentReader(world);
  for (let index = 1; index <= 6; index++) {
    await world.publish('a/x', String(index), { qos: index === 2 ? 2 : 1 });
  }
  const ids = (await client.messages()).map(({ packetId }) => packetId);
  client.send(acknowledgement('pubrec', ids[1] ?? 0));
  await client.receive('pubrel');
  await client.drop();
  await world.publish('a/x', 'queued', { qos: 1 });
  const back = await world.connect('c', {
    cleanStart: false,
    acknowledges: false,
    properties: { sessionExpiryInterval: 1_000, receiveMaximum: 3 },
  });
  await world.publish('a/x', 'live', { qos: 1 });
  expect(await story(back)).toEqual([
    `publish ${ids[0]} 1 dup`,
    `pubrel ${ids[1]}`,
    `publish ${ids[2]} 3 dup`,
  ]);
  back.send(acknowledgement('puback', ids[0] ?? 0));
  expect((await story(back)).at(-1)).toBe(`publish ${ids[3]} 4 dup`);
  back.send(acknowledgement('pubcomp', ids[1] ?? 0));
  for (const index of [2, 3, 4, 5]) {
    back.send(acknowledgement('puback', ids[index] ?? 0));
    await world.settle();
  }
  const told = (await story(back)).map((line) => line.replace(/ \d+/, ''));
  expect(told.slice(-4)).toEqual([
    'publish 5 dup',
    'publish 6 dup',
    'publish queued',
    'publish live',
  ]);
});

test('what is resent keeps its QoS and topic, though the subscription changed or is gone', async () => {
  const world = await startTestBroker();
  const client = await aSilentReader(world);
  await world.publish('a/x', '1', { qos: 2 });
  await client.unread();
  await client.subscribe('a/#', { qos: 0 });
  await client.drop();
  let back = await world.connect('c', silent);
  expect(await back.messages()).toMatchObject([{ topic: 'a/x', qos: 2, dup: true }]);
  await back.unsubscribe('a/#');
  await back.drop();
  back = await world.connect('c', durable);
  expect(await back.messages()).toMatchObject([{ topic: 'a/x', qos: 2, dup: true }]);
});

test('QoS 0 is not resent', async () => {
  const world = await startTestBroker();
  const client = await aSilentReader(world);
  await world.publish('a/x', 'x');
  expect(await client.payloads()).toEqual(['x']);
  await client.drop();
  expect(await (await world.connect('c', durable)).payloads()).toEqual([]);
});

test('a session that was resumed says nothing before CONNACK, though its commit is slow', async () => {
  const world = await startTestBroker();
  const client = await aSilentReader(world);
  await world.publish('a/x', 'sent', { qos: 1 });
  await client.drop();
  await world.publish('a/x', 'queued', { qos: 1 });
  const publisher = await world.connect('p');
  world.persistence.hold();
  const back = world.client(5);
  back.send(connectPacket(5, { clientId: 'c', ...durable }));
  await world.settle();
  await publisher.publish('a/x', 'zero');
  publisher.send({
    type: 3,
    qos: 1,
    dup: false,
    retain: false,
    topic: 'a/x',
    packetId: 1,
    properties: {},
    payload: Buffer.from('one'),
  });
  await world.settle();
  expect(back.received()).toEqual([]);
  world.persistence.release();
  await world.settle();
  expect(back.history[0]).toBe('connack');
  expect((await back.payloads()).filter((payload) => payload !== 'zero')).toEqual([
    'sent',
    'queued',
    'one',
  ]);
});
