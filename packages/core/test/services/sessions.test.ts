import { ReasonCode } from '@sluice/packet';
import type { EndedEvent } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { answerOf, collect } from '../support/asking.ts';
import { aWill } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

describe('get', () => {
  test('tells how a session is, connected and not', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin(({ hook }) => {
          hook('authenticate', () => ({ allowed: true, grant: { identity: 'anna' } }));
        }),
      ],
    });
    const client = await world.connect('c', { ...durable, acknowledges: false });
    await client.subscribe('a');
    await world.publish('a', '1', { qos: 1 });
    const connected = world.broker.sessions.get('c');
    expect(connected).toMatchObject({
      clientId: 'c',
      identity: 'anna',
      client: { clientId: 'c', protocolVersion: 5 },
      disconnectedAt: undefined,
      expiryInterval: 1_000,
      subscriptions: 1,
      queuedMessages: 1,
    });
    await world.advance(5_000);
    const now = world.environment.now();
    await client.drop();
    await world.publish('a', '2', { qos: 1 });
    expect(world.broker.sessions.get('c')).toEqual({
      ...connected,
      client: undefined,
      disconnectedAt: now,
      queuedMessages: 2,
      inflightMessages: 0,
      traffic: { ...connected?.traffic, dropped: new Map() },
    });
    expect(connected?.inflightMessages).toBe(1);
    expect(world.broker.sessions.get('d')).toBeUndefined();
  });
});

describe('end', () => {
  test('ends the connection with 0x98 and the session with what waits for it', async () => {
    const ended: EndedEvent[] = [];
    const world = await startTestBroker({
      plugins: [aPlugin(({ hook }) => hook('ended', (event) => void ended.push(event)))],
    });
    const watcher = await world.connect('watcher');
    await watcher.subscribe('wills');
    const will = aWill('wills', 'gone', { properties: { willDelayInterval: 500 } });
    const client = await world.connect('c', { ...durable, will });
    await client.subscribe('a');
    expect(await answerOf(world, world.broker.sessions.end('c'))).toBe(true);
    expect(await client.receive('disconnect')).toMatchObject({
      reasonCode: ReasonCode.administrativeAction,
    });
    expect(client.closed).toBe(true);
    expect(await watcher.payloads()).toEqual(['gone']);
    expect(world.broker.sessions.get('c')).toBeUndefined();
    expect(world.broker.stats).toMatchObject({ sessions: 1, subscriptions: 1, clients: 1 });
    expect(ended).toMatchObject([{ client: { clientId: 'c' }, reason: 'administrative' }]);
    expect((await world.resume('c', durable)).connack.sessionPresent).toBe(false);
  });

  test('ends a session that would not have outlived its connection for the same reason', async () => {
    const reasons: string[] = [];
    const world = await startTestBroker({
      plugins: [aPlugin(({ hook }) => hook('ended', ({ reason }) => void reasons.push(reason)))],
    });
    await world.connect('c');
    expect(await answerOf(world, world.broker.sessions.end('c'))).toBe(true);
    expect(reasons).toEqual(['administrative']);
  });

  test('is false where there is none', async () => {
    const world = await startTestBroker();
    expect(await answerOf(world, world.broker.sessions.end('c'))).toBe(false);
  });

  test.each(stores)('over %s, settles when it is durable', async (_name, makeStore) => {
    const world = await startTestBroker({ store: makeStore() });
    await (await world.connect('c', durable)).drop();
    world.persistence.hold();
    let settled = false;
    const ending = world.broker.sessions.end('c').then(() => {
      settled = true;
    });
    await world.settle();
    expect(settled).toBe(false);
    world.persistence.release();
    await answerOf(world, ending);
    await world.crash();
    expect(world.broker.sessions.get('c')).toBeUndefined();
  });

  test('waits for the hooks of the will', async () => {
    let answer: (() => void) | undefined;
    const world = await startTestBroker({
      plugins: [
        aPlugin(({ hook }) => {
          hook('will', () => new Promise<void>((resolve) => (answer = resolve)));
        }),
      ],
    });
    await world.connect('c', { ...durable, will: aWill('wills') });
    let settled = false;
    const ending = world.broker.sessions.end('c').then(() => {
      settled = true;
    });
    await world.settle();
    expect(settled).toBe(false);
    answer?.();
    await answerOf(world, ending);
    await world.crash();
    expect(world.broker.sessions.get('c')).toBeUndefined();
  });

  test('rejects when the broker closes before it is durable', async () => {
    const world = await startTestBroker();
    await (await world.connect('c', durable)).drop();
    world.persistence.failure = new Error('the disk is full');
    const ending = world.broker.sessions.end('c');
    ending.catch(() => {});
    await world.settle();
    const closing = world.broker.close();
    await world.settle();
    await closing;
    await expect(ending).rejects.toMatchObject({ code: 'SLUICE_PERSISTENCE_FAILED' });
  });
});

describe('the iterator', () => {
  test('gives every session once', async () => {
    const world = await startTestBroker();
    const names = Array.from({ length: 600 }, (_, index) => `c${index}`);
    for (const name of names) {
      await (await world.connect(name, durable)).drop();
    }
    const found = await collect(world, world.broker.sessions);
    expect(found.map(({ clientId }) => clientId)).toEqual(names);
  });

  test('lets others have their turn after a few hundred', async () => {
    const world = await startTestBroker();
    for (let index = 0; index < 300; index++) await world.connect(`c${index}`);
    const iterator = world.broker.sessions[Symbol.asyncIterator]();
    let taken = 0;
    let done = false;
    const taking = (async () => {
      while ((await iterator.next()).done !== true) taken++;
      done = true;
    })();
    for (let tick = 0; tick < 10; tick++) await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBeGreaterThan(200);
    expect(done).toBe(false);
    await answerOf(world, taking);
    expect(taken).toBe(300);
  });

  test('passes over those that end, and ends however many begin', async () => {
    const world = await startTestBroker();
    for (let index = 0; index < 10; index++) await world.connect(`c${index}`, durable);
    const found: string[] = [];
    const walk = (async () => {
      for await (const { clientId } of world.broker.sessions) {
        found.push(clientId);
        // Begins another one for each that it sees: it would never end.
        world.client().send({
          type: 1,
          protocolVersion: 5,
          cleanStart: true,
          keepAlive: 0,
          clientId: `new-${clientId}`,
          properties: {},
        });
        if (clientId === 'c2') await answerOf(world, world.broker.sessions.end('c5'));
        else await world.settle();
      }
    })();
    await walk;
    expect(found).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c6', 'c7', 'c8', 'c9']);
    expect(world.broker.stats.sessions).toBe(18);
  });

  test('can be left, and fails when the broker closes', async () => {
    const world = await startTestBroker();
    for (let index = 0; index < 3; index++) await world.connect(`c${index}`);
    for await (const { clientId } of world.broker.sessions) {
      expect(clientId).toBe('c0');
      break;
    }
    const iterator = world.broker.sessions[Symbol.asyncIterator]();
    await iterator.next();
    const closing = world.broker.close();
    await world.settle();
    await closing;
    await expect(iterator.next()).rejects.toMatchObject({ code: 'SLUICE_CLOSED' });
  });
});
