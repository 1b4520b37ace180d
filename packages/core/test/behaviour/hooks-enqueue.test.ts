import { allow, deny, type EnqueueEvent, type EnqueueGrant, type Hooks } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { acknowledgement, text } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

async function anAbsentReader(world: TestBroker, clientId = 'c'): Promise<void> {
  const client = await world.connect(clientId, durable);
  await client.subscribe('#', { qos: 2 });
  await client.drop();
}

function granting(grant: (event: EnqueueEvent) => EnqueueGrant | undefined) {
  return aPlugin((context) =>
    context.hook('enqueue', (event) => {
      const granted = grant(event);
      return granted === undefined ? undefined : allow(granted);
    }),
  );
}

/** Under the topic as its key. */
const byTopic = granting(({ message }) => ({ replaceKey: message.topic }));

describe('enqueue', () => {
  test('is asked about QoS 1 and 2 for each session, and about nothing else', async () => {
    const seen: unknown[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('enqueue', ({ client, message, qos, queuedMessages }) => {
            const from = message.publisherId;
            seen.push([client.clientId, from, text(message.payload), qos, queuedMessages]);
            return allow();
          }),
        ),
      ],
    });
    await anAbsentReader(world);
    const here = await world.connect('here', { acknowledges: false });
    await here.subscribe('#', { qos: 1 });
    const publisher = await world.connect('p');
    for (const qos of [0, 1, 2] as const) await publisher.publish('a', `${qos}`, { qos });
    expect(seen).toEqual([
      ['c', 'p', '1', 1, 0],
      ['here', 'p', '1', 1, 0],
      ['c', 'p', '2', 2, 1],
      ['here', 'p', '2', 1, 1],
    ]);
  });

  test('a denial keeps a message from one session, with the reason hook', async () => {
    const dropped: unknown[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('enqueue', ({ client }) => (client.clientId === 'c' ? deny() : undefined));
          context.hook('dropped', ({ clientId, reason }) => dropped.push([clientId, reason]));
        }),
      ],
    });
    await anAbsentReader(world, 'c');
    await anAbsentReader(world, 'd');
    const publisher = await world.connect('p');
    expect(await publisher.publish('a', 'x', { qos: 1 })).toBe(0);
    expect(dropped).toEqual([['c', 'hook']]);
    expect(await (await world.connect('c', durable)).payloads()).toEqual([]);
    expect(await (await world.connect('d', durable)).payloads()).toEqual(['x']);
  });

  test.each<[string, Hooks['enqueue']]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['answers later', (() => Promise.resolve(allow())) as never],
    ['grants rubbish', () => allow({ replaceKey: 1 as never })],
  ])('a hook that %s keeps the message out', async (_, hook) => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('enqueue', hook))],
    });
    await anAbsentReader(world);
    await world.publish('a', 'x', { qos: 1 });
    expect(world.dropped('hook')).toBe(1);
    expect(world.errors).toHaveLength(1);
    expect(await (await world.connect('c', durable)).payloads()).toEqual([]);
  });

  test('may end the session of the receiver', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('enqueue', ({ client }) => {
            void context.broker.sessions.end(client.clientId);
            return allow();
          }),
        ),
      ],
    });
    await anAbsentReader(world);
    await world.publish('a', 'x', { qos: 1 });
    expect(world.dropped('session-ended')).toBe(1);
    expect(world.errors).toEqual([]);
    const types = world.persistence.commits.flat().map(({ type }) => type);
    expect(types).not.toContain('enqueue');
  });

  test('may end the connection of the receiver', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('enqueue', ({ client }) => {
            context.broker.disconnect(client.clientId);
            return allow();
          }),
        ),
      ],
    });
    const client = await world.connect('c');
    await client.subscribe('a', { qos: 1 });
    await world.publish('a', 'x', { qos: 1 });
    expect(client.closed).toBe(true);
    expect(world.dropped('offline')).toBe(1);
    expect(world.errors).toEqual([]);
  });
});

test('what a hook ends while a message is routed gets it no more', async () => {
  const world = await startTestBroker({
    limits: { maxQueuedMessages: 1 },
    plugins: [
      aPlugin((context) =>
        context.hook('dropped', ({ reason }) => {
          if (reason !== 'queue-full') return;
          for (const clientId of ['before', 'after']) void context.broker.sessions.end(clientId);
        }),
      ),
    ],
  });
  for (const clientId of ['before', 'full', 'after']) await anAbsentReader(world, clientId);
  void world.broker.publishTo('full', { topic: 'x', payload: '1', qos: 1 });
  await world.settle();
  await world.publish('a', '2', { qos: 1 });
  // Queued and gone with the session, or never queued: counted once in any case.
  expect(world.dropped('session-ended')).toBe(2);
  expect(world.errors).toEqual([]);
});

describe.each(stores)('a time to live in a %s store', (_, makeStore) => {
  test('counts in one queue only, and after a restart', async () => {
    const world = await startTestBroker({
      store: makeStore(),
      plugins: [
        granting(({ client, message }) =>
          client.clientId === 'brief' ? { timeToLiveSeconds: Number(text(message.payload)) } : {},
        ),
      ],
    });
    for (const clientId of ['brief', 'brief', 'patient']) await anAbsentReader(world, clientId);
    const publisher = await world.connect('p');
    await publisher.publish('a', '10', { qos: 2 });
    await publisher.publish('a', '100', { qos: 1 });
    const properties = { messageExpiryInterval: 50 };
    await publisher.publish('b', '99', { qos: 1, properties });
    await world.restart(20_000);
    const brief = await world.connect('brief', durable);
    const left = (await brief.messages()).map(
      ({ payload, properties: { messageExpiryInterval } }) => [payload, messageExpiryInterval],
    );
    expect(left).toEqual([
      ['100', 80],
      ['99', 30],
    ]);
    expect(world.dropped('expired')).toBe(1);
    const patient = await world.connect('patient', durable);
    expect(await patient.payloads()).toEqual(['10', '100', '99']);
  });
});

test('queues of one time to live share one stored body', async () => {
  const world = await startTestBroker({ plugins: [granting(() => ({ timeToLiveSeconds: 9 }))] });
  for (const clientId of ['c', 'd', 'e']) await anAbsentReader(world, clientId);
  const before = world.persistence.commits.length;
  await world.publish('a', 'x', { qos: 1 });
  const operations = world.persistence.commits.slice(before).flat();
  expect(operations.map(({ type }) => type)).toEqual(['store', 'enqueueMany']);
  expect(operations[1]).toMatchObject({ sessions: { length: 3 }, sequences: [0, 0, 0] });
});

test('expired tells of what waited for too long', async () => {
  const seen: unknown[] = [];
  const world = await startTestBroker({
    plugins: [
      granting(() => ({ timeToLiveSeconds: 10 })),
      aPlugin(
        (context) =>
          context.hook('expired', ({ clientId, message }) =>
            seen.push([clientId, text(message.payload)]),
          ),
        'watch',
      ),
    ],
  });
  await anAbsentReader(world);
  await world.publish('a', 'x', { qos: 1 });
  await world.advance(10_000);
  await world.publish('a', 'y', { qos: 1 });
  expect(seen).toEqual([]);
  expect(await (await world.connect('c', durable)).payloads()).toEqual(['y']);
  expect(seen).toEqual([['c', 'x']]);
});

describe.each(stores)('a key in a %s store', (_, makeStore) => {
  test('keeps the newest message of an absent session, in its new place', async () => {
    const world = await startTestBroker({
      store: makeStore(),
      plugins: [byTopic],
      limits: { maxQueuedMessages: 2 },
    });
    await anAbsentReader(world);
    for (let round = 0; round < 5; round++) {
      await world.publish('a', `a${round}`, { qos: 1 });
      if (round < 3) await world.publish('b', `b${round}`, { qos: 2 });
    }
    expect(world.dropped('replaced')).toBe(6);
    // It takes the place of another one: the queue is not full for it.
    expect(world.dropped('queue-full')).toBe(0);
    await world.publish('c', 'c', { qos: 1 });
    expect(world.dropped('queue-full')).toBe(1);
    const client = await world.connect('c', durable);
    expect(await client.payloads()).toEqual(['b2', 'a4']);
    await client.drop();
    expect(await (await world.connect('c', durable)).payloads()).toEqual([]);
  });

  test('does not touch what was sent, before a restart or on this connection', async () => {
    const world = await startTestBroker({ store: makeStore(), plugins: [byTopic] });
    const options = {
      cleanStart: false,
      acknowledges: false,
      properties: { sessionExpiryInterval: 1_000, receiveMaximum: 1 },
    };
    const client = await world.connect('c', options);
    await client.subscribe('#');
    for (let round = 0; round < 4; round++) await world.publish('a', `${round}`, { qos: 2 });
    expect(await client.payloads()).toEqual(['0']);
    await client.drop();
    await world.publish('a', '4', { qos: 2 });
    await world.restart();
    // The keys are forgotten: what waits stays.
    await world.publish('a', '5', { qos: 2 });
    await world.publish('a', '6', { qos: 2 });
    const back = await world.connect('c', durable);
    expect(await back.messages()).toMatchObject([
      { payload: '0', dup: true },
      { payload: '4', dup: false },
      { payload: '6', dup: false },
    ]);
  });

  test('works while the queue is being read', async () => {
    const world = await startTestBroker({
      store: makeStore(),
      plugins: [byTopic],
      limits: { windowMessages: 8 },
    });
    await anAbsentReader(world);
    for (let index = 0; index < 40; index++) await world.publish(`t${index}`, 'old', { qos: 1 });
    const client = world.client(5);
    client.acknowledges = false;
    const connected = client.connect({
      clientId: 'c',
      cleanStart: false,
      properties: { sessionExpiryInterval: 1_000, receiveMaximum: 2 },
    });
    for (let index = 0; index < 40; index++) {
      void world.broker.publish({ topic: `t${index}`, payload: 'new', qos: 1 });
      if (index % 4 === 0) world.environment.runTurn();
    }
    await connected;
    const last = new Map<string, string>();
    let sent = await client.messages();
    let count = 0;
    while (sent.length > 0) {
      for (const { topic, payload, packetId } of sent) {
        last.set(topic, payload);
        count++;
        client.send(acknowledgement('puback', packetId));
      }
      sent = await client.messages();
    }
    expect(last.size).toBe(40);
    expect(new Set(last.values())).toEqual(new Set(['new']));
    expect(count + world.dropped('replaced')).toBe(80);
    const session = world.broker.sessions.get('c');
    expect(session?.queuedMessages).toBe(0);
  });
});

test('a key is that of one session', async () => {
  const world = await startTestBroker({
    plugins: [granting(({ client }) => (client.clientId === 'c' ? { replaceKey: 'k' } : {}))],
  });
  for (const clientId of ['c', 'd']) await anAbsentReader(world, clientId);
  for (const payload of ['1', '2', '3']) await world.publish('a', payload, { qos: 1 });
  expect(await (await world.connect('c', durable)).payloads()).toEqual(['3']);
  expect(await (await world.connect('d', durable)).payloads()).toEqual(['1', '2', '3']);
});

test('dropped tells of what was replaced in memory', async () => {
  const seen: unknown[] = [];
  const world = await startTestBroker({
    plugins: [
      byTopic,
      aPlugin(
        (context) =>
          context.hook('dropped', ({ clientId, message, reason }) =>
            seen.push([clientId, text(message.payload), reason]),
          ),
        'watch',
      ),
    ],
  });
  const client = await world.connect('c', {
    acknowledges: false,
    properties: { receiveMaximum: 1 },
  });
  await client.subscribe('#', { qos: 1 });
  for (const payload of ['1', '2', '3']) await world.publish('a', payload, { qos: 1 });
  expect(seen).toEqual([['c', '2', 'replaced']]);
  client.acknowledges = true;
  const [first] = await client.messages();
  client.send(acknowledgement('puback', first?.packetId ?? 0));
  expect(await client.payloads()).toEqual(['3']);
});
