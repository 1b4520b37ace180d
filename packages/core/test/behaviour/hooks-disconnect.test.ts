import { drop, type Traffic } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { askedOf } from '../support/asked-of.ts';
import { logHooks } from '../support/log-hooks.ts';
import { pingreq, publishPacket } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const withDisconnect = (answer: unknown) => askedOf('disconnect', answer);

describe('disconnect', () => {
  test('is asked before any DISCONNECT of the broker, and changes what it says', async () => {
    const changes = {
      reasonString: 'sorry',
      serverReference: 'other.example',
      userProperties: [['ticket', '7']],
    };
    const { world, asked } = await withDisconnect(changes);
    const kicked = await world.connect('kicked');
    world.broker.disconnect('kicked');
    expect(await kicked.receive('disconnect')).toMatchObject({
      reasonCode: 0x98,
      properties: changes,
    });
    const wrong = await world.connect('wrong');
    wrong.send(publishPacket('a', 'x', { properties: { topicAlias: 99 } }));
    expect((await wrong.receive('disconnect')).reasonCode).toBe(0x94);
    expect(asked).toMatchObject([
      {
        client: { clientId: 'kicked' },
        reasonCode: 0x98,
        reasonString: 'disconnected by the administrator',
        serverReference: undefined,
        userProperties: [],
      },
      { client: { clientId: 'wrong' }, reasonCode: 0x94 },
    ]);
  });

  test('is not asked where nothing is said: 3.x, a client that leaves, before CONNACK', async () => {
    const { world, asked } = await withDisconnect(undefined);
    const old = await world.connect('old', { version: 4 });
    world.broker.disconnect('old');
    await world.settle();
    expect(old.closed).toBe(true);
    await (await world.connect('polite')).disconnect();
    await (await world.connect('lost')).drop();
    const stranger = world.client(5);
    await world.advance(10_000);
    expect(stranger.closed).toBe(true);
    expect(asked).toEqual([]);
  });

  test('says as much as the client takes [MQTT-3.14.2-3] [MQTT-3.14.2-4]', async () => {
    const changes = { reasonString: 'x'.repeat(50), serverReference: 'far' };
    const { world } = await withDisconnect(changes);
    for (const [maximumPacketSize, properties] of [
      [63, changes],
      [62, { serverReference: 'far' }],
    ] as const) {
      const client = await world.connect('c', { properties: { maximumPacketSize } });
      world.broker.disconnect('c');
      expect((await client.receive('disconnect')).properties).toEqual(properties);
    }
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['drops', () => drop()],
    ['returns a promise', async () => ({ reasonString: 'late' })],
    ['changes what it must not', () => ({ reasonCode: 0 })],
  ])('leaves DISCONNECT as it was when it %s', async (_, hook) => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('disconnect', hook as never))],
    });
    const client = await world.connect('c');
    world.broker.disconnect('c');
    expect(await client.receive('disconnect')).toMatchObject({
      reasonCode: 0x98,
      properties: { reasonString: 'disconnected by the administrator' },
    });
    expect(world.errors).toHaveLength(1);
  });

  test('a hook that disconnects the client again is not asked again', async () => {
    const asked: string[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('disconnect', ({ client }) => {
            asked.push(client.clientId);
            context.broker.disconnect(client.clientId);
          }),
        ),
      ],
    });
    const client = await world.connect('c');
    world.broker.disconnect('c');
    await client.receive('disconnect');
    expect([asked, client.history]).toEqual([['c'], ['connack', 'disconnect']]);
  });
});

describe('disconnected', () => {
  test('comes after DISCONNECT was written, and after the will', async () => {
    const log: string[] = [];
    const names = ['disconnect', 'packetSent', 'will', 'disconnected'] as const;
    const world = await startTestBroker({ plugins: [logHooks(names, log)] });
    const will = { topic: 'w', payload: Buffer.from('x'), qos: 0, retain: false } as const;
    await world.connect('c', { will: { ...will, properties: {} } });
    log.length = 0;
    world.broker.disconnect('c');
    await world.settle();
    expect(log).toEqual(['disconnect', 'packetSent', 'will', 'disconnected']);
  });

  test.each([
    ['the client', 'client'],
    ['the broker', 'broker'],
    ['the network', 'network'],
  ] as const)('tells what went over the connection that %s ended', async (_, by) => {
    const told: [string, Traffic][] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook(
            'disconnected',
            ({ by: ended, traffic }) => void told.push([ended, traffic]),
          ),
        ),
      ],
    });
    const client = await world.connect('c');
    await client.subscribe('a', { qos: 1 });
    await client.publish('a', 'one', { qos: 1 });
    await client.publish('b', 'two');
    client.send(pingreq);
    await world.advance(1_500);
    if (by === 'client') await client.disconnect();
    else if (by === 'network') await client.drop();
    else world.broker.disconnect('c');
    await world.settle();
    const { bytesReceived, bytesSent } = world.broker.stats;
    expect(told).toEqual([
      [by, { durationMs: 1_500, bytesReceived, bytesSent, messagesReceived: 2, messagesSent: 1 }],
    ]);
    expect(bytesSent).toBeGreaterThan(0);
  });

  test('is told of by the event of the broker as well', async () => {
    const world = await startTestBroker();
    const told: unknown[] = [];
    world.broker.on('disconnected', ({ traffic }) => told.push(traffic.messagesReceived));
    const client = await world.connect('c');
    await client.publish('a');
    await client.disconnect();
    expect(told).toEqual([1]);
  });
});

test('who is ended by one hook connected is disconnected when the others know that it is there', async () => {
  const told: string[] = [];
  const ending = aPlugin(({ hook, broker }) => {
    hook('connected', ({ client }) => void broker.disconnect(client.clientId));
  }, 'ending');
  const present = aPlugin(({ hook }) => {
    hook('connected', () => void told.push('connected'));
    hook('disconnected', ({ by }) => void told.push(`disconnected by ${by}`));
  }, 'present');
  const world = await startTestBroker({ plugins: [ending, present] });
  world.broker.on('connected', () => told.push('event connected'));
  world.broker.on('disconnected', () => told.push('event disconnected'));
  const client = await world.connect('c');
  expect(client.history).toEqual(['connack', 'disconnect']);
  expect(told).toEqual([
    'connected',
    'event connected',
    'disconnected by broker',
    'event disconnected',
  ]);
});
