import type { OutgoingMessage } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { answerOf } from '../support/asking.ts';
import { text } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

function publishTo(
  world: TestBroker,
  clientId: string,
  message: OutgoingMessage,
): Promise<boolean> {
  return answerOf(world, world.broker.publishTo(clientId, message));
}

describe('publishTo', () => {
  test('reaches one client, without a subscription, and nobody else', async () => {
    const world = await startTestBroker();
    const one = await world.connect('1');
    const two = await world.connect('2');
    for (const client of [one, two]) await client.subscribe('#');
    expect(await publishTo(world, '1', { topic: 'a', payload: 'x' })).toBe(true);
    expect(await publishTo(world, '1', { topic: 'a', payload: 'y', qos: 2, retain: true })).toBe(
      true,
    );
    expect(await one.messages()).toMatchObject([
      { topic: 'a', payload: 'x', qos: 0, retain: false },
      { topic: 'a', payload: 'y', qos: 2, retain: true },
    ]);
    expect(await two.messages()).toEqual([]);
    expect(world.broker.retained.get('a')).toBeUndefined();
  });

  test('is false where nobody is, and where QoS 0 finds nobody connected', async () => {
    const world = await startTestBroker();
    await (await world.connect('c', durable)).drop();
    expect(await publishTo(world, 'd', { topic: 'a', payload: 'x', qos: 1 })).toBe(false);
    expect(await publishTo(world, 'c', { topic: 'a', payload: 'x' })).toBe(false);
    expect(world.dropped('offline')).toBe(1);
  });

  test('is false when the queue is full', async () => {
    const world = await startTestBroker({ limits: { maxQueuedMessages: 1 } });
    await (await world.connect('c', durable)).drop();
    const message = { topic: 'a', payload: 'x', qos: 1 } as const;
    expect(await publishTo(world, 'c', message)).toBe(true);
    expect(await publishTo(world, 'c', message)).toBe(false);
  });

  test.each(stores)(
    'over %s, is durable for a session that is offline',
    async (_name, makeStore) => {
      const world = await startTestBroker({ store: makeStore() });
      await (await world.connect('c', durable)).drop();
      world.persistence.hold();
      let taken: boolean | undefined;
      const publishing = world.broker
        .publishTo('c', { topic: 'a', payload: 'x', qos: 1 })
        .then((result) => {
          taken = result;
        });
      await world.settle();
      expect(taken).toBeUndefined();
      world.persistence.release();
      await answerOf(world, publishing);
      expect(taken).toBe(true);
      await world.crash();
      expect(await (await world.connect('c', durable)).payloads()).toEqual(['x']);
    },
  );

  test('passes the hook publish, and those of the delivery', async () => {
    const dropped: (string | undefined)[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin(({ hook }) => {
          hook('publish', ({ client, message }) => {
            if (message.topic === 'drop') {
              return { dropped: true, reasonCode: 0x83, reasonString: undefined };
            }
            return client === undefined ? { payload: `${text(message.payload)}!` } : undefined;
          });
          hook('authorizeDeliver', ({ message }) =>
            message.topic === 'secret'
              ? { allowed: false, reasonCode: 0x87, reasonString: undefined }
              : { allowed: true, grant: undefined },
          );
          hook('dropped', ({ clientId, reason }) => void dropped.push(`${clientId} ${reason}`));
        }),
      ],
    });
    const client = await world.connect('c');
    expect(await publishTo(world, 'c', { topic: 'a', payload: 'x' })).toBe(true);
    expect(await publishTo(world, 'c', { topic: 'drop', payload: 'x' })).toBe(false);
    expect(await publishTo(world, 'c', { topic: 'secret', payload: 'x' })).toBe(false);
    expect(await client.payloads()).toEqual(['x!']);
    expect(dropped).toEqual(['c hook', 'c not-authorized']);
  });

  test('looks for the session when the hooks have answered', async () => {
    let answer: (() => void) | undefined;
    const world = await startTestBroker({
      plugins: [
        aPlugin(({ hook }) => {
          hook('publish', () => new Promise<void>((resolve) => (answer = resolve)));
        }),
      ],
    });
    const publishing = world.broker.publishTo('c', { topic: 'a', payload: 'x' });
    await world.settle();
    const client = await world.connect('c');
    answer?.();
    expect(await answerOf(world, publishing)).toBe(true);
    expect(await client.payloads()).toEqual(['x']);
  });

  test.each([
    [{ topic: '#', payload: '' }, 'SLUICE_TOPIC_NAME'],
    [{ topic: 'a', payload: '', qos: 7 }, 'SLUICE_QOS'],
    [{ topic: 'a' }, 'SLUICE_PAYLOAD'],
  ])('refuses %o', async (message, code) => {
    const world = await startTestBroker();
    await world.connect('c');
    await expect(publishTo(world, 'c', message as never)).rejects.toMatchObject({ code });
  });
});
