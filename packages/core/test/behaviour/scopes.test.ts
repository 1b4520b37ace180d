import { allow, deny, drop, type Plugin } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { aWill, publishPacket } from '../support/packets.ts';
import { memoryStore } from '../support/stores.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

/** Lets in who says the password, and publishes below `public/`; everybody gets everything but `secret`. */
const guarded: Plugin = aPlugin((context) => {
  context.hook('authenticate', ({ password }) =>
    String(password) === 'open' ? allow({ identity: 'guest' }) : deny(0x86),
  );
  context.hook('authorizePublish', ({ message }) =>
    message.topic.startsWith('public/') ? allow() : deny(),
  );
  context.hook('authorizeSubscribe', () => allow());
  context.hook('authorizeDeliver', ({ message }) =>
    message.topic === 'secret' ? deny() : allow(),
  );
}, 'guarded');

const password = Buffer.from('open');

describe('a scope', () => {
  test('has hooks of its own: a public port with passwords beside an internal one without', async () => {
    const world = await startTestBroker();
    const scope = await world.broker.scope({ name: 'public', plugins: [guarded] });
    const stranger = world.client(5, {}, scope);
    expect((await stranger.connect({ clientId: 'x' })).reasonCode).toBe(0x86);
    const guest = world.client(5, {}, scope);
    expect((await guest.connect({ clientId: 'g', password })).reasonCode).toBe(0);
    const internal = await world.connect('i');
    for (const client of [guest, internal]) await client.subscribe('#');
    expect(await guest.publish('secret', 'of the guest', { qos: 1 })).toBe(0x87);
    expect(await internal.publish('secret', 'of the house', { qos: 1 })).toBe(0);
    expect(await guest.publish('public/a', 'hello', { qos: 1 })).toBe(0);
    expect(await guest.payloads()).toEqual(['hello']);
    expect(await internal.payloads()).toEqual(['of the house', 'hello']);
    expect(world.broker.stats.clients).toBe(2);
  });

  test('runs its hooks and those of the broker as one list, by priority, the broker’s first', async () => {
    const log: string[] = [];
    const logging = (name: string, priority: number) =>
      aPlugin((context) => {
        context.hook('publish', () => void log.push(name), { priority });
      }, name);
    const world = await startTestBroker({ plugins: [logging('broker', 0), logging('late', -1)] });
    const scope = await world.broker.scope({
      name: 's',
      plugins: [logging('scope', 0), logging('first', 1)],
    });
    const client = world.client(5, {}, scope);
    await client.connect({ clientId: 'c' });
    await client.publish('a');
    expect(log).toEqual(['first', 'broker', 'scope', 'late']);
    log.length = 0;
    await (await world.connect('d')).publish('a');
    await world.publish('a');
    expect(log).toEqual(['broker', 'late', 'broker', 'late']);
  });

  test('names its connections, unless they are named by themselves', async () => {
    const listeners: unknown[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('connection', ({ connection }) => void listeners.push(connection.listener)),
        ),
      ],
    });
    const scope = await world.broker.scope({ name: 'inner' });
    expect(scope.name).toBe('inner');
    world.client(5, {}, scope);
    world.client(5, { listener: 'door' }, scope);
    world.client(5);
    expect(listeners).toEqual(['inner', 'door', undefined]);
  });

  test('has lower limits, and counts its own connections', async () => {
    const world = await startTestBroker({ limits: { maxConnections: 3 } });
    const limits = { maxConnections: 1, receiveMaximum: 5 };
    const scope = await world.broker.scope({ name: 's', limits });
    const client = world.client(5, {}, scope);
    expect((await client.connect({ clientId: 'c' })).properties.receiveMaximum).toBe(5);
    expect((await world.resume('d')).connack.properties.receiveMaximum).toBe(100);
    const second = world.client(5, {}, scope);
    await world.settle();
    expect(second.closed).toBe(true);
    // The broker counts all of them.
    await world.connect('e');
    const another = await world.broker.scope({ name: 'another' });
    for (const entrance of [world.broker, another]) {
      const fourth = world.client(5, {}, entrance);
      await world.settle();
      expect(fourth.closed).toBe(true);
    }
  });

  test('a session has the hooks of the client that it had last, also while nobody is connected', async () => {
    const world = await startTestBroker();
    const refusing = aPlugin((context) => {
      context.hook('enqueue', () => deny());
      context.hook('deliver', () => ({ payload: 'changed' }));
    });
    const scope = await world.broker.scope({ name: 's', plugins: [refusing] });
    const inside = world.client(5, {}, scope);
    await inside.connect({ clientId: 'c', ...durable });
    await inside.subscribe('a');
    await world.publish('a', 'one');
    expect(await inside.payloads()).toEqual(['changed']);
    await inside.disconnect();
    await world.publish('a', 'two', { qos: 1 });
    const outside = await world.connect('c', durable);
    await world.publish('a', 'three', { qos: 1 });
    expect(await outside.payloads()).toEqual(['three']);
  });

  test('what observes hears of its clients alone', async () => {
    const log: string[] = [];
    const watching = aPlugin((context) => {
      context.hook('connected', ({ client }) => void log.push(`connected ${client.clientId}`));
      context.hook('dropped', ({ clientId, reason }) => void log.push(`${reason} ${clientId}`));
      context.hook('ended', ({ client }) => void log.push(`ended ${client.clientId}`));
      context.hook('published', ({ client }) => void log.push(`published ${client?.clientId}`));
      context.hook('limited', ({ limit, clientId }) => void log.push(`${limit} ${clientId}`));
      context.hook('policyChanged', () => void log.push('policyChanged'));
    });
    const world = await startTestBroker({ limits: { maxTopicLevels: 1 } });
    const scope = await world.broker.scope({ name: 's', plugins: [watching] });
    const inside = world.client(5, {}, scope);
    await inside.connect({ clientId: 'in', ...durable });
    const outside = await world.connect('out', durable);
    for (const client of [inside, outside]) {
      await client.subscribe('a');
      await client.publish('b', 'x', { qos: 1 });
      await client.publish('a/b');
      await client.disconnect();
    }
    await world.publish('a');
    const changed = world.broker.reauthorize();
    await world.settle();
    await changed;
    await world.advance(2_000_000);
    expect(log).toEqual([
      'connected in',
      'published in',
      'maxTopicLevels in',
      'invalid undefined',
      'offline in',
      'policyChanged',
      'ended in',
    ]);
  });

  test('a will is asked about with the hooks of the client that left it', async () => {
    const world = await startTestBroker();
    const withWill = aPlugin((context) => context.hook('will', () => ({ payload: 'inside' })));
    const scope = await world.broker.scope({ name: 's', plugins: [withWill] });
    const watcher = await world.connect('w');
    await watcher.subscribe('gone');
    const delayed = aWill('gone', 'plain', { properties: { willDelayInterval: 5 } });
    const inside = world.client(5, {}, scope);
    await inside.connect({ clientId: 'in', ...durable, will: delayed });
    const outside = await world.connect('out', { ...durable, will: delayed });
    for (const client of [inside, outside]) await client.drop();
    await world.advance(5_001);
    expect(await watcher.payloads()).toEqual(['inside', 'plain']);
  });

  test('after a restart, every scope has to allow a will whose scope is forgotten', async () => {
    const world = await startTestBroker({ store: memoryStore() });
    const will = (topic: string) =>
      aWill(topic, 'gone', { properties: { willDelayInterval: 100 } });
    for (const topic of ['public/a', 'private/a']) {
      const client = await world.connect(topic, { ...durable, will: will(topic) });
      await client.drop();
    }
    await world.restart();
    await world.broker.scope({ name: 'public', plugins: [guarded] });
    await world.broker.scope({ name: 'open' });
    const watcher = await world.connect('w');
    await watcher.subscribe('#');
    await world.advance(100_001);
    expect((await watcher.messages()).map(({ topic }) => topic)).toEqual(['public/a']);
    expect(world.broker.stats.dropped.get('not-authorized')).toBe(1);
  });
});

describe('a scope is refused', () => {
  const matcher = aPlugin((context) => context.provide('matcher', (() => {}) as never), 'matching');
  const sharing = aPlugin((context) => context.hook('selectShared', () => {}), 'sharing');
  const failing = aPlugin(() => {
    throw new Error('broken');
  }, 'failing');

  test.each([
    ['SLUICE_SCOPE_SERVICE', { name: 's', plugins: [matcher] }],
    ['SLUICE_SCOPE_HOOK', { name: 's', plugins: [sharing] }],
    ['SLUICE_PLUGIN_FAILED', { name: 's', plugins: [failing] }],
    ['SLUICE_PLUGIN_TWICE', { name: 's', plugins: [guarded, guarded] }],
    ['SLUICE_OPTION', { name: '' }],
    ['SLUICE_OPTION', undefined],
    ['SLUICE_OPTION', { name: 's', ports: [1883] }],
    ['SLUICE_OPTION', { name: 's', limits: { receiveMaximum: 200 } }],
    ['SLUICE_OPTION', { name: 's', limits: { maxSessions: 1 } }],
    ['SLUICE_OPTION', { name: 's', limits: { nonsense: 1 } }],
  ])('with %s: %j', async (code, options) => {
    const world = await startTestBroker();
    await expect(world.broker.scope(options as never)).rejects.toMatchObject({ code });
    // Nothing is left of it.
    await world.broker.scope({ name: 's' });
  });

  test('with a name that is taken, also while the other one is being made', async () => {
    const world = await startTestBroker();
    const first = world.broker.scope({ name: 's' });
    await expect(world.broker.scope({ name: 's' })).rejects.toMatchObject({
      code: 'SLUICE_SCOPE_TWICE',
    });
    await first;
  });

  test('a longest keep alive of 0 is none, so that it cannot replace one', async () => {
    const world = await startTestBroker({ limits: { maxKeepAliveSeconds: 60 } });
    const loose = { name: 's', limits: { maxKeepAliveSeconds: 0 } };
    await expect(world.broker.scope(loose)).rejects.toMatchObject({ code: 'SLUICE_OPTION' });
    await world.broker.scope({ name: 's', limits: { maxKeepAliveSeconds: 30 } });
  });
});

test('a denial of the scope’s hook connection closes without a word', async () => {
  const world = await startTestBroker();
  const closed = aPlugin((context) => context.hook('connection', async () => deny()));
  const dropping = aPlugin((context) => context.hook('connect', () => drop()), 'dropping');
  const scope = await world.broker.scope({ name: 's', plugins: [closed, dropping] });
  const client = world.client(5, {}, scope);
  client.send(publishPacket('a'));
  await world.settle();
  expect([client.closed, client.received()]).toEqual([true, []]);
});
