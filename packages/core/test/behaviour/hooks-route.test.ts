import { allow, drop, type RouteReceiver } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { aWill, subscription, text } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

describe('route', () => {
  test('sees the receivers of a message, before a member of a share group is chosen', async () => {
    const seen: string[] = [];
    let receivers: readonly RouteReceiver[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('publish', () => void seen.push('publish'));
          context.hook('retain', () => {
            seen.push('retain');
            return allow();
          });
          context.hook('route', (event) => {
            seen.push(`route ${event.client?.clientId} ${event.message.topic}`);
            receivers = event.receivers;
          });
          context.hook('selectShared', () => void seen.push('selectShared'));
          context.hook('published', (event) => void seen.push(`published ${event.receivers}`));
        }),
      ],
    });
    world.broker.subscribe('a', () => {});
    const publisher = await world.connect('p');
    // Without No Local it would be one of them.
    await publisher.subscribe('a', { noLocal: true, qos: 2 });
    const one = await world.connect('one');
    await one.subscribe('a', { qos: 1 });
    for (const clientId of ['x', 'y']) {
      await (await world.connect(clientId)).subscribe('$share/g/a', { qos: 1 });
    }
    await publisher.publish('a', '1', { qos: 2, retain: true });
    expect(seen).toEqual(['publish', 'retain', 'route p a', 'selectShared', 'published 3']);
    expect(receivers).toEqual([
      { clientId: '', sharedFilter: undefined, qos: 2 },
      { clientId: 'one', sharedFilter: undefined, qos: 1 },
      { clientId: '', sharedFilter: '$share/g/a', qos: 2 },
    ]);
  });

  test('removes receivers and share groups', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('route', ({ receivers, message }) => ({
            remove: receivers.filter(
              ({ clientId, sharedFilter }) =>
                sharedFilter !== undefined || clientId === text(message.payload),
            ),
          })),
        ),
      ],
    });
    const [one, two, member] = [
      await world.connect('one'),
      await world.connect('two'),
      await world.connect('member'),
    ];
    await one.subscribe('a');
    await two.subscribe('a');
    await member.subscribe('$share/g/a');
    expect(await one.publish('a', 'one', { qos: 1 })).toBe(0);
    expect(await one.publish('a', 'two', { qos: 1 })).toBe(0);
    expect(await one.payloads()).toEqual(['two']);
    expect(await two.payloads()).toEqual(['one']);
    expect(await member.payloads()).toEqual([]);
    // The subscriptions are as they were.
    await world.publish('a', 'three');
    expect(await one.payloads()).toEqual(['three']);
  });

  test('adds sessions without a subscription, connected and absent ones', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('route', () => ({
            add: [
              { clientId: 'here' },
              { clientId: 'absent' },
              { clientId: 'low', qos: 0 },
              { clientId: 'nobody' },
              { clientId: 'reader' },
            ],
          })),
        ),
      ],
    });
    await (await world.connect('absent', durable)).drop();
    const [here, low, reader] = [
      await world.connect('here'),
      await world.connect('low'),
      await world.connect('reader'),
    ];
    await reader.subscribe('a', { qos: 1 });
    const publisher = await world.connect('p');
    expect(await publisher.publish('a', 'x', { qos: 2, retain: true })).toBe(0);
    expect(await here.messages()).toMatchObject([
      { topic: 'a', payload: 'x', qos: 2, retain: false },
    ]);
    expect(await low.messages()).toMatchObject([{ payload: 'x', qos: 0 }]);
    // Once, by its subscription.
    expect(await reader.messages()).toMatchObject([{ payload: 'x', qos: 1 }]);
    expect(await (await world.connect('absent', durable)).payloads()).toEqual(['x']);
  });

  test('drops a message: nobody gets it, nothing is retained, and the publisher is told', async () => {
    const seen: string[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('route', ({ message }) =>
            message.topic === 'gone' ? drop(0x99, 'no') : undefined,
          );
          context.hook('dropped', ({ clientId, message, reason }) =>
            seen.push(`${clientId} ${message.topic} ${reason}`),
          );
          context.hook('published', ({ message }) => void seen.push(message.topic));
        }),
      ],
    });
    const reader = await world.connect('r');
    await reader.subscribe('#');
    const client = await world.connect('c');
    for (const qos of [1, 2] as const) {
      expect(await client.publish('gone', 'x', { qos, retain: true })).toBe(0x99);
    }
    await client.publish('gone', 'x');
    await world.publish('gone', 'x');
    expect(await client.publish('b', 'y', { qos: 2 })).toBe(0);
    expect(await reader.payloads()).toEqual(['y']);
    expect(seen).toEqual([...Array(4).fill('undefined gone hook'), 'b']);
    const late = await world.connect('late');
    await late.subscribe('#');
    expect(await late.payloads()).toEqual([]);
  });

  test.each([
    ['throws', () => Promise.reject(new Error('no')) as never],
    ['removes what is no receiver', () => ({ remove: [{ clientId: 'r' }] as never })],
  ])('a hook that %s drops the message', async (_, hook) => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('route', hook))],
    });
    const reader = await world.connect('r');
    await reader.subscribe('#');
    expect(await reader.publish('a', 'x', { qos: 1 })).toBe(0x83);
    expect(await reader.payloads()).toEqual([]);
    expect(world.dropped('hook')).toBe(1);
    expect(world.errors).toHaveLength(1);
  });

  test('is asked about wills, too', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('route', ({ client, message }) =>
            message.topic === 'will' && client?.clientId === 'w'
              ? { add: [{ clientId: 'heir' }] }
              : undefined,
          ),
        ),
      ],
    });
    const heir = await world.connect('heir');
    const client = await world.connect('w', { will: aWill('will') });
    await client.drop();
    expect(await heir.payloads()).toEqual(['gone']);
  });

  test('several subscriptions of a session are one receiver, with the highest QoS', async () => {
    const seen: (readonly RouteReceiver[])[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => context.hook('route', (event) => void seen.push(event.receivers))),
      ],
    });
    const client = await world.connect('c');
    await client.subscribe([subscription('a', { qos: 0 }), subscription('+', { qos: 1 })]);
    await world.publish('a', 'x', { qos: 2 });
    expect(seen).toEqual([[{ clientId: 'c', sharedFilter: undefined, qos: 1 }]]);
    expect(await client.messages()).toMatchObject([{ qos: 1 }]);
  });
});
