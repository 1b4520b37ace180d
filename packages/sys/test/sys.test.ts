import { readFileSync } from 'node:fs';
import { auth } from '@sluice/auth';
import { allow, type Client, type Plugin } from '@sluice/plugin';
import { describe, expect, it, test } from 'vitest';
import { aWill } from '../../core/test/support/packets.ts';
import { levelStore, memoryStore } from '../../core/test/support/stores.ts';
import {
  aPlugin,
  startTestBroker,
  type TestBroker,
  type TestBrokerOptions,
} from '../../core/test/support/test-broker.ts';
import { type SysOptions, sys, sysTopics } from '../src/index.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

/** A broker whose first values are published. */
async function aWorld(
  options: SysOptions = {},
  { plugins = [], ...others }: TestBrokerOptions = {},
): Promise<TestBroker> {
  const world = await startTestBroker({ ...others, plugins: [...plugins, sys(options)] });
  await world.advance(0);
  return world;
}

function value(world: TestBroker, name: string): string | undefined {
  const message = world.broker.retained.get(`$SYS/broker/${name}`);
  return message === undefined ? undefined : String(message.payload);
}

async function publishedTopics(world: TestBroker, during: () => Promise<unknown>) {
  const topics: string[] = [];
  const subscription = world.broker.subscribe(
    '$SYS/#',
    ({ topic }) => {
      topics.push(topic.replace('$SYS/broker/', ''));
    },
    { retained: false },
  );
  await during();
  await world.settle();
  subscription.close();
  return topics;
}

describe('the topics', () => {
  it('are all there from the start, retained', async () => {
    const world = await aWorld();
    for (const topic of sysTopics.keys()) expect(world.broker.retained.get(topic)).toBeDefined();
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    expect(value(world, 'version')).toBe(`sluice version ${JSON.parse(manifest).version}`);
    expect(value(world, 'uptime')).toBe('0 seconds');
    expect(Number(value(world, 'heap/current'))).toBeGreaterThan(1_000_000);
  });

  it('say what the broker counts', async () => {
    const world = await aWorld();
    const [one, two] = [await world.connect('one'), await world.connect('two', durable)];
    await two.subscribe('a');
    await one.publish('a', 'x', { qos: 1 });
    await one.publish('$SYS/x', 'x');
    await two.drop();
    world.client().stream.destroy();
    await world.advance(10_000);
    const stats = world.broker.stats;
    expect(
      Object.fromEntries(
        [
          'uptime',
          'clients/connected',
          'clients/disconnected',
          'clients/total',
          'clients/maximum',
          'publish/messages/received',
          'publish/messages/sent',
          'publish/messages/dropped',
          'dropped/invalid',
          'dropped/offline',
          'subscriptions/count',
          'sluice/connections/closed/network',
          'sluice/connections/refused/network',
        ].map((name) => [name, value(world, name)]),
      ),
    ).toEqual({
      uptime: '10 seconds',
      'clients/connected': '1',
      'clients/disconnected': '1',
      'clients/total': '2',
      'clients/maximum': '2',
      'publish/messages/received': '2',
      'publish/messages/sent': '1',
      'publish/messages/dropped': '1',
      'dropped/invalid': '1',
      'dropped/offline': '0',
      'subscriptions/count': '1',
      'sluice/connections/closed/network': '1',
      'sluice/connections/refused/network': '1',
    });
    expect(value(world, 'bytes/received')).toBe(String(stats.bytesReceived));
    expect(value(world, 'messages/received')).toBe(String(stats.packetsReceived));
    expect(value(world, 'retained messages/count')).toBe(String(sysTopics.size));
  });

  it('are published again only where something changed', async () => {
    const world = await aWorld();
    await world.advance(10_000);
    const client = await world.connect('c');
    await client.publish('a', 'x');
    const topics = await publishedTopics(world, () => world.advance(10_000));
    const expected = ['uptime', 'clients/connected', 'publish/messages/received', 'bytes/sent'];
    expect(topics).toEqual(expect.arrayContaining(expected));
    expect(topics).toContain('load/publish/received/1min');
    for (const same of ['version', 'dropped/offline', 'load/publish/sent/1min', 'clients/expired'])
      expect(topics).not.toContain(same);
    expect(new Set(topics).size).toBe(topics.length);
  });

  it('say how long the event loop was held up', async () => {
    const world = await aWorld();
    expect(value(world, 'sluice/event-loop/delay/maximum')).toBe('0.0');
    // In the world that Node measures, and long enough for a timer of it to be late.
    await new Promise((resolve) => setTimeout(resolve, 30));
    for (const until = performance.now() + 60; performance.now() < until; );
    await new Promise((resolve) => setTimeout(resolve, 30));
    await world.advance(10_000);
    expect(Number(value(world, 'sluice/event-loop/delay/maximum'))).toBeGreaterThan(40);
    expect(value(world, 'sluice/event-loop/delay/p99')).toMatch(/^\d+\.\d$/);
  });

  it('say how short the memory is', async () => {
    const limits = { maxMemoryBytes: 10_000 };
    const world = await aWorld({}, { limits });
    const overload = () =>
      ['level', 'count', 'clients/held'].map((name) => value(world, `sluice/overload/${name}`));
    expect(overload()).toEqual(['none', '0', '0']);
    await world.connect('c');
    const busy = await world.connect('busy');
    await busy.publish('a', 'x');
    await world.advance(10_000);
    expect(overload()).toEqual(['refusing', '1', '1']);
    expect(value(world, 'sluice/memory/limit')).toBe('10000');
    expect(Number(value(world, 'sluice/memory/current'))).toBeGreaterThan(9_500);
  });

  it('are published every so many seconds, and no longer once the broker is closed', async () => {
    const world = await aWorld({ intervalSeconds: 60 });
    expect(await publishedTopics(world, () => world.advance(59_999))).toEqual([]);
    expect(await publishedTopics(world, () => world.advance(1))).toContain('uptime');
    const closing = world.broker.close();
    await world.advance(60_000);
    await closing;
    expect(world.errors).toEqual([]);
    expect(world.environment.timers).toBe(0);
  });

  it('have loads that follow what happens in a minute, and forget it', async () => {
    const world = await aWorld();
    const client = await world.connect('c');
    for (let round = 0; round < 30; round++) {
      await client.publish('a', 'x');
      await world.advance(10_000);
    }
    expect(Number(value(world, 'load/publish/received/1min'))).toBeCloseTo(6, 0);
    expect(Number(value(world, 'load/publish/received/15min'))).toBeLessThan(3);
    for (let round = 0; round < 60; round++) await world.advance(10_000);
    expect(value(world, 'load/publish/received/1min')).toBe('0.00');
    expect(Number(value(world, 'load/publish/received/15min'))).toBeGreaterThan(0);
  });

  it('reach no store, and no hook about what is published', async () => {
    const told: string[] = [];
    const watching = aPlugin(({ hook }) => {
      hook('publish', () => void told.push('publish'));
      hook('retain', () => void told.push('retain'));
      hook('route', () => void told.push('route'));
      hook('published', () => void told.push('published'));
    }, 'watching');
    const world = await aWorld({}, { plugins: [watching], store: levelStore() });
    await world.advance(10_000);
    expect(told).toEqual([]);
    const snapshot = await snapshotAfter(world);
    expect(snapshot).toEqual([]);
  });

  it('do not stop anything where there is no room for them', async () => {
    const world = await aWorld({}, { limits: { maxRetainedMessages: 3 } });
    expect(world.errors).toEqual([]);
    expect(world.broker.stats.retainedMessages).toBe(3);
    expect(await publishedTopics(world, () => world.advance(10_000))).toContain('uptime');
  });
});

/** Topics that a broker without the plug-in finds retained in the store of this one. */
async function snapshotAfter(world: TestBroker): Promise<string[]> {
  await world.crash();
  const topics: string[] = [];
  for await (const { topic } of world.broker.retained.iterate('$SYS/#')) topics.push(topic);
  return topics;
}

describe('a client', () => {
  const filters = ['$SYS/#', '$SYS/broker/uptime', '$SYS/+/uptime', '$share/g/$SYS/#', '$SYS'];

  test.each(filters)('may not subscribe to %s', async (filter) => {
    const world = await aWorld();
    const client = await world.connect('c');
    expect((await client.subscribe(filter)).reasonCodes).toEqual([0x87]);
    await world.advance(10_000);
    expect(await client.payloads()).toEqual([]);
  });

  test.each([
    '#',
    '+/broker/uptime',
    '+/#',
    '$share/g/#',
    '$share/g/+/broker/uptime',
    '$other/#',
    'SYS/#',
  ])('may subscribe to %s, which matches nothing of it', async (filter) => {
    const world = await aWorld();
    const client = await world.connect('c');
    expect((await client.subscribe(filter)).reasonCodes).toEqual([2]);
    await world.advance(10_000);
    expect(await client.payloads()).toEqual([]);
  });

  it('of 3.1.1 and 3.1 gets nothing either', async () => {
    for (const version of [3, 4] as const) {
      const world = await aWorld();
      const client = await world.connect('c', { version });
      await client.subscribe('$SYS/#');
      await world.advance(10_000);
      expect(await client.payloads()).toEqual([]);
    }
  });

  it('may not publish there, nor leave a will, whoever it is', async () => {
    const world = await aWorld({ readers: () => true });
    const client = await world.connect('c');
    for (const topic of ['$SYS/broker/uptime', '$SYS']) {
      expect(await client.publish(topic, 'x', { qos: 1, retain: true })).toBe(0x90);
      const connack = await world.client().connect({ clientId: 'w', will: aWill(topic) });
      expect(connack.reasonCode).toBe(0x90);
    }
    expect(value(world, 'uptime')).toBe('0 seconds');
  });

  it('that subscribed when it was open has it no longer', async () => {
    const store = memoryStore();
    const open = await startTestBroker({ store });
    const before = await open.connect('c', durable);
    expect((await before.subscribe('$SYS/#')).reasonCodes).toEqual([2]);
    const closing = open.broker.close();
    await open.settle();
    await closing;
    const world = await aWorld({}, { store });
    const client = await world.connect('c', durable);
    await world.advance(10_000);
    expect(await client.payloads()).toEqual([]);
    expect(world.broker.subscriptions.of('c')).toEqual([]);
  });
});

describe('readers', () => {
  async function granted(world: TestBroker, clientId: string, userName?: string) {
    const client = await world.connect(clientId, userName === undefined ? {} : { userName });
    const { reasonCodes } = await client.subscribe('$SYS/broker/uptime', { qos: 0 });
    return { code: reasonCodes[0], payloads: await client.payloads() };
  }

  it('are named by user or client identifier', async () => {
    const world = await aWorld({ readers: { users: ['anna'], clientIds: ['screen'] } });
    const welcome = { code: 0, payloads: ['0 seconds'] };
    const denied = { code: 0x87, payloads: [] };
    expect(await granted(world, 'c', 'anna')).toEqual(welcome);
    expect(await granted(world, 'screen')).toEqual(welcome);
    expect(await granted(world, 'anna', 'screen')).toEqual(denied);
    expect(await granted(world, 'd')).toEqual(denied);
  });

  it('may be whom a function chooses; one that throws chooses nobody', async () => {
    const readers = ({ clientId }: Client) => {
      if (clientId === 'bad') throw new Error('oops');
      return clientId === 'good';
    };
    const world = await aWorld({ readers });
    expect((await granted(world, 'good')).code).toBe(0);
    expect((await granted(world, 'other')).code).toBe(0x87);
    expect((await granted(world, 'bad')).code).toBe(0x83);
    expect(world.errors).toHaveLength(1);
  });

  it('are not chosen by a promise', async () => {
    const readers = (async () => false) as unknown as (client: Client) => boolean;
    const world = await aWorld({ readers });
    expect((await granted(world, 'c')).code).toBe(0x87);
  });

  it('are the only ones, also where another plug-in allows everything', async () => {
    const generous = aPlugin(({ hook }) => hook('authorizeSubscribe', () => allow()), 'generous');
    const world = await aWorld({ readers: { clientIds: ['good'] } }, { plugins: [generous] });
    expect((await granted(world, 'good')).code).toBe(0);
    expect((await granted(world, 'other')).code).toBe(0x87);
  });

  it('do not make anything else allowed that no access rule allows', async () => {
    const strict = aPlugin(({ hook }) => hook('authorizeSubscribe', () => undefined), 'strict');
    const world = await aWorld({ readers: { clientIds: ['c'] } }, { plugins: [strict] });
    const client = await world.connect('c');
    expect((await client.subscribe('a')).reasonCodes).toEqual([0x87]);
    expect((await client.subscribe('$SYS/#')).reasonCodes).toEqual([2]);
  });
});

describe('with access rules', () => {
  const byRules = (): Plugin =>
    auth({
      rules: {
        rules: [
          { effect: 'allow', action: 'all', topic: '#' },
          { effect: 'allow', who: { user: 'operator' }, action: 'subscribe', topic: '$SYS/#' },
        ],
      },
      externalIdentities: true,
    });

  it('a rule lets in who may read', async () => {
    const world = await aWorld({}, { plugins: [byRules()] });
    const operator = await world.connect('o', { userName: 'operator' });
    expect((await operator.subscribe('$SYS/broker/uptime')).reasonCodes).toEqual([2]);
    expect(await operator.payloads()).toEqual(['0 seconds']);
    const other = await world.connect('c', { userName: 'anna' });
    expect((await other.subscribe('$SYS/#')).reasonCodes).toEqual([0x87]);
    expect((await other.subscribe('#')).reasonCodes).toEqual([2]);
    await world.advance(10_000);
    expect(await other.payloads()).toEqual([]);
  });
});

describe('options', () => {
  it.each([
    [{ intervalSeconds: 0.5 }, /intervalSeconds must be a number from 1 to 86400/],
    [{ intervalSeconds: Number.NaN }, /intervalSeconds/],
    [{ intervalSeconds: true }, /intervalSeconds/],
    [{ interval: 10 }, /has interval/],
    [{ readers: { user: ['a'] } }, /readers has user/],
    [{ readers: { users: 'anna' } }, /readers.users/],
    [{ readers: { users: [''] } }, /not empty/],
    [{ readers: ['anna'] }, /readers must be an object/],
    [null, /options must be an object/],
  ])('that cannot be right are refused: %j', (options, said) => {
    const make = () => sys(options as unknown as SysOptions);
    expect(make).toThrow(expect.objectContaining({ code: 'SLUICE_SYS_OPTIONS' }));
    expect(make).toThrow(said);
  });
});
