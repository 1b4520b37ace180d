import { allow, deny, drop, type Plugin } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { Gate } from '../support/gate.ts';
import { aWill, disconnectPacket, publishPacket, subscription, text } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

describe('publish', () => {
  test('rewrites what is routed, retained and authorized', async () => {
    const asked: string[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('publish', ({ message }) => ({
            topic: `tenant/${message.topic}`,
            payload: `${text(message.payload)}!`,
            properties: { contentType: 'x' },
          }));
          context.hook('authorizePublish', ({ message }) => {
            asked.push(message.topic);
            return allow();
          });
        }),
      ],
    });
    const client = await world.connect('c');
    await client.subscribe('#');
    await client.publish('a', 'x', { qos: 2, retain: true });
    const expected = { topic: 'tenant/a', payload: 'x!', properties: { contentType: 'x' } };
    expect(await client.messages()).toMatchObject([{ ...expected, qos: 2 }]);
    const reader = await world.connect('r');
    await reader.subscribe('#');
    expect(await reader.messages()).toMatchObject([expected]);
    expect(asked).toEqual(['tenant/a']);
  });

  test('what it changed does not keep the memory that the message came in while it waits', async () => {
    const bytes: number[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin(({ hook }) => {
          hook('publish', ({ message }) => ({ topic: `tenant/${message.topic}` }));
          hook('deliver', ({ message }) => void bytes.push(message.payload.buffer.byteLength));
        }),
      ],
    });
    const slow = await world.connect('s', { properties: { receiveMaximum: 1 } });
    await slow.subscribe('tenant/a');
    const publisher = await world.connect('p');
    const small = [1, 2].map((packetId) => publishPacket('a', 'small', { qos: 1, packetId }));
    publisher.send(...small, publishPacket('b', 'x'.repeat(60_000)));
    expect(await slow.payloads()).toEqual(['small', 'small']);
    // The first one left at once.
    expect(bytes[1]).toBeLessThan(100);
  });

  test('a topic that a hook made is not free for clients', async () => {
    const plugin: Plugin = aPlugin((context) =>
      context.hook('publish', ({ message }) =>
        message.topic === 'a' ? { topic: '$SYS/made' } : undefined,
      ),
    );
    const world = await startTestBroker({ plugins: [plugin] });
    const client = await world.connect('c');
    await client.subscribe('$SYS/#');
    expect(await client.publish('a', '1', { qos: 1 })).toBe(0);
    expect(await client.publish('$SYS/made', '2', { qos: 1 })).toBe(0x90);
    expect(await client.payloads()).toEqual(['1']);
  });

  test.each([
    [5, 1, 0x99],
    [5, 2, 0x99],
    [4, 1, 0],
    [4, 2, 0],
  ] as const)('a drop answers version %i at QoS %i', async (version, qos, code) => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('publish', async () => drop(0x99)))],
    });
    const reader = await world.connect('r');
    await reader.subscribe('#');
    const client = await world.connect('c', { version });
    expect(await client.publish('a', 'x', { qos, retain: true })).toBe(code);
    expect(await reader.payloads()).toEqual([]);
    expect(world.dropped('hook')).toBe(1);
    expect(client.closed).toBe(false);
  });

  test('a drop with success hides that it went no further', async () => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('publish', () => drop(0)))],
    });
    const client = await world.connect('c');
    expect(await client.publish('a', 'x', { qos: 1 })).toBe(0);
    expect(await client.publish('a', 'x', { qos: 2 })).toBe(0);
  });

  test('what came before the end of a stream counts, also the DISCONNECT behind it', async () => {
    const gate = new Gate();
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('publish', gate.wait))],
    });
    const reader = await world.connect('r');
    await reader.subscribe('#');
    const client = await world.connect('c', { will: aWill('will') });
    client.send(publishPacket('a', 'x'), disconnectPacket());
    await client.drop();
    gate.open();
    expect(await reader.payloads()).toEqual(['x']);
    expect(world.broker.stats).toMatchObject({ clients: 1, connections: 1 });
  });
});

test('hooks of one kind run in order of priority, then of registration', async () => {
  const order: string[] = [];
  const named = (name: string, priority?: number): Plugin =>
    aPlugin(
      (context) =>
        context.hook(
          'publish',
          async ({ message }) => {
            order.push(name);
            return { payload: `${text(message.payload)}${name}` };
          },
          priority === undefined ? {} : { priority },
        ),
      name,
    );
  const world = await startTestBroker({ plugins: [named('b'), named('c'), named('a', 10)] });
  const client = await world.connect('c');
  await client.subscribe('x');
  await client.publish('x', '-');
  expect(await client.payloads()).toEqual(['-abc']);
  expect(order).toEqual(['a', 'b', 'c']);
});

describe('authorizePublish', () => {
  test('denies by code, per version, and asks in the order of the messages', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('authorizePublish', async ({ message }) =>
            message.topic.startsWith('no') ? deny(0x97) : allow(),
          ),
        ),
      ],
    });
    const client = await world.connect('c');
    const old = await world.connect('o', { version: 4 });
    expect(await client.publish('no', 'x', { qos: 1 })).toBe(0x97);
    expect(await client.publish('no', 'x', { qos: 2 })).toBe(0x97);
    expect(await client.publish('yes', 'x', { qos: 2 })).toBe(0x10);
    expect(await old.publish('no', 'x', { qos: 2 })).toBe(0);
    expect(world.dropped('not-authorized')).toBe(3);
  });
});

describe('subscribe and authorizeSubscribe', () => {
  test('a rewritten filter is matched, and known to the client by its own', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('subscribe', async ({ subscriptions }) =>
            subscriptions.map((one) => ({ ...one, filter: `tenant/${one.filter}` })),
          ),
        ),
      ],
    });
    await world.publish('tenant/a', 'kept', { retain: true });
    const client = await world.connect('c', durable);
    await client.subscribe('a', { retainHandling: 1 });
    await world.publish('tenant/a', 'x');
    await world.publish('a', 'y');
    expect(await client.payloads()).toEqual(['kept', 'x']);
    await client.subscribe('a', { retainHandling: 1 });
    expect(await client.payloads()).toEqual([]);
    await world.restart();
    const back = await world.connect('c', durable);
    await world.publish('tenant/a', 'z');
    expect(await back.payloads()).toEqual(['z']);
    expect((await back.unsubscribe('tenant/a')).reasonCodes).toEqual([0x11]);
    expect((await back.unsubscribe('a')).reasonCodes).toEqual([0]);
    await world.publish('tenant/a', 'z');
    expect(await back.payloads()).toEqual([]);
  });

  test.each([
    [5, [0x87, 1, 0x97, 0]],
    [4, [0x80, 1, 0x80, 0]],
    [3, [2, 1, 2, 0]],
  ] as const)('each filter of version %i is decided for itself', async (version, codes) => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('authorizeSubscribe', async ({ subscription: { filter } }) => {
            if (filter === 'no') return deny();
            if (filter === 'full') return deny(0x97);
            return allow(filter === 'low' ? { maximumQos: 1 } : {});
          }),
        ),
      ],
    });
    const client = await world.connect('c', { version });
    const requests = ['no', 'low', 'full'].map((filter) => subscription(filter));
    const suback = await client.subscribe([...requests, subscription('zero', { qos: 0 })]);
    expect(suback.reasonCodes).toEqual(codes);
    expect(world.broker.stats.subscriptions).toBe(2);
  });

  test('a drop refuses all of them', async () => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('subscribe', () => drop(0x83)))],
    });
    const client = await world.connect('c');
    const suback = await client.subscribe([subscription('a'), subscription('b')]);
    expect(suback.reasonCodes).toEqual([0x83, 0x83]);
  });
});
