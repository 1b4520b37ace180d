import type { EndedEvent } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { logHooks } from '../support/log-hooks.ts';
import { connectPacket } from '../support/packets.ts';
import { memoryStore } from '../support/stores.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
const life = [
  'session',
  'takenOver',
  'resumed',
  'connack',
  'connected',
  'disconnect',
  'disconnected',
  'ended',
] as const;

/** Reasons of `ended` with the client identifier, as they come. */
function watchEnds(ends: string[], events: EndedEvent[] = []) {
  return aPlugin((context) =>
    context.hook('ended', (event) => {
      events.push(event);
      ends.push(`${event.client.clientId} ${event.reason}`);
    }),
  );
}

describe('takenOver and resumed', () => {
  test('come in this order, behind the end of the other connection and before CONNACK', async () => {
    const log: string[] = [];
    const world = await startTestBroker({ plugins: [logHooks(life, log)] });
    await world.connect('c', durable);
    log.length = 0;
    await world.connect('c', durable);
    expect(log).toEqual([
      'session',
      'disconnect',
      'disconnected',
      'takenOver',
      'resumed',
      'connack',
      'connected',
    ]);
  });

  test('say who has the client identifier, who had it, and what goes on', async () => {
    const connections: string[] = [];
    const seen: unknown[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('connected', ({ client }) => void connections.push(client.connection.id));
          context.hook('takenOver', ({ client, previous }) => {
            seen.push(client.connection.id, previous.connection.id);
          });
          context.hook('resumed', ({ client, session }) => {
            seen.push(session.client === client, session.subscriptions);
          });
        }),
      ],
    });
    await (await world.connect('c', durable)).subscribe('a');
    await world.connect('c', durable);
    const [first, second] = connections;
    expect(seen).toEqual([second, first, true, 1]);
  });

  test('a clean start takes over without resuming; a return resumes without taking over', async () => {
    const log: string[] = [];
    const world = await startTestBroker({
      plugins: [logHooks(['takenOver', 'resumed', 'ended'], log)],
    });
    await world.connect('c', durable);
    const client = await world.connect('c', { ...durable, cleanStart: true });
    expect(log).toEqual(['ended', 'takenOver']);
    log.length = 0;
    await client.disconnect();
    await world.connect('c', durable);
    expect(log).toEqual(['resumed']);
  });
});

describe('ended', () => {
  test('says why: clean start, the end of the connection, the end of its time, an administrator', async () => {
    const ends: string[] = [];
    const world = await startTestBroker({ plugins: [watchEnds(ends)] });
    await (await world.connect('started-clean', durable)).disconnect();
    await world.connect('started-clean', { ...durable, cleanStart: true });
    await (await world.connect('brief')).disconnect();
    await (await world.connect('patient', durable)).disconnect();
    await (await world.connect('removed', durable)).disconnect();
    const ending = world.broker.sessions.end('removed');
    await world.settle();
    await ending;
    await world.advance(1_000_001);
    expect(ends).toEqual([
      'started-clean clean-start',
      'brief disconnected',
      'removed administrative',
      'patient expired',
    ]);
  });

  test('comes after the connection was told to be closed, once', async () => {
    const log: string[] = [];
    const world = await startTestBroker({
      plugins: [logHooks(['disconnect', 'disconnected', 'ended', 'takenOver'], log)],
    });
    await world.connect('c');
    const again = await world.connect('c', { cleanStart: false });
    expect(log).toEqual(['disconnect', 'disconnected', 'ended', 'takenOver']);
    log.length = 0;
    await again.drop();
    expect(log).toEqual(['disconnected', 'ended']);
  });

  test('is told of sessions whose time is over when the broker starts, after start', async () => {
    const log: string[] = [];
    const events: EndedEvent[] = [];
    const plugins = [watchEnds(log, events), logHooks(['start'], log)];
    const world = await startTestBroker({ plugins, store: memoryStore() });
    await (await world.connect('c', { ...durable, userName: 'anna' })).disconnect();
    log.length = 0;
    await world.restart(2_000_000);
    expect(log).toEqual(['start', 'c expired']);
    expect(events[0]?.client).toMatchObject({
      identity: 'anna',
      connection: { transport: 'restored' },
    });
  });

  test('a hook that ends the session when its connection closes ends it once', async () => {
    const ends: string[] = [];
    const ending: Promise<boolean>[] = [];
    const world = await startTestBroker({
      plugins: [
        watchEnds(ends),
        aPlugin((context) => {
          context.hook('disconnected', ({ client }) => {
            ending.push(context.broker.sessions.end(client.clientId));
          });
        }, 'ending'),
      ],
    });
    await (await world.connect('c', durable)).disconnect();
    await world.connect('d', durable);
    await world.connect('d', durable);
    await world.connect('e', durable);
    await world.connect('e', { ...durable, cleanStart: true });
    await world.settle();
    expect(ends).toEqual(['c administrative', 'd administrative', 'e administrative']);
    expect(await Promise.all(ending)).toEqual([true, true, true]);
    expect(world.broker.stats).toMatchObject({ sessions: 2, clients: 2 });
    expect(world.errors).toEqual([]);
  });

  test('a hook that disconnects the client before its CONNACK leaves the session without it', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('resumed', ({ client }) => {
            context.broker.disconnect(client.clientId);
          });
        }),
      ],
    });
    await (await world.connect('c', durable)).disconnect();
    const client = world.client(5);
    client.send(connectPacket(5, { clientId: 'c', ...durable }));
    await world.settle();
    expect([client.closed, client.received()]).toEqual([true, []]);
    expect(world.broker.stats).toMatchObject({ sessions: 1, clients: 0, connections: 0 });
    expect(world.errors).toEqual([]);
  });
});

test('a session that is taken over while the broker closes goes on by itself', async () => {
  let closing: Promise<void> | undefined;
  const world = await startTestBroker({
    store: memoryStore(),
    plugins: [
      aPlugin((context) =>
        context.hook('disconnected', () => {
          closing ??= world.broker.close();
        }),
      ),
    ],
  });
  await world.connect('c', durable);
  const client = world.client(5);
  client.send(connectPacket(5, { clientId: 'c', ...durable }));
  await world.settle();
  await closing;
  const saved = world.persistence.commits.flat().filter(({ type }) => type === 'saveSession');
  expect(saved.at(-1)).toMatchObject({ record: { disconnectedAt: expect.any(Number) } });
  expect(world.errors).toEqual([]);
});
