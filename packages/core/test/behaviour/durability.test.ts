import type { Durability } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { publishPacket } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

const byTopic = aPlugin((context) =>
  context.hook('publish', ({ message }) => ({
    durability: message.topic.split('/')[0] as Durability,
  })),
);

describe('a message that a hook makes less durable', () => {
  test.each([1, 2] as const)('is not waited for with none, at QoS %i', async (qos) => {
    const world = await startTestBroker({ plugins: [byTopic] });
    await (await world.connect('keeper', durable)).subscribe('#', { qos });
    const client = await world.connect('c', durable);
    world.persistence.hold();
    client.send(publishPacket('write/a', 'x', { qos, packetId: 1 }));
    client.send(publishPacket('none/a', 'y', { qos, packetId: 2 }));
    const other = await world.connect('other');
    other.send(publishPacket('none/a', 'z', { qos, packetId: 1 }));
    await world.settle();
    const answer = qos === 1 ? 'puback' : 'pubrec';
    // In order with what has to wait.
    expect(client.history).toEqual(['connack']);
    expect(other.history).toEqual(['connack', answer]);
    world.persistence.release();
    await world.settle();
    expect(client.history).toEqual(['connack', answer, answer]);
  });

  test('lets its commit do with less, unless another operation needs more', async () => {
    const world = await startTestBroker({ plugins: [byTopic] });
    const keeper = await world.connect('keeper', durable);
    await keeper.subscribe('#', { qos: 1 });
    await keeper.drop();
    const { durabilities } = world.persistence;
    for (const [topics, expected] of [
      [['write/a'], 'write'],
      [['none/a', 'write/a'], 'write'],
      [['none/a'], 'none'],
      [['none/a', 'fsync/a'], 'fsync'],
    ] as const) {
      const published = topics.map((topic) =>
        world.broker.publish({ topic, payload: '', qos: 1, retain: true }),
      );
      await world.settle();
      await Promise.all(published);
      expect(durabilities.at(-1)).toBe(expected);
    }
    expect(await (await world.connect('keeper', durable)).messages()).toHaveLength(6);
  });

  test('is refused when it says something else', async () => {
    const wrong = aPlugin((context) =>
      context.hook('publish', () => ({ durability: 'sync' as Durability })),
    );
    const world = await startTestBroker({ plugins: [wrong] });
    const client = await world.connect('c');
    expect(await client.publish('a', 'x', { qos: 1 })).toBe(0x83);
    expect(world.errors).toMatchObject([{ code: 'SLUICE_HOOK_FAILED' }]);
  });
});

test('a QoS 2 message reaches a subscription of QoS 0 once, also when the broker dies before its commit', async () => {
  const world = await startTestBroker();
  const late = await world.connect('late', durable);
  await late.subscribe('a', { qos: 0 });
  const client = await world.connect('c', durable);
  world.persistence.hold();
  client.send(publishPacket('a', 'x', { qos: 2, packetId: 1 }));
  await world.settle();
  expect(await late.payloads()).toEqual([]);
  await world.crash();
  const again = await world.connect('c', durable);
  const back = await world.connect('late', durable);
  again.send(publishPacket('a', 'x', { qos: 2, packetId: 1, dup: true }));
  await again.receive('pubrec');
  expect(await back.payloads()).toEqual(['x']);
});

test('a QoS 2 message leaves for a session that ends with its connection only when its publisher will not repeat it', async () => {
  const world = await startTestBroker();
  const member = await world.connect('member', { cleanStart: true });
  await member.subscribe('$share/group/a', { qos: 2 });
  const client = await world.connect('c', durable);
  world.persistence.hold();
  client.send(publishPacket('a', 'x', { qos: 2, packetId: 1 }));
  await world.settle();
  expect(await member.payloads()).toEqual([]);
  world.persistence.release();
  await client.receive('pubrec');
  expect(await member.payloads()).toEqual(['x']);
});

describe('a large message within whose routing a hook publishes', () => {
  test.each(['transient', 'retained'])(
    'is one commit with what its publisher is told: %s',
    async (kind) => {
      const publishing = aPlugin((context) =>
        context.hook('enqueue', ({ message }) => {
          if (message.topic !== 'large') return undefined;
          const small = { topic: 'small', payload: 'x' };
          if (kind === 'transient') void context.broker.publish(small, { transient: true });
          else void context.broker.retained.set(small);
          return undefined;
        }),
      );
      const world = await startTestBroker({ plugins: [publishing] });
      for (const clientId of ['a', 'b']) {
        const reader = await world.connect(clientId, durable);
        await reader.subscribe('large', { qos: 2 });
        await reader.drop();
      }
      const publisher = await world.connect('p', durable);
      const before = world.persistence.commits.length;
      await publisher.publish('large', 'x'.repeat(600_000), { qos: 2 });
      const commits = world.persistence.commits.slice(before);
      const withPlaces = commits.filter((commit) =>
        commit.some(({ type }) => type === 'enqueueMany'),
      );
      expect(withPlaces).toEqual([
        expect.arrayContaining([{ type: 'receive', session: 3, packetId: 1 }]),
      ]);
    },
  );
});
