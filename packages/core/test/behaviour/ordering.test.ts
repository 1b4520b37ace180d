import type { Qos } from '@sluice/packet';
import { describe, expect, test } from 'vitest';
import { acknowledgement, publishPacket, text } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

describe.each([0, 1, 2] as const)('messages of one publisher at QoS %i', (qos) => {
  test.each([true, false])('come in their order, durable: %s', async (isDurable) => {
    const world = await startTestBroker();
    const client = await world.connect('c', isDurable ? durable : {});
    await client.subscribe('a');
    const publisher = await world.connect('p');
    publisher.chunkBytes = 13;
    for (let index = 0; index < 50; index++) {
      publisher.send(publishPacket('a', `${index}`, { qos, packetId: index + 1 }));
      if (index % 7 === 0) await world.settle();
    }
    expect(await client.payloads()).toEqual(Array.from({ length: 50 }, (_, index) => `${index}`));
  });

  test('keep their order when a hook takes its time', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('publish', async ({ message }) => {
            // The later, the quicker.
            for (let wait = Number(text(message.payload)); wait < 10; wait++) {
              await Promise.resolve();
            }
          }),
        ),
      ],
    });
    const client = await world.connect('c');
    await client.subscribe('a');
    const publisher = await world.connect('p');
    for (let index = 0; index < 10; index++) {
      publisher.send(publishPacket('a', `${index}`, { qos, packetId: index + 1 }));
    }
    expect(await client.payloads()).toEqual([...'0123456789']);
  });
});

test('QoS 1 and 2 keep their order when the client is back, in front of what is new', async () => {
  const world = await startTestBroker();
  const first = await world.connect('c', {
    cleanStart: false,
    acknowledges: false,
    properties: { sessionExpiryInterval: 100, receiveMaximum: 4 },
  });
  await first.subscribe('a');
  const send = async (from: number, to: number): Promise<void> => {
    for (let index = from; index < to; index++) {
      await world.publish('a', `${index}`, { qos: (1 + (index % 2)) as Qos });
    }
  };
  await send(0, 8);
  expect(await first.payloads()).toEqual(['0', '1', '2', '3']);
  await first.drop();
  await send(8, 10);
  const second = await world.connect('c', durable);
  await send(10, 12);
  expect(await second.payloads()).toEqual(Array.from({ length: 12 }, (_, index) => `${index}`));
});

test('a QoS 2 message that waits for its commit holds back what is behind it, but not QoS 0', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c', durable);
  await client.subscribe('a');
  const publisher = await world.connect('p');
  world.persistence.hold();
  publisher.send(
    publishPacket('a', 'two', { qos: 2, packetId: 1 }),
    publishPacket('a', 'one', { qos: 1, packetId: 2 }),
    publishPacket('a', 'zero'),
  );
  expect(await client.payloads()).toEqual(['zero']);
  world.persistence.release();
  expect(await client.payloads()).toEqual(['two', 'one']);
});

test('PUBREL leave in the order of PUBREC', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c', { ...durable, acknowledges: false });
  await client.subscribe('a');
  for (const payload of ['1', '2', '3']) await world.publish('a', payload, { qos: 2 });
  const ids = (await client.messages()).map(({ packetId }) => packetId);
  const order = [ids[2] ?? 0, ids[0] ?? 0, ids[1] ?? 0];
  for (const packetId of order) client.send(acknowledgement('pubrec', packetId));
  const released = [];
  for (const _ of order) released.push((await client.receive('pubrel')).packetId);
  expect(released).toEqual(order);
});

test('one client does not wait for the hook of another', async () => {
  const waiting: (() => void)[] = [];
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) =>
        context.hook('publish', async ({ client }) => {
          if (client?.clientId === 'slow') await new Promise<void>((go) => waiting.push(go));
        }),
      ),
    ],
  });
  const reader = await world.connect('r');
  await reader.subscribe('#');
  const slow = await world.connect('slow');
  const quick = await world.connect('quick');
  slow.send(publishPacket('a', '1'), publishPacket('a', '2'));
  await quick.publish('a', 'quick', { qos: 1 });
  expect(await reader.payloads()).toEqual(['quick']);
  waiting.shift()?.();
  expect(await reader.payloads()).toEqual(['1']);
  waiting.shift()?.();
  expect(await reader.payloads()).toEqual(['2']);
});

test('a client with very much to say does not keep others from their turn', async () => {
  const world = await startTestBroker({ limits: { maxPacketsPerTurn: 10 } });
  const reader = await world.connect('r');
  await reader.subscribe('#', { qos: 0 });
  const busy = await world.connect('busy');
  const other = await world.connect('other');
  const packets = Array.from({ length: 500 }, (_, index) => publishPacket('a', `${index}`));
  // Every look at the clock costs time here.
  const { environment } = world;
  const monotonic = environment.monotonic.bind(environment);
  environment.monotonic = () => {
    environment.block(1);
    return monotonic();
  };
  busy.send(...packets);
  other.send(publishPacket('a', 'other'));
  const payloads = await reader.payloads();
  environment.monotonic = monotonic;
  expect(payloads).toHaveLength(501);
  expect(payloads.indexOf('other')).toBeLessThan(100);
  expect(payloads.filter((payload) => payload !== 'other')).toEqual(
    packets.map((_, index) => `${index}`),
  );
});
