import { drop, type EndedEvent, type SessionEvent } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { Gate } from '../support/gate.ts';
import { logHooks } from '../support/log-hooks.ts';
import { connectPacket } from '../support/packets.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

/** A broker with a hook `session`, and a stored session of `c` with a subscription. */
async function withSession(
  hook: (event: SessionEvent) => unknown,
  ended: EndedEvent[] = [],
): Promise<TestBroker> {
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) => {
        context.hook('session', hook as never);
        context.hook('ended', (event) => void ended.push(event));
      }),
    ],
  });
  const client = await world.connect('c', durable);
  await client.subscribe('a');
  await client.disconnect();
  await world.publish('a', 'waited', { qos: 1 });
  return world;
}

describe('session', () => {
  test('is asked about a stored session only, with how it is and what is wanted', async () => {
    const seen: unknown[] = [];
    const world = await withSession(({ client, session, expiryInterval }) => {
      const { subscriptions, queuedMessages, disconnectedAt } = session;
      const isOffline = session.client === undefined && disconnectedAt !== undefined;
      seen.push([client.clientId, subscriptions, queuedMessages, isOffline, expiryInterval]);
    });
    await world.connect('other', durable);
    expect(seen).toEqual([]);
    const { client, connack } = await world.resume('c', {
      cleanStart: false,
      properties: { sessionExpiryInterval: 50 },
    });
    expect([connack.sessionPresent, await client.payloads()]).toEqual([true, ['waited']]);
    expect(seen).toEqual([['c', 1, 1, true, 50]]);
    await client.disconnect();
    await world.connect('c', { cleanStart: true });
    expect(seen).toHaveLength(1);
  });

  test('is not asked about a session that ends with the connection that has it', async () => {
    const seen: unknown[] = [];
    const world = await withSession((event) => void seen.push(event));
    await world.connect('brief', { cleanStart: false });
    const { connack } = await world.resume('brief', { cleanStart: false });
    expect([connack.sessionPresent, seen]).toEqual([false, []]);
  });

  test.each([
    ['at once', () => ({ resume: false })],
    ['later', async () => ({ resume: false })],
  ])('resume: false ends the stored session, %s', async (_, hook) => {
    const ended: EndedEvent[] = [];
    const world = await withSession(hook, ended);
    const { client, connack } = await world.resume('c', durable);
    expect([connack.sessionPresent, await client.payloads()]).toEqual([false, []]);
    expect(ended).toMatchObject([{ client: { clientId: 'c' }, reason: 'administrative' }]);
    await world.publish('a', 'nobody');
    expect(await client.payloads()).toEqual([]);
  });

  test('lowers the expiry, which DISCONNECT cannot raise again', async () => {
    const ended: EndedEvent[] = [];
    const world = await withSession(() => ({ expiryInterval: 10 }), ended);
    const { client, connack } = await world.resume('c', durable);
    expect(connack.properties.sessionExpiryInterval).toBe(10);
    await client.disconnect(0, { sessionExpiryInterval: 500 });
    await world.advance(9_999);
    expect(ended).toEqual([]);
    await world.advance(2);
    expect(ended).toMatchObject([{ reason: 'expired' }]);
  });

  test.each([
    [5, 0x97],
    [4, 3],
  ] as const)(
    'a drop refuses version %i with its code, and the session stays',
    async (version, code) => {
      let drops = true;
      const world = await withSession(() => (drops ? drop(0x97, 'not now') : undefined));
      const refused = world.client(version);
      expect((await refused.connect({ clientId: 'c', cleanStart: false })).reasonCode).toBe(code);
      drops = false;
      const { client, connack } = await world.resume('c', durable);
      expect([connack.sessionPresent, await client.payloads()]).toEqual([true, ['waited']]);
    },
  );

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['misses its deadline', () => new Promise(() => {})],
    ['raises the expiry', () => ({ expiryInterval: 2_000 })],
    ['answers rubbish', () => ({ resume: true })],
  ])('refuses with 0x83 when it %s', async (_, hook) => {
    const world = await withSession(hook);
    const client = world.client(5);
    client.send(connectPacket(5, { clientId: 'c', ...durable }));
    await world.advance(5_000);
    expect((await client.receive('connack')).reasonCode).toBe(0x83);
    expect(world.errors).toHaveLength(1);
    expect(world.broker.sessions.get('c')?.subscriptions).toBe(1);
  });

  test('an answer after the connection is gone does nothing', async () => {
    const gate = new Gate();
    const ended: EndedEvent[] = [];
    const world = await withSession(async () => {
      await gate.wait();
      return { resume: false };
    }, ended);
    const client = world.client(5);
    client.send(connectPacket(5, { clientId: 'c', ...durable }));
    await world.settle();
    await client.drop();
    gate.open();
    await world.settle();
    expect(ended).toEqual([]);
    expect(world.broker.sessions.get('c')).toMatchObject({ subscriptions: 1, client: undefined });
  });

  test('looks again whether the session is still there: another one is asked about as well', async () => {
    const gate = new Gate();
    const asked: number[] = [];
    const world = await withSession(async ({ session }) => {
      asked.push(session.subscriptions);
      await gate.wait();
    });
    const client = world.client(5);
    client.send(connectPacket(5, { clientId: 'c', ...durable }));
    await world.settle();
    const between = await world.connect('c', { ...durable, cleanStart: true });
    await between.disconnect();
    gate.open();
    await world.settle();
    expect(asked).toEqual([1, 0]);
    gate.open();
    expect((await client.receive('connack')).sessionPresent).toBe(true);
    expect(world.broker.sessions.get('c')?.subscriptions).toBe(0);
  });

  test('a session that ended meanwhile is not resumed', async () => {
    const gate = new Gate();
    const world = await withSession(gate.wait);
    const client = world.client(5);
    client.send(connectPacket(5, { clientId: 'c', ...durable }));
    await world.settle();
    const ending = world.broker.sessions.end('c');
    await world.settle();
    await ending;
    gate.open();
    expect((await client.receive('connack')).sessionPresent).toBe(false);
  });

  test('comes after authentication and the authorization of the will', async () => {
    const order: string[] = [];
    const names = ['authenticate', 'authorizePublish', 'session', 'takenOver'] as const;
    const world = await startTestBroker({ plugins: [logHooks(names, order)] });
    const will = { topic: 'w', payload: Buffer.from('x'), qos: 0, retain: false } as const;
    await (await world.connect('c', durable)).disconnect();
    order.length = 0;
    await world.connect('c', { ...durable, will: { ...will, properties: {} } });
    expect(order).toEqual(['authenticate', 'authorizePublish', 'session']);
  });
});
