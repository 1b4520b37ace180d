import { ReasonCode } from '@sluice/packet';
import type { PluginContext, PolicyChangedEvent } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { answerOf } from '../support/asking.ts';
import { filtersOf, Rules, reauthorize } from '../support/rules.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

describe('reauthorize', () => {
  test('takes from every connected client what it may not have any more', async () => {
    const rules = new Rules();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const clients = [];
    for (const clientId of ['1', '2']) {
      const client = await world.connect(clientId);
      for (const filter of ['a', 'b', '$share/g/c']) await client.subscribe(filter);
      clients.push(client);
    }
    rules.denied.add('1 a').add('2 $share/g/c');
    await reauthorize(world);
    expect(filtersOf(world, '1')).toEqual(['b 2', '$share/g/c 2']);
    expect(filtersOf(world, '2')).toEqual(['a 2', 'b 2']);
    expect(rules.unsubscribed).toEqual(['1 a', '2 $share/g/c']);
    expect(rules.changed).toEqual([{ clientId: undefined }]);
    expect(world.broker.stats.subscriptions).toBe(4);
    for (const payload of ['x', 'y']) await world.publish('c', payload);
    await world.publish('a', 'z');
    expect(await clients[0]?.payloads()).toEqual(['x', 'y']);
    expect(await clients[1]?.payloads()).toEqual(['z']);
  });

  test('of one client leaves the others alone', async () => {
    const rules = new Rules();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    for (const clientId of ['1', '2']) await (await world.connect(clientId)).subscribe('a');
    rules.denied.add('1 a').add('2 a');
    rules.asked.length = 0;
    await reauthorize(world, '1');
    expect(rules.asked).toEqual(['1 a']);
    expect(rules.changed).toEqual([{ clientId: '1' }]);
    expect(filtersOf(world, '1')).toEqual([]);
    expect(filtersOf(world, '2')).toEqual(['a 2']);
    await reauthorize(world, 'nobody');
  });

  test('lowers the QoS, and never raises it', async () => {
    const rules = new Rules();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const client = await world.connect('c');
    await client.subscribe('a');
    rules.maximumQos.set('c a', 1);
    await reauthorize(world);
    await world.publish('a', 'x', { qos: 2 });
    expect(await client.messages()).toMatchObject([{ qos: 1 }]);
    rules.maximumQos.clear();
    await reauthorize(world);
    expect(filtersOf(world, 'c')).toEqual(['a 1']);
  });

  test.each([
    ['denied', [], (rules: Rules) => rules.denied.add('c a/#')],
    ['of a lower QoS', [0, 0, 0], (rules: Rules) => rules.maximumQos.set('c a/#', 0)],
  ] as const)(
    'retained messages that are still to follow are %s',
    async (_what, expected, change) => {
      const rules = new Rules();
      const world = await startTestBroker({ plugins: [rules.plugin()] });
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
      change(rules);
      await reauthorize(world);
      for (const { packetId } of before) {
        client.send({ type: 4, packetId, reasonCode: 0, properties: {} });
      }
      expect((await client.messages()).map(({ qos }) => qos)).toEqual(expected);
    },
  );

  test('does nothing but tell where no rules are', async () => {
    const changed: PolicyChangedEvent[] = [];
    const world = await startTestBroker({
      plugins: [aPlugin(({ hook }) => hook('policyChanged', (event) => void changed.push(event)))],
    });
    await (await world.connect('c')).subscribe('a');
    await reauthorize(world);
    expect(changed).toHaveLength(1);
    expect(filtersOf(world, 'c')).toEqual(['a 2']);
  });

  test.each(stores)('over %s, settles when it is durable', async (_name, makeStore) => {
    const rules = new Rules();
    const world = await startTestBroker({ plugins: [rules.plugin()], store: makeStore() });
    const client = await world.connect('c', durable);
    for (const filter of ['a', 'b']) await client.subscribe(filter);
    rules.denied.add('c a');
    rules.maximumQos.set('c b', 0);
    world.persistence.hold();
    let settled = false;
    const done = world.broker.reauthorize().then(() => {
      settled = true;
    });
    await world.settle();
    expect(settled).toBe(false);
    // What is gone is gone at once.
    void world.broker.publish({ topic: 'a', payload: 'x' });
    expect(await client.payloads()).toEqual([]);
    world.persistence.release();
    await answerOf(world, done);
    await world.crash();
    expect(filtersOf(world, 'c')).toEqual(['b 0']);
  });

  test('rejects when the broker is closed', async () => {
    const world = await startTestBroker();
    const closing = world.broker.close();
    await world.settle();
    await closing;
    await expect(world.broker.reauthorize()).rejects.toMatchObject({ code: 'SLUICE_CLOSED' });
  });
});

describe('rules that fail', () => {
  test('end the connection and leave the subscriptions: nobody knows', async () => {
    const rules = new Rules();
    const world = await startTestBroker({ plugins: [rules.plugin()] });
    const client = await world.connect('c', durable);
    for (const filter of ['a', 'b']) await client.subscribe(filter);
    rules.failure = new Error('the database is down');
    rules.asked.length = 0;
    await reauthorize(world);
    expect(await client.receive('disconnect')).toMatchObject({
      reasonCode: ReasonCode.implementationSpecificError,
    });
    expect(rules.asked).toEqual(['c a']);
    expect(filtersOf(world, 'c')).toEqual(['a 2', 'b 2']);
    expect(world.errors.map(({ message }) => message)).toEqual([
      'The hook authorizeSubscribe of plug-in rules failed: the database is down',
    ]);
  });
});

test('a hook that calls it within what it calls does not bring the broker down', async () => {
  let calls = 0;
  let context: PluginContext | undefined;
  const rules = new Rules();
  const world = await startTestBroker({
    plugins: [
      rules.plugin((given) => {
        context = given;
        given.hook('policyChanged', () => {
          if (calls++ < 50) void given.broker.reauthorize();
        });
      }),
    ],
  });
  await (await world.connect('c')).subscribe('a');
  rules.denied.add('c a');
  await answerOf(world, (context as PluginContext).broker.reauthorize());
  expect(calls).toBe(51);
  expect(filtersOf(world, 'c')).toEqual([]);
});

test('the rules of a scope are told, and asked about its clients', async () => {
  const broker = new Rules();
  const scope = new Rules();
  const world = await startTestBroker({ plugins: [broker.plugin()] });
  const inner = await answerOf(
    world,
    world.broker.scope({ name: 'inner', plugins: [scope.plugin()] }),
  );
  const client = world.client(5, {}, inner);
  await client.connect({ clientId: 'c' });
  for (const filter of ['a', 'b']) await client.subscribe(filter);
  scope.denied.add('c a');
  await reauthorize(world);
  expect([broker.changed, scope.changed]).toEqual([
    [{ clientId: undefined }],
    [{ clientId: undefined }],
  ]);
  expect(filtersOf(world, 'c')).toEqual(['b 2']);
});
