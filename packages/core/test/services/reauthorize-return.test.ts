import { allow, deny } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { Gate } from '../support/gate.ts';
import { connectPacket, text } from '../support/packets.ts';
import { filtersOf, Rules, reauthorize } from '../support/rules.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

/** Lets only those subscribe who are logged in as admin: everybody is anna. */
const adminsOnly = aPlugin(({ hook }) => {
  hook('authenticate', ({ userName }) =>
    allow({ identity: 'anna', attributes: { role: userName } }),
  );
  hook('exchange', ({ data }) => allow({ identity: 'anna', attributes: { role: text(data) } }));
  hook('authorizeSubscribe', ({ client: { attributes } }) =>
    (attributes as { role?: string }).role === 'admin' ? allow() : deny(),
  );
});

describe('a client that was away', () => {
  test('keeps its subscriptions until it is back, and then gets nothing of what it lost', async () => {
    const rules = new Rules();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const before = await world.connect('c', durable);
    for (const filter of ['a', 'b']) await before.subscribe(filter);
    await before.drop();
    rules.denied.add('c a');
    rules.asked.length = 0;
    await reauthorize(world);
    expect(rules.asked).toEqual([]);
    expect(filtersOf(world, 'c')).toEqual(['a 2', 'b 2']);
    const { client, connack } = await world.resume('c', durable);
    expect(connack.sessionPresent).toBe(true);
    expect(filtersOf(world, 'c')).toEqual(['b 2']);
    await world.publish('a', 'x');
    await world.publish('b', 'y');
    expect(await client.payloads()).toEqual(['y']);
    await world.crash();
    expect(filtersOf(world, 'c')).toEqual(['b 2']);
  });

  test('is asked about as the one it is now', async () => {
    const world = await startTestBroker({ plugins: [adminsOnly] });
    const admin = { ...durable, userName: 'admin' };
    await (await world.connect('c', admin)).subscribe('a');
    await world.restart();
    await world.connect('c', admin);
    expect(filtersOf(world, 'c')).toEqual(['a 2']);
    await world.connect('c', { ...durable, userName: 'guest' });
    expect(filtersOf(world, 'c')).toEqual([]);
  });

  test('is not asked about when it begins a new session', async () => {
    const rules = new Rules();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const before = await world.connect('c', durable);
    await before.subscribe('a');
    await before.drop();
    rules.asked.length = 0;
    await world.connect('c');
    expect(rules.asked).toEqual([]);
  });

  test('gets nothing while rules take their time, nor by those of before', async () => {
    const rules = new Rules();
    const gate = new Gate();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const before = await world.connect('c', durable);
    await before.subscribe('a', { qos: 1 });
    await before.drop();
    rules.wait = gate.wait;
    const client = world.client();
    client.connect({ clientId: 'c', ...durable }).catch(() => {});
    await world.settle();
    expect(await client.unread()).toEqual([]);
    rules.denied.add('c a');
    await reauthorize(world);
    gate.open();
    await world.settle();
    expect(await client.unread()).toEqual([]);
    gate.open();
    expect(await client.receive('connack')).toMatchObject({ sessionPresent: true });
    expect(filtersOf(world, 'c')).toEqual([]);
  });

  test('is asked about once, however many of its connections wait', async () => {
    const rules = new Rules();
    const gate = new Gate();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const before = await world.connect('c', durable);
    await before.subscribe('a');
    await before.drop();
    rules.wait = gate.wait;
    const first = world.client();
    first.send(connectPacket(5, { clientId: 'c', ...durable }));
    await world.settle();
    const second = world.client();
    second.send(connectPacket(5, { clientId: 'c', ...durable }));
    await world.settle();
    gate.open();
    await world.settle();
    expect(await first.receive('connack')).toMatchObject({ reasonCode: 0, sessionPresent: true });
    gate.open();
    expect(await second.receive('connack')).toMatchObject({ reasonCode: 0, sessionPresent: true });
    expect(first.closed).toBe(true);
    expect(filtersOf(world, 'c')).toEqual(['a 2']);
    expect(world.broker.stats).toMatchObject({ clients: 1, sessions: 1 });
  });

  test('that gives up meanwhile changes nothing', async () => {
    const rules = new Rules();
    const gate = new Gate();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const before = await world.connect('c', durable);
    await before.subscribe('a');
    await before.drop();
    rules.wait = gate.wait;
    rules.denied.add('c a');
    const client = world.client();
    client.connect({ clientId: 'c', ...durable }).catch(() => {});
    await world.settle();
    await client.drop();
    gate.open();
    await world.settle();
    expect(filtersOf(world, 'c')).toEqual(['a 2']);
    await world.advance(2_000_000);
    expect(world.broker.sessions.get('c')).toBeUndefined();
  });

  test('is refused while nobody knows what the rules say', async () => {
    const rules = new Rules();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const before = await world.connect('c', durable);
    await before.subscribe('a');
    await before.drop();
    rules.failure = new Error('the database is down');
    await expect(world.connect('c', durable)).rejects.toThrow('refused: 131');
    rules.failure = undefined;
    await world.connect('c', durable);
    expect(filtersOf(world, 'c')).toEqual(['a 2']);
  });
});

test('a client that authenticates again is asked about as the one it is then', async () => {
  const world = await startTestBroker({ plugins: [adminsOnly] });
  const as = (role: string) => ({
    authenticationMethod: 'm',
    authenticationData: Buffer.from(role),
  });
  const client = await world.connect('c', { properties: as('admin') });
  await client.subscribe('a');
  client.send({ type: 15, reasonCode: 0x19, properties: as('admin') });
  await client.receive('auth');
  expect(filtersOf(world, 'c')).toEqual(['a 2']);
  client.send({ type: 15, reasonCode: 0x19, properties: as('guest') });
  await client.receive('auth');
  expect(filtersOf(world, 'c')).toEqual([]);
});
