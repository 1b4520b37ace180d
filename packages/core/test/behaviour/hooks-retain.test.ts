import { allow, deny, type Plugin } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { Gate } from '../support/gate.ts';
import { acknowledgement, aWill, publishPacket, text } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

function denying(topic: string): Plugin {
  return aPlugin((context) =>
    context.hook('retain', ({ message }) => (message.topic === topic ? deny() : undefined)),
  );
}

async function retainedBy(world: TestBroker, clientId = 'late') {
  const reader = await world.connect(clientId);
  await reader.subscribe('#');
  const messages = await reader.messages();
  await reader.disconnect();
  return messages.map(({ topic, payload, properties }) => [
    topic,
    payload,
    properties.messageExpiryInterval,
  ]);
}

describe('retain', () => {
  test('denied, a message is routed as it was published, and not retained', async () => {
    const world = await startTestBroker({ plugins: [denying('no')] });
    const reader = await world.connect('r');
    await reader.subscribe('#', { retainAsPublished: true });
    const client = await world.connect('c');
    for (const topic of ['no', 'yes']) {
      expect(await client.publish(topic, 'x', { qos: 2, retain: true })).toBe(0);
    }
    expect(await reader.messages()).toMatchObject([
      { topic: 'no', retain: true },
      { topic: 'yes', retain: true },
    ]);
    expect(await retainedBy(world)).toEqual([['yes', 'x', undefined]]);
    expect(world.broker.stats.dropped.get('hook')).toBe(0);
  });

  test('is asked about what deletes, and not about what does not retain', async () => {
    const asked: string[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('retain', ({ client, message }) => {
            asked.push(`${client?.clientId} ${message.topic} ${message.payload.length}`);
            return message.payload.length === 0 ? deny() : allow();
          }),
        ),
      ],
    });
    const client = await world.connect('c');
    await client.publish('a', 'x', { qos: 1, retain: true });
    await client.publish('a', 'y', { qos: 1 });
    await client.publish('a', '', { qos: 1, retain: true });
    await world.publish('b', 'z', { retain: true });
    expect(asked).toEqual(['c a 1', 'c a 0', 'undefined b 1']);
    expect(await retainedBy(world)).toEqual([
      ['a', 'x', undefined],
      ['b', 'z', undefined],
    ]);
  });

  test('comes after publish and authorizePublish, and sees what they made of the message', async () => {
    const seen: string[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('retain', ({ message }) => {
            seen.push(`retain ${message.topic}`);
            return allow();
          });
          context.hook('authorizePublish', ({ message }) => {
            seen.push(`authorizePublish ${message.topic}`);
            return message.topic === 'tenant/a' ? allow() : deny();
          });
          context.hook('publish', ({ message }) => ({
            topic: `tenant/${message.topic}`,
            retain: true,
          }));
        }),
      ],
    });
    const client = await world.connect('c');
    await client.publish('a', 'x', { qos: 1 });
    await client.publish('b', 'x', { qos: 1, retain: true });
    expect(seen).toEqual([
      'authorizePublish tenant/a',
      'retain tenant/a',
      'authorizePublish tenant/b',
    ]);
    expect(await retainedBy(world)).toEqual([['tenant/a', 'x', undefined]]);
  });

  test('keeps the order of a publisher, and its acknowledgement waits, while the answer takes its time', async () => {
    const gate = new Gate();
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('retain', () => gate.wait().then(() => deny())))],
    });
    const reader = await world.connect('r');
    await reader.subscribe('#');
    const client = await world.connect('c');
    client.send(
      publishPacket('a', '1', { qos: 1, packetId: 1, retain: true }),
      publishPacket('a', '2', { qos: 1, packetId: 2 }),
    );
    const other = await world.connect('o');
    await other.publish('a', 'other', { qos: 1 });
    expect(await client.unread()).toEqual([]);
    expect(await reader.payloads()).toEqual(['other']);
    gate.open();
    expect(await client.unread()).toEqual(['puback', 'puback']);
    expect(await reader.payloads()).toEqual(['1', '2']);
    expect(await retainedBy(world)).toEqual([]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['grants rubbish', () => allow({ timeToLiveSeconds: -1 })],
  ])('a hook that %s keeps nothing', async (_, hook) => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('retain', hook))],
    });
    const client = await world.connect('c');
    await client.subscribe('a');
    expect(await client.publish('a', 'x', { qos: 1, retain: true })).toBe(0);
    expect(await client.payloads()).toEqual(['x']);
    expect(await retainedBy(world)).toEqual([]);
    expect(world.errors).toHaveLength(1);
  });

  test('is asked about wills', async () => {
    const gate = new Gate();
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('retain', ({ client }) =>
            client?.clientId === 'quick' ? deny() : gate.wait().then(() => allow()),
          ),
        ),
      ],
    });
    for (const clientId of ['quick', 'slow']) {
      const will = aWill(clientId, 'gone', { retain: true });
      await (await world.connect(clientId, { will })).drop();
    }
    gate.open();
    await world.settle();
    expect(await retainedBy(world)).toEqual([['slow', 'gone', undefined]]);
  });
});

describe.each(stores)('a time to live in a %s store', (_, makeStore) => {
  const timeToLive = (seconds: number): Plugin =>
    aPlugin((context) =>
      context.hook('retain', ({ message }) =>
        message.topic === 'for-ever' ? allow() : allow({ timeToLiveSeconds: seconds }),
      ),
    );

  test('counts where it is less than the interval, and is told to who subscribes', async () => {
    const world = await startTestBroker({ store: makeStore(), plugins: [timeToLive(100)] });
    const live = await world.connect('live');
    await live.subscribe('#');
    await world.publish('for-ever', 'x', { retain: true });
    await world.publish('long', 'x', { retain: true, properties: { messageExpiryInterval: 500 } });
    await world.publish('none', 'x', { retain: true });
    await world.publish('short', 'x', { retain: true, properties: { messageExpiryInterval: 20 } });
    // It is the retained copy that has less time.
    expect((await live.messages()).map(({ properties }) => properties)).toEqual([
      {},
      { messageExpiryInterval: 500 },
      {},
      { messageExpiryInterval: 20 },
    ]);
    await world.advance(10_000);
    expect((await retainedBy(world)).toSorted()).toEqual([
      ['for-ever', 'x', undefined],
      ['long', 'x', 90],
      ['none', 'x', 90],
      ['short', 'x', 10],
    ]);
    await world.advance(10_000);
    await world.restart(20_000);
    expect((await retainedBy(world)).toSorted()).toEqual([
      ['for-ever', 'x', undefined],
      ['long', 'x', 60],
      ['none', 'x', 60],
    ]);
    await world.restart(60_000);
    expect(await retainedBy(world)).toEqual([['for-ever', 'x', undefined]]);
  });

  test('of 0 keeps nothing, and removes what was there', async () => {
    const world = await startTestBroker({ store: makeStore(), plugins: [timeToLive(0)] });
    await world.publish('for-ever', 'x', { retain: true });
    await world.publish('a', 'x', { retain: true });
    expect(await retainedBy(world)).toEqual([['for-ever', 'x', undefined]]);
  });
});

test('a message that is over at once takes the place of the retained one', async () => {
  const world = await startTestBroker();
  await world.publish('a', 'x', { retain: true });
  await world.publish('a', 'y', { retain: true, properties: { messageExpiryInterval: 0 } });
  expect(await retainedBy(world)).toEqual([]);
  await world.restart();
  expect(await retainedBy(world)).toEqual([]);
});

describe('expired', () => {
  test('tells of retained messages, once, also when their time was over before the start', async () => {
    const seen: string[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('expired', ({ clientId, message }) =>
            seen.push(`${clientId} ${message.topic} ${text(message.payload)}`),
          ),
        ),
      ],
    });
    const properties = { messageExpiryInterval: 10 };
    await world.publish('a', '1', { retain: true, properties });
    await world.publish('a', '2', { retain: true, properties });
    await world.publish('b', '3', { retain: true, properties: { messageExpiryInterval: 20 } });
    await world.publish('c', '4', { retain: true, properties });
    await world.publish('c', '', { retain: true });
    await world.advance(10_000);
    expect(seen).toEqual(['undefined a 2']);
    await world.restart(10_000);
    await world.advance(0);
    expect(seen).toEqual(['undefined a 2', 'undefined b 3']);
    await world.restart();
    await world.advance(1_000);
    expect(seen).toHaveLength(2);
  });
});

test('limited tells which bound keeps a retained message out', async () => {
  const seen: unknown[] = [];
  const world = await startTestBroker({
    limits: { maxRetainedMessages: 2, maxRetainedBytes: 1_000 },
    plugins: [aPlugin((context) => context.hook('limited', (event) => void seen.push(event)))],
  });
  const client = await world.connect('c');
  await client.publish('a', 'x', { qos: 1, retain: true });
  await client.publish('b', 'x', { qos: 1, retain: true });
  expect(await client.publish('c', 'x', { qos: 1, retain: true })).toBe(0x97);
  await world.publish('a', 'x'.repeat(1_000), { retain: true });
  expect(seen).toMatchObject([
    { limit: 'maxRetainedMessages', action: 'dropped', clientId: 'c' },
    { limit: 'maxRetainedBytes', action: 'dropped', clientId: undefined, connection: undefined },
  ]);
});

test('a message that a hook held up comes once to who subscribed meanwhile', async () => {
  const gate = new Gate();
  const world = await startTestBroker({
    plugins: [
      aPlugin(({ hook }) => {
        hook('publish', async ({ message }) => {
          if (text(message.payload) === 'y') await gate.wait();
          return {};
        });
      }),
    ],
  });
  for (const topic of ['a', 'held']) await world.publish(topic, 'x', { qos: 2, retain: true });
  const publisher = await world.connect('p');
  publisher.send(publishPacket('held', 'y', { qos: 2, packetId: 1, retain: true }));
  await world.settle();
  const subscriber = await world.connect('s', {
    acknowledges: false,
    properties: { receiveMaximum: 1 },
  });
  await subscriber.subscribe('#');
  gate.open();
  const [first] = await subscriber.messages();
  subscriber.acknowledges = true;
  subscriber.send(acknowledgement('pubrec', first?.packetId ?? 0));
  expect(await subscriber.messages()).toMatchObject([{ topic: 'held', retain: false }]);
  const later = await world.connect('later');
  await later.subscribe('held');
  expect(await later.messages()).toMatchObject([{ topic: 'held', retain: true }]);
});
