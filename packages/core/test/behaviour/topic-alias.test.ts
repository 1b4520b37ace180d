import { describe, expect, test } from 'vitest';
import { publishPacket } from '../support/packets.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

const limits = { topicAliasMaximum: 5 };

async function aWatcher(world: TestBroker) {
  const watcher = await world.connect('watcher');
  await watcher.subscribe('#');
  return watcher;
}

function aliased(topic: string, topicAlias: number, payload = 'x') {
  return publishPacket(topic, payload, { properties: { topicAlias } });
}

describe('an alias of the client', () => {
  test('stands for its topic, until it is set again', async () => {
    const world = await startTestBroker({ limits });
    const watcher = await aWatcher(world);
    const client = await world.connect('c');
    client.send(
      aliased('a', 1),
      aliased('', 1),
      aliased('b', 5),
      aliased('', 1),
      aliased('c', 1),
      aliased('', 1),
      aliased('', 5),
      publishPacket('d', 'x'),
    );
    const messages = await watcher.messages();
    expect(messages.map(({ topic }) => topic)).toEqual(['a', 'a', 'b', 'a', 'c', 'c', 'b', 'd']);
    // It is the publisher's own.
    expect(messages.every(({ properties }) => properties.topicAlias === undefined)).toBe(true);
  });

  test('works at every QoS, and into queues', async () => {
    const world = await startTestBroker({ limits });
    const durable = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    await (await world.connect('k', durable)).subscribe('#');
    await (await world.connect('k', durable)).drop();
    const client = await world.connect('c');
    for (const qos of [1, 2] as const) {
      await client.publish('a', String(qos), { qos, properties: { topicAlias: 1 } });
      await client.publish('', String(qos), { qos, properties: { topicAlias: 1 } });
    }
    const back = await world.connect('k', durable);
    const messages = await back.messages();
    expect(messages.map(({ topic }) => topic)).toEqual(['a', 'a', 'a', 'a']);
    expect(messages.map(({ properties }) => properties)).toEqual([{}, {}, {}, {}]);
  });

  test.each([
    ['0', 5, aliased('a', 0), 0x94],
    ['above the maximum', 5, aliased('a', 6), 0x94],
    ['where none are allowed', 0, aliased('a', 1), 0x94],
    ['that stands for nothing', 5, aliased('', 3), 0x82],
  ])('%s ends the connection', async (_, topicAliasMaximum, packet, code) => {
    const world = await startTestBroker({ limits: { topicAliasMaximum } });
    const client = await world.connect('c');
    if (packet.properties.topicAlias === 0) {
      // No encoder writes it: PUBLISH, topic a, alias 0.
      client.send(Uint8Array.of(0x30, 7, 0, 1, 0x61, 3, 0x23, 0, 0));
    } else {
      client.send(packet);
    }
    await world.settle();
    expect(client.disconnectCode).toBe(code);
  });

  test('is forgotten with the connection, also of a durable session', async () => {
    const world = await startTestBroker({ limits });
    const durable = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const first = await world.connect('c', durable);
    first.send(aliased('a', 1));
    await first.drop();
    const second = await world.connect('c', durable);
    second.send(aliased('', 1));
    await world.settle();
    expect(second.disconnectCode).toBe(0x82);
  });

  test('is set by a message that is refused, and refused with its topic', async () => {
    const asked: string[] = [];
    const world = await startTestBroker({
      limits,
      plugins: [
        aPlugin((context) =>
          context.hook('authorizePublish', ({ message }) => {
            asked.push(message.topic);
            return { allowed: message.topic !== 'secret', reasonCode: 0x87 } as never;
          }),
        ),
      ],
    });
    const watcher = await aWatcher(world);
    const client = await world.connect('c');
    const secret = { qos: 1, properties: { topicAlias: 1 } } as const;
    expect(await client.publish('secret', 'x', secret)).toBe(0x87);
    expect(await client.publish('', 'x', secret)).toBe(0x87);
    expect(asked).toEqual(['secret', 'secret']);
    expect(await watcher.payloads()).toEqual([]);
  });
});

describe('an alias of the broker', () => {
  test('is used only where the client allows it, and never more than it allows', async () => {
    const world = await startTestBroker();
    const plain = await aWatcher(world);
    const client = await world.connect('c', { properties: { topicAliasMaximum: 2 } });
    await client.subscribe('#');
    for (const topic of ['a', 'b', 'c', 'a', 'b', 'c', 'a']) await world.publish(topic, topic);
    const known = new Map<number, string>();
    for (const { topic, payload, properties } of await client.messages()) {
      const { topicAlias } = properties;
      if (topicAlias === undefined) {
        expect(topic).toBe(payload);
        continue;
      }
      expect(topicAlias).toBeLessThanOrEqual(2);
      if (topic !== '') known.set(topicAlias, topic);
      expect(known.get(topicAlias)).toBe(payload);
    }
    for (const { topic, payload, properties } of await plain.messages()) {
      expect([topic, properties]).toEqual([payload, {}]);
    }
  });

  test('is not taken for known when the message that brought it was too large', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', {
      properties: { topicAliasMaximum: 5, maximumPacketSize: 60 },
    });
    await client.subscribe('#');
    await world.publish('topic', 'x'.repeat(100));
    await world.publish('topic', 'one');
    await world.publish('topic', 'two');
    const [one] = await client.messages();
    expect(one).toMatchObject({ topic: 'topic', payload: 'one' });
  });

  test.each([0, 1] as const)('makes no message of QoS %i too large', async (qos) => {
    const world = await startTestBroker();
    const properties = { topicAliasMaximum: 5, maximumPacketSize: 60 };
    const client = await world.connect('c', { properties });
    await client.subscribe('topic', { qos });
    // Fixed header, topic, packet identifier and Property Length, in the order of the packet.
    const payload = 'x'.repeat(60 - (2 + 7 + (qos === 0 ? 0 : 2) + 1));
    await world.publish('topic', payload, { qos });
    await world.publish('topic', `${payload}x`, { qos });
    await world.publish('topic', 'short', { qos });
    await world.publish('topic', 'known', { qos });
    expect(await client.messages()).toMatchObject([
      { topic: 'topic', payload, properties: {} },
      { topic: 'topic', payload: 'short', properties: { topicAlias: 1 } },
      { topic: '', payload: 'known', properties: { topicAlias: 1 } },
    ]);
    expect(world.dropped('packet-too-large')).toBe(1);
  });
});
