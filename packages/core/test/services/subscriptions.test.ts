import type { SubscriptionRequest } from '@sluice/packet';
import type { WantedSubscription } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { answerOf, collect } from '../support/asking.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

function add(world: TestBroker, clientId: string, wanted: WantedSubscription): Promise<boolean> {
  return answerOf(world, world.broker.subscriptions.add(clientId, wanted));
}

function remove(world: TestBroker, clientId: string, requested: string): Promise<boolean> {
  return answerOf(world, world.broker.subscriptions.remove(clientId, requested));
}

describe('add', () => {
  test('subscribes a client, with the options of a SUBSCRIBE', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    expect(await add(world, 'c', { filter: 'a/+', qos: 1, retainAsPublished: true })).toBe(true);
    expect(world.broker.subscriptions.of('c')).toEqual([
      {
        clientId: 'c',
        requested: 'a/+',
        filter: 'a/+',
        qos: 1,
        noLocal: false,
        retainAsPublished: true,
        retainHandling: 0,
      },
    ]);
    await world.publish('a/b', 'x', { qos: 2, retain: true });
    expect(await client.messages()).toMatchObject([{ topic: 'a/b', qos: 1, retain: true }]);
    expect(world.broker.stats.subscriptions).toBe(1);
  });

  test('replaces one that the client made, and the client unsubscribes it by its name', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.subscribe('a', { qos: 2 });
    expect(await add(world, 'c', { filter: 'a' })).toBe(true);
    expect(world.broker.subscriptions.of('c')).toMatchObject([{ filter: 'a', qos: 0 }]);
    expect((await client.unsubscribe('a')).reasonCodes).toEqual([0]);
    expect(world.broker.subscriptions.of('c')).toEqual([]);
    expect(world.broker.stats.subscriptions).toBe(0);
  });

  test.each([
    [0, true, ['kept']],
    [1, true, ['kept']],
    [2, true, []],
    [0, false, ['kept']],
    [1, false, []],
  ] as const)(
    'with retainHandling %i, new %s, retained messages that follow: %o',
    async (retainHandling, isNew, expected) => {
      const world = await startTestBroker();
      await world.publish('a', 'kept', { retain: true });
      const client = await world.connect('c');
      if (!isNew) await client.subscribe('a', { retainHandling: 2 });
      await add(world, 'c', { filter: 'a', retainHandling });
      expect(await client.payloads()).toEqual(expected);
    },
  );

  test('retained messages wait for a client that is away', async () => {
    const world = await startTestBroker();
    await world.publish('a', 'kept', { retain: true, qos: 1 });
    await (await world.connect('c', durable)).drop();
    await add(world, 'c', { filter: 'a', qos: 1 });
    expect(await (await world.connect('c', durable)).payloads()).toEqual(['kept']);
  });

  test('makes a client a member of a share group', async () => {
    const world = await startTestBroker();
    const one = await world.connect('1');
    const two = await world.connect('2');
    for (const clientId of ['1', '2']) await add(world, clientId, { filter: '$share/g/a' });
    for (const payload of ['x', 'y']) await world.publish('a', payload);
    expect(await one.payloads()).toEqual(['x']);
    expect(await two.payloads()).toEqual(['y']);
  });

  test('is false without a session, and when that has as many as it may', async () => {
    const world = await startTestBroker({ limits: { maxSubscriptionsPerSession: 1 } });
    await world.connect('c');
    expect(await add(world, 'd', { filter: 'a' })).toBe(false);
    expect(await add(world, 'c', { filter: 'a' })).toBe(true);
    expect(await add(world, 'c', { filter: 'b' })).toBe(false);
    expect(await add(world, 'c', { filter: 'a', qos: 1 })).toBe(true);
  });

  test('asks no hook, and tells those that observe', async () => {
    const seen: string[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin(({ hook }) => {
          hook('subscribe', () => ({ dropped: true, reasonCode: 0x87, reasonString: undefined }));
          hook('authorizeSubscribe', () => ({
            allowed: false,
            reasonCode: 0x87,
            reasonString: undefined,
          }));
          hook('subscribed', ({ subscription }) => void seen.push(`+${subscription.filter}`));
          hook('unsubscribed', ({ client, filter }) => {
            seen.push(`-${client.clientId}:${filter}`);
          });
        }),
      ],
    });
    await world.connect('c');
    await add(world, 'c', { filter: 'a' });
    await remove(world, 'c', 'a');
    expect(seen).toEqual(['+a', '-c:a']);
  });

  test.each([
    [{ filter: 'a/#/b' }, 'SLUICE_TOPIC_FILTER'],
    [{ filter: '' }, 'SLUICE_TOPIC_FILTER'],
    [{ filter: 7 }, 'SLUICE_TOPIC_FILTER'],
    [{ filter: 'a/b/c/d' }, 'SLUICE_TOPIC_FILTER'],
    [{ filter: '+/b' }, 'SLUICE_TOPIC_FILTER'],
    [{ filter: '$share/g/a' }, 'SLUICE_TOPIC_FILTER'],
    [{ filter: 'a', qos: 3 }, 'SLUICE_QOS'],
    [{ filter: 'a', noLocal: 1 }, 'SLUICE_SUBSCRIPTION'],
    [{ filter: 'a', retainHandling: 3 }, 'SLUICE_SUBSCRIPTION'],
  ])('refuses %o', async (wanted, code) => {
    const world = await startTestBroker({
      limits: { maxTopicLevels: 3 },
      features: { wildcardSubscriptions: false, sharedSubscriptions: false },
    });
    await world.connect('c');
    await expect(add(world, 'c', wanted as WantedSubscription)).rejects.toMatchObject({ code });
    expect(world.broker.subscriptions.of('c')).toEqual([]);
  });

  test('refuses No Local in a share group [MQTT-3.8.3-4]', async () => {
    const world = await startTestBroker();
    await world.connect('c');
    const adding = add(world, 'c', { filter: '$share/g/a', noLocal: true });
    await expect(adding).rejects.toMatchObject({ code: 'SLUICE_SUBSCRIPTION' });
  });

  test('grants no more than the highest QoS of the broker', async () => {
    const world = await startTestBroker({ limits: { maxQos: 1 } });
    await world.connect('c');
    await add(world, 'c', { filter: 'a', qos: 2 });
    expect(world.broker.subscriptions.of('c')).toMatchObject([{ qos: 1 }]);
  });
});

describe.each(stores)('over %s', (_name, makeStore) => {
  test('add and remove settle when they are durable', async () => {
    const world = await startTestBroker({ store: makeStore() });
    const client = await world.connect('c', durable);
    await client.subscribe('old');
    await client.drop();
    world.persistence.hold();
    let settled = 0;
    const count = (): void => {
      settled++;
    };
    const adding = world.broker.subscriptions.add('c', { filter: 'new', qos: 1 }).then(count);
    const removing = world.broker.subscriptions.remove('c', 'old').then(count);
    await world.settle();
    expect(settled).toBe(0);
    world.persistence.release();
    await answerOf(world, Promise.all([adding, removing]));
    await world.crash();
    expect(world.broker.subscriptions.of('c')).toMatchObject([{ filter: 'new', qos: 1 }]);
    await world.publish('new', 'x', { qos: 1 });
    await world.publish('old', 'y', { qos: 1 });
    expect(await (await world.connect('c', durable)).payloads()).toEqual(['x']);
  });
});

describe('remove', () => {
  test('goes by the name that the client knows', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin(({ hook }) => {
          hook('subscribe', ({ subscriptions }) =>
            subscriptions.map(
              (one): SubscriptionRequest => ({ ...one, filter: `t/${one.filter}` }),
            ),
          );
        }),
      ],
    });
    const client = await world.connect('c');
    await client.subscribe('a');
    expect(world.broker.subscriptions.of('c')).toMatchObject([{ requested: 'a', filter: 't/a' }]);
    expect(await remove(world, 'c', 't/a')).toBe(false);
    expect(await remove(world, 'd', 'a')).toBe(false);
    expect(await remove(world, 'c', 'a')).toBe(true);
    await world.publish('t/a', 'x');
    expect(await client.payloads()).toEqual([]);
  });

  test('stops retained messages that are still to follow', async () => {
    const world = await startTestBroker();
    for (let index = 0; index < 5; index++) {
      await world.publish(`a/${index}`, `${index}`, { retain: true, qos: 1 });
    }
    const client = await world.connect('c', {
      acknowledges: false,
      properties: { receiveMaximum: 2 },
    });
    await client.subscribe('a/#');
    const before = await client.messages();
    expect(before).toHaveLength(2);
    await remove(world, 'c', 'a/#');
    for (const { packetId } of before) {
      client.send({ type: 4, packetId, reasonCode: 0, properties: {} });
    }
    expect(await client.messages()).toEqual([]);
  });
});

describe('the iterator', () => {
  test('gives the subscriptions of all sessions, through many turns', async () => {
    const world = await startTestBroker();
    const expected: string[] = [];
    for (let index = 0; index < 30; index++) {
      const client = await world.connect(`c${index}`);
      const filters = Array.from({ length: 20 }, (_, number) => `a/${index}/${number}`);
      for (const filter of filters) {
        await client.subscribe(filter);
        expected.push(`c${index} ${filter}`);
      }
    }
    const found = await collect(world, world.broker.subscriptions);
    expect(found.map(({ clientId, filter }) => `${clientId} ${filter}`)).toEqual(expected);
  });

  test('leaves out what is gone when its turn comes', async () => {
    const world = await startTestBroker();
    for (const clientId of ['1', '2', '3']) {
      const client = await world.connect(clientId);
      for (const filter of ['a', 'b', 'c']) await client.subscribe(filter);
    }
    const found: string[] = [];
    for await (const { clientId, filter } of world.broker.subscriptions) {
      found.push(`${clientId}${filter}`);
      if (found.length > 1) continue;
      await remove(world, '1', 'b');
      await answerOf(world, world.broker.sessions.end('2'));
    }
    expect(found).toEqual(['1a', '1c', '3a', '3b', '3c']);
  });
});
