import { allow, deny, drop } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { publishPacket, text } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

describe('authorizeDeliver and deliver', () => {
  test('see every kind of delivery, and keep one from a single receiver', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('authorizeDeliver', ({ client, message }) =>
            client.clientId === 'c' && message.topic === 'secret' ? deny() : allow(),
          );
          context.hook('deliver', ({ client, message }) =>
            message.topic === 'odd'
              ? drop()
              : { payload: `${text(message.payload)} for ${client.clientId}` },
          );
        }),
      ],
    });
    await world.publish('secret', 'kept', { retain: true });
    await world.publish('open', 'kept', { retain: true });
    const client = await world.connect('c', durable);
    const other = await world.connect('o');
    for (const reader of [client, other]) await reader.subscribe('#');
    expect(await client.payloads()).toEqual(['kept for c']);
    expect(await other.payloads()).toEqual(['kept for o', 'kept for o']);
    await client.drop();
    for (const qos of [1, 2] as const) {
      for (const topic of ['secret', 'odd', 'open']) await world.publish(topic, `${qos}`, { qos });
    }
    const back = await world.connect('c', durable);
    await world.publish('secret', 'zero');
    expect(await back.payloads()).toEqual(['1 for c', '2 for c']);
    expect(await other.payloads()).toEqual([
      '1 for o',
      '1 for o',
      '2 for o',
      '2 for o',
      'zero for o',
    ]);
    // They took no place in flight, and do not come again.
    await back.drop();
    expect(await (await world.connect('c', durable)).payloads()).toEqual([]);
    expect(world.dropped('not-authorized')).toBe(4);
  });

  test.each([true, false])(
    'may end the connection of the receiver, durable: %s',
    async (isDurable) => {
      const kicked: string[] = [];
      const world = await startTestBroker({
        plugins: [
          aPlugin((context) =>
            context.hook('deliver', ({ message }) => {
              if (kicked.length > 0 || text(message.payload) !== '2') return undefined;
              kicked.push('c');
              context.broker.disconnect('c');
              return undefined;
            }),
          ),
        ],
      });
      const client = await world.connect('c', isDurable ? durable : {});
      await client.subscribe('a');
      for (const payload of ['1', '2', '3']) await world.publish('a', payload, { qos: 1 });
      expect(client.disconnectCode).toBe(0x98);
      const back = await world.connect('c', isDurable ? durable : {});
      if (!isDurable) await back.subscribe('a');
      await world.publish('a', '4', { qos: 2 });
      expect(await back.payloads()).toEqual(isDurable ? ['2', '3', '4'] : ['4']);
      expect(world.errors).toEqual([]);
    },
  );

  test('a client that is ended when something is dropped keeps its queue in order', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('dropped', ({ clientId }) => {
            if (clientId !== undefined) context.broker.disconnect(clientId);
          }),
        ),
      ],
    });
    const client = await world.connect('c', {
      cleanStart: false,
      properties: { sessionExpiryInterval: 1_000, maximumPacketSize: 50 },
    });
    await client.subscribe('a');
    for (const payload of ['1', 'x'.repeat(100), '2', '3']) {
      await world.publish('a', payload, { qos: 1 });
    }
    expect(await client.payloads()).toEqual(['1']);
    const back = await world.connect('c', durable);
    expect(await back.payloads()).toEqual(['2', '3']);
    expect(world.errors).toEqual([]);
  });
});

test('observers are told of everything, in order, and harm nothing when they throw', async () => {
  const seen: string[] = [];
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) => {
        context.hook('connected', ({ client, sessionPresent }) => {
          seen.push(`connected ${client.clientId} ${sessionPresent}`);
          throw new Error('connected');
        });
        context.hook(
          'subscribed',
          ({ subscription: { filter } }) => void seen.push(`subscribed ${filter}`),
        );
        context.hook('unsubscribed', ({ filter }) => void seen.push(`unsubscribed ${filter}`));
        context.hook(
          'published',
          ({ client, message, receivers }) =>
            void seen.push(`published ${client?.clientId} ${message.topic} ${receivers}`),
        );
        context.hook(
          'dropped',
          ({ clientId, reason }) => void seen.push(`dropped ${clientId} ${reason}`),
        );
        context.hook(
          'disconnected',
          ({ client, by, reasonCode }) =>
            void seen.push(`disconnected ${client.clientId} ${by} ${reasonCode}`),
        );
      }),
    ],
  });
  const client = await world.connect('c', { properties: { maximumPacketSize: 30 } });
  await client.subscribe('a');
  await client.publish('a', 'x', { qos: 1 });
  await client.publish('a', 'x'.repeat(50));
  await world.publish('b', 'x');
  await client.unsubscribe('a', 'nothing');
  await client.disconnect(0x04);
  const other = await world.connect('d', durable);
  world.broker.disconnect('d');
  await world.settle();
  await other.drop();
  const third = await world.connect('d', durable);
  await third.drop(new Error('reset'));
  expect(seen).toEqual([
    'connected c false',
    'subscribed a',
    'published c a 1',
    'dropped c packet-too-large',
    'published c a 0',
    'published undefined b 0',
    'unsubscribed a',
    'disconnected c client 4',
    'connected d false',
    'disconnected d broker 152',
    'connected d true',
    'disconnected d network 0',
  ]);
  expect(world.errors).toHaveLength(3);
});

test('published is told when it is durable', async () => {
  const seen: string[] = [];
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) =>
        context.hook('published', ({ message }) => void seen.push(text(message.payload))),
      ),
    ],
  });
  await (await world.connect('k', durable)).subscribe('a');
  const client = await world.connect('c');
  world.persistence.hold();
  client.send(publishPacket('a', 'x', { qos: 1, packetId: 1 }));
  await world.settle();
  expect(seen).toEqual([]);
  world.persistence.release();
  await world.settle();
  expect(seen).toEqual(['x']);
});
