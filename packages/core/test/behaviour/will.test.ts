import type { Qos } from '@sluice/packet';
import { allow, deny, drop } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { createBroker } from '../../src/index.ts';
import { aWill, connectPacket, pingreq } from '../support/packets.ts';
import { memoryStore, stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';
import { VirtualEnvironment } from '../support/virtual-environment.ts';

const never = 0xffff_ffff;

function leaving(delay: number, expiry: number | undefined, payload = 'will', qos: Qos = 0) {
  return {
    cleanStart: false,
    will: aWill('will', payload, { qos, properties: { willDelayInterval: delay } }),
    properties: expiry === undefined ? {} : { sessionExpiryInterval: expiry },
  };
}

async function aWatcher(world: TestBroker): Promise<TestClient> {
  const watcher = await world.connect('watcher');
  await watcher.subscribe('will');
  return watcher;
}

/** Expects the will exactly `seconds` from now; never when it is undefined. */
async function expectWillAfter(
  world: TestBroker,
  watcher: TestClient,
  seconds: number | undefined,
): Promise<void> {
  if (seconds !== undefined && seconds > 0) {
    await world.advance(seconds * 1_000 - 1);
    expect(await watcher.payloads()).toEqual([]);
    await world.advance(1);
  }
  expect(await watcher.payloads()).toEqual(seconds === undefined ? [] : ['will']);
  await world.advance(1_000_000);
  expect(await watcher.payloads()).toEqual([]);
}

describe('a will of 5.0 comes', () => {
  test.each([
    { delay: 0, expiry: 0, after: 0 },
    { delay: 0, expiry: 100, after: 0 },
    { delay: 10, expiry: undefined, after: 0 },
    { delay: 10, expiry: 0, after: 0 },
    { delay: 10, expiry: 100, after: 10 },
    { delay: 100, expiry: 10, after: 10 },
    { delay: 10, expiry: never, after: 10 },
    { delay: never, expiry: 10, after: 10 },
  ])('$after s after the network failed: delay $delay, expiry $expiry', async (row) => {
    const world = await startTestBroker({ limits: { maxSessionExpirySeconds: never } });
    const watcher = await aWatcher(world);
    const client = await world.connect('c', leaving(row.delay, row.expiry));
    await client.drop(new Error('reset'));
    await expectWillAfter(world, watcher, row.after);
  });

  test.each([
    ['0x04', 0x04, {}, 10],
    ['0x04 and an expiry of 0', 0x04, { sessionExpiryInterval: 0 }, 0],
    ['0x04 and a shorter expiry', 0x04, { sessionExpiryInterval: 3 }, 3],
    ['0x80', 0x80, {}, 10],
    ['0x00', 0x00, {}, undefined],
    ['0x00 and an expiry of 0', 0x00, { sessionExpiryInterval: 0 }, undefined],
  ] as const)(
    'or not, as it should after DISCONNECT with %s',
    async (_, code, properties, after) => {
      const world = await startTestBroker();
      const watcher = await aWatcher(world);
      const client = await world.connect('c', leaving(10, 100));
      await client.disconnect(code, properties);
      await expectWillAfter(world, watcher, after);
    },
  );

  test('at once after a DISCONNECT that is an error', async () => {
    const world = await startTestBroker();
    const watcher = await aWatcher(world);
    const client = await world.connect('c', leaving(10, 0));
    await client.disconnect(0, { sessionExpiryInterval: 60 });
    await expectWillAfter(world, watcher, 0);
  });

  test('when the session is ended by Clean Start 1, though it is not due', async () => {
    const world = await startTestBroker();
    const watcher = await aWatcher(world);
    await (await world.connect('c', leaving(10, 100))).drop();
    await world.advance(5_000);
    expect(await watcher.payloads()).toEqual([]);
    await world.connect('c');
    await expectWillAfter(world, watcher, 0);
  });

  test('never when the client is back in time', async () => {
    const world = await startTestBroker();
    const watcher = await aWatcher(world);
    await (await world.connect('c', leaving(10, 100))).drop();
    await world.advance(5_000);
    const { client } = await world.resume('c', { cleanStart: false });
    await expectWillAfter(world, watcher, undefined);
    // The new connection has no will.
    await client.drop();
    expect(await watcher.payloads()).toEqual([]);
  });

  test('only once when the client is back too late', async () => {
    const world = await startTestBroker();
    const watcher = await aWatcher(world);
    await (await world.connect('c', leaving(10, 100))).drop();
    await world.advance(10_000);
    expect(await watcher.payloads()).toEqual(['will']);
    await (await world.connect('c', { cleanStart: false })).drop();
    expect(await watcher.payloads()).toEqual([]);
  });

  test('in its time when a CONNECT in between is refused', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('authenticate', ({ packet }) => (packet.keepAlive === 1 ? deny() : allow())),
        ),
      ],
    });
    const watcher = await aWatcher(world);
    await (await world.connect('c', leaving(10, 100))).drop();
    await world.advance(5_000);
    const refused = await world.client(5).connect({ clientId: 'c', keepAlive: 1 });
    expect(refused.reasonCode).toBe(0x87);
    await expectWillAfter(world, watcher, 5);
  });
});

describe.each([3, 4, 5] as const)('the will of a client of version %i', (version) => {
  const will = aWill('will', 'will', { qos: 1 });

  test.each<[string, (client: TestClient, world: TestBroker) => Promise<void> | void]>([
    ['a protocol error', (client) => client.send(Uint8Array.of(0, 0))],
    ['a second CONNECT', (client) => client.send(connectPacket(version, { clientId: 'c' }))],
    ['an administrator', (_, world) => void world.broker.disconnect('c')],
    ['a keep alive that passed', (_, world) => world.advance(15_001)],
    ['the end of its stream', (client) => void client.stream.push(null)],
  ])('is published after %s', async (_, end) => {
    const world = await startTestBroker();
    const watcher = await aWatcher(world);
    const client = await world.connect('c', { version, will, keepAlive: 10 });
    await end(client, world);
    await world.settle();
    expect(client.closed).toBe(true);
    expect(await watcher.messages()).toMatchObject([{ payload: 'will', qos: 1, retain: false }]);
    expect(await watcher.payloads()).toEqual([]);
  });

  test('is not published after DISCONNECT', async () => {
    const world = await startTestBroker();
    const watcher = await aWatcher(world);
    await (await world.connect('c', { version, will })).disconnect();
    expect(await watcher.payloads()).toEqual([]);
  });

  test('is retained where it says so', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', {
      version,
      will: aWill('will', 'x', { retain: true }),
    });
    await client.drop();
    const watcher = await aWatcher(world);
    expect(await watcher.messages()).toMatchObject([{ payload: 'x', retain: true }]);
  });
});

describe('where nothing is retained', () => {
  const features = { retain: false };
  const will = aWill('will', 'x', { retain: true });

  test.each([3, 4] as const)(
    'a client of version %i has its will, as a message',
    async (version) => {
      const world = await startTestBroker({ features });
      const watcher = await aWatcher(world);
      await (await world.connect('c', { version, will })).drop();
      expect(await watcher.messages()).toMatchObject([{ payload: 'x', retain: false }]);
      expect(world.broker.retained.get('will')).toBeUndefined();
    },
  );

  test('a client of version 5 is refused', async () => {
    const world = await startTestBroker({ features });
    expect((await world.client(5).connect({ clientId: 'c', will })).reasonCode).toBe(0x9a);
  });

  test('a will from before is not retained either', async () => {
    const store = memoryStore();
    const before = await startTestBroker({ store });
    await before.connect('c', { will });
    const world = await startTestBroker({ store, features });
    await world.advance(1);
    expect(world.broker.stats.retainedMessages).toBe(0);
  });
});

test('a will has its properties, but for the delay', async () => {
  const world = await startTestBroker();
  const watcher = await aWatcher(world);
  const properties = {
    payloadFormatIndicator: 1,
    contentType: 'text/plain',
    responseTopic: 'answer',
    correlationData: Buffer.from([1, 2]),
    userProperties: [
      ['b', '1'],
      ['a', '2'],
      ['b', '1'],
    ],
  } as const;
  const client = await world.connect('c', {
    will: aWill('will', 'x', { properties: { ...properties, willDelayInterval: 1 } }),
  });
  await client.drop();
  expect((await watcher.messages())[0]?.properties).toEqual(properties);
});

test('the expiry of a will begins when it is published', async () => {
  const world = await startTestBroker();
  const reader = await world.connect('r', {
    cleanStart: false,
    properties: { sessionExpiryInterval: 1_000 },
  });
  await reader.subscribe('will');
  await reader.drop();
  const will = aWill('will', 'x', {
    qos: 1,
    properties: { willDelayInterval: 50, messageExpiryInterval: 10 },
  });
  const properties = { sessionExpiryInterval: 100 };
  await (await world.connect('c', { will, properties })).drop();
  await world.advance(50_000);
  await world.advance(7_000);
  const back = await world.connect('r', { cleanStart: false });
  expect((await back.messages())[0]?.properties).toEqual({ messageExpiryInterval: 3 });
});

test('a will is not for its own client where that says No Local', async () => {
  const world = await startTestBroker();
  const properties = { sessionExpiryInterval: 100 };
  const client = await world.connect('c', { will: aWill('will', 'x', { qos: 1 }), properties });
  await client.subscribe('will', { noLocal: true });
  await client.subscribe('other');
  await client.drop();
  const back = await world.connect('c', { cleanStart: false });
  expect(await back.payloads()).toEqual([]);
});

test('a will is authorized again when it is due, and changed by its hook', async () => {
  let allowed = true;
  const asked: unknown[] = [];
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) => {
        context.hook('authorizePublish', async ({ message, isWill }) => {
          asked.push([message.topic, isWill]);
          return allowed ? allow() : deny();
        });
        context.hook('will', async ({ message }) =>
          message.topic === 'secret' ? drop() : { payload: `late ${message.payload}` },
        );
      }),
    ],
  });
  const watcher = await world.connect('w');
  await watcher.subscribe('#');
  await (await world.connect('c', { will: aWill('will', 'x') })).drop();
  expect(await watcher.payloads()).toEqual(['late x']);
  expect(asked).toEqual([
    ['will', true],
    ['will', true],
  ]);
  await (await world.connect('c', { will: aWill('secret', 'x') })).drop();
  expect(world.dropped('hook')).toBe(1);
  const client = await world.connect('c', { will: aWill('will', 'y') });
  allowed = false;
  await client.drop();
  expect(await watcher.payloads()).toEqual([]);
  expect(world.dropped('not-authorized')).toBe(1);
});

describe.each(stores)('with a %s store', (_, makeStore) => {
  /** A session that gets wills also while the broker is down. */
  async function aReader(world: TestBroker): Promise<TestClient> {
    return await world.connect('reader', {
      cleanStart: false,
      properties: { sessionExpiryInterval: never },
    });
  }

  test('a delayed will is due in its time after a restart', async () => {
    const world = await startTestBroker({ store: makeStore() });
    await (await aReader(world)).subscribe('will');
    await (await world.connect('c', leaving(10, 100))).drop();
    await world.advance(2_000);
    await world.restart(3_000);
    await world.advance(4_999);
    const watcher = await aReader(world);
    expect(await watcher.payloads()).toEqual([]);
    await world.advance(1);
    expect(await watcher.payloads()).toEqual(['will']);
    await world.restart();
    await world.advance(100_000);
    expect(await (await aReader(world)).payloads()).toEqual([]);
  });

  test('a delayed will is not due when the client is back after the restart', async () => {
    const world = await startTestBroker({ store: makeStore() });
    await (await aReader(world)).subscribe('will');
    await (await world.connect('c', leaving(10, 100))).drop();
    await world.restart(3_000);
    await world.connect('c', { cleanStart: false, properties: { sessionExpiryInterval: 100 } });
    await world.advance(100_000);
    expect(await (await aReader(world)).payloads()).toEqual([]);
  });

  test('wills of clients that were connected when the broker died are published', async () => {
    const world = await startTestBroker({ store: makeStore() });
    await (await aReader(world)).subscribe('will');
    await world.connect('clean', { will: aWill('will', 'clean', { qos: 1 }) });
    await world.connect('now', leaving(0, 100, 'now'));
    await world.connect('later', leaving(10, 100, 'later'));
    const left = await world.connect('left', { will: aWill('will', 'left', { qos: 1 }) });
    await left.disconnect();
    await world.crash(60_000);
    await world.advance(0);
    const watcher = await aReader(world);
    const first = await watcher.payloads();
    expect(first.filter((payload) => payload !== 'now')).toEqual(['clean']);
    await world.advance(10_000);
    expect(await watcher.payloads()).toEqual(['later']);
  });

  test('the retained will of a session that ended meanwhile replaces what was retained', async () => {
    const world = await startTestBroker({ store: makeStore() });
    await world.publish('will', 'before', { retain: true });
    const will = aWill('will', 'after', { retain: true, properties: { willDelayInterval: 10 } });
    const properties = { sessionExpiryInterval: 10 };
    await (await world.connect('c', { will, properties })).drop();
    await world.restart(60_000);
    const watcher = await aWatcher(world);
    expect(await watcher.payloads()).toEqual(['after']);
    await world.restart();
    expect(await (await aWatcher(world)).payloads()).toEqual(['after']);
  });
});

test('restored wills wait until the plug-ins have started', async () => {
  const store = memoryStore();
  const world = await startTestBroker({ store });
  for (const [clientId, expiry] of [
    ['stays', 100],
    ['ended', 100],
    ['goes', undefined],
  ] as const) {
    await world.connect(clientId, {
      ...leaving(0, expiry),
      will: aWill(`will/${clientId}`, 'x', { retain: true }),
    });
  }
  await world.settle();
  await world.persistence.die();
  const environment = new VirtualEnvironment({ startAt: world.environment.now() });
  const asked: string[] = [];
  const rules = aPlugin(({ hook, broker }) => {
    let isOpen = false;
    hook('start', async () => {
      void broker.sessions.end('ended');
      environment.advance(10_000);
      asked.push('open');
      isOpen = true;
    });
    hook('authorizePublish', ({ message }) => {
      asked.push(message.topic);
      return isOpen ? allow() : deny();
    });
  });
  const provider = aPlugin(({ provide }) => provide('persistence', store.persistence()), 'store');
  const broker = await createBroker({ environment, plugins: [provider, rules] });
  environment.advance(0);
  expect(asked).toEqual(['will/ended', 'open', 'will/stays', 'will/goes']);
  expect(broker.stats.retainedMessages).toBe(2);
});

test.each([
  ['the will', 5, 100],
  ['the session', 50, 5],
])(
  '%s that is over while the plug-ins close waits for the next start',
  async (_, delay, expiry) => {
    const asked: boolean[] = [];
    const rules = aPlugin(({ hook }) => {
      let isOpen = true;
      hook('close', () => {
        isOpen = false;
        world.environment.advance(10_000);
      });
      hook('authorizePublish', () => {
        asked.push(isOpen);
        return isOpen ? allow() : deny();
      });
    });
    const world = await startTestBroker({ plugins: [rules] });
    const properties = { willDelayInterval: delay };
    const will = aWill('will', 'x', { retain: true, properties });
    await (await world.connect('c', { ...leaving(delay, expiry), will })).drop();
    await world.restart();
    await world.advance(0);
    expect(world.broker.stats.retainedMessages).toBe(1);
    // At CONNECT, and when it is due.
    expect(asked).toEqual([true, true]);
  },
);

test('a closing broker publishes wills that are due, and keeps delayed ones', async () => {
  const world = await startTestBroker();
  const reader = { cleanStart: false, properties: { sessionExpiryInterval: never } };
  await (await world.connect('r', reader)).subscribe('will');
  await world.connect('now', leaving(0, 100, 'now'));
  await world.connect('later', leaving(10, 100, 'later'));
  await world.restart();
  const back = await world.connect('r', reader);
  expect((await back.payloads()).filter((payload) => payload !== 'now')).toEqual([]);
  await world.advance(10_000);
  expect(await back.payloads()).toEqual(['later']);
});

test('a client that is alive keeps its will to itself', async () => {
  const world = await startTestBroker();
  const watcher = await aWatcher(world);
  const client = await world.connect('c', { ...leaving(0, 10), keepAlive: 10 });
  for (let round = 0; round < 10; round++) {
    await world.advance(10_000);
    client.send(pingreq);
  }
  expect(await watcher.payloads()).toEqual([]);
});

describe.each(stores)('over %s, while a hook is asked about a will', (_name, makeStore) => {
  /** A broker whose hook never answers while `asking` says so. */
  async function anIndecisiveBroker() {
    const state = { hesitates: true, asked: 0 };
    const plugin = aPlugin((context) =>
      context.hook('will', async () => {
        state.asked++;
        if (state.hesitates) await new Promise(() => {});
      }),
    );
    const world = await startTestBroker({
      plugins: [plugin],
      store: makeStore(),
      limits: { hookTimeoutMs: 5_000 },
    });
    return { world, state };
  }

  test('its session may end, and a crash does not lose it', async () => {
    const { world, state } = await anIndecisiveBroker();
    const will = aWill('will', 'will', { qos: 1 });
    const client = await world.connect('c', { ...leaving(0, 10), will });
    const watcher = await world.connect('watcher', {
      cleanStart: false,
      properties: { sessionExpiryInterval: 1_000 },
    });
    await watcher.subscribe('will', { qos: 1 });
    await client.drop();
    const next = world.client();
    next.send(connectPacket(5, { clientId: 'c', cleanStart: true }));
    await world.settle();
    expect([state.asked, next.history]).toEqual([1, []]);
    state.hesitates = false;
    await world.crash();
    await world.advance(1);
    const back = await world.connect('watcher', {
      cleanStart: false,
      properties: { sessionExpiryInterval: 1_000 },
    });
    expect(await back.payloads()).toEqual(['will']);
  });

  test('a client that comes back waits, and its next will is not lost with the first', async () => {
    const { world, state } = await anIndecisiveBroker();
    const client = await world.connect('c', leaving(0, 10, 'first'));
    await client.drop();
    const back = world.client();
    back.send(connectPacket(5, { clientId: 'c', ...leaving(0, 10, 'second') }));
    await world.settle();
    expect(back.history).toEqual([]);
    // The hook of the first one misses its deadline: that will is dropped.
    await world.advance(5_000);
    expect(back.history).toHaveLength(1);
    expect(world.dropped('hook')).toBe(1);
    state.hesitates = false;
    await world.crash();
    await world.advance(1);
    expect(state.asked).toBe(2);
  });

  test('a crash does not lose it, though its client is on its way back with another one', async () => {
    const { world, state } = await anIndecisiveBroker();
    const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
    await (await world.connect('watcher', durable)).subscribe('will', { qos: 1 });
    const client = await world.connect('c', leaving(0, 1_000, 'first', 1));
    await client.drop();
    const next = world.client();
    next.send(connectPacket(5, { clientId: 'c', ...leaving(0, 1_000, 'second') }));
    await world.settle();
    expect(next.history).toEqual([]);
    state.hesitates = false;
    await world.crash();
    await world.advance(1);
    expect(await (await world.connect('watcher', durable)).payloads()).toEqual(['first']);
  });

  test('a clock that is set back does not keep it waiting until its client is back', async () => {
    const { world, state } = await anIndecisiveBroker();
    const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
    await (await world.connect('watcher', durable)).subscribe('will', { qos: 1 });
    await world.connect('c', leaving(0, 1_000, 'first', 1));
    await world.crash();
    await world.advance(1);
    expect(state.asked).toBe(1);
    state.hesitates = false;
    await world.crash(-60_000);
    await world.connect('c', leaving(0, 1_000, 'second', 1));
    expect(await (await world.connect('watcher', durable)).payloads()).toEqual(['first']);
  });

  test('a session that is taken over meanwhile still ends in time', async () => {
    const { world } = await anIndecisiveBroker();
    await world.connect('c', leaving(0, 10));
    const next = world.client();
    next.send(connectPacket(5, { clientId: 'c', cleanStart: false }));
    await world.settle();
    await next.drop();
    await world.advance(10_000);
    expect(world.broker.stats.sessions).toBe(0);
  });
});

test.each(stores)(
  'over %s, a will that was due while the broker was down is published, however early its client is back',
  async (_, makeStore) => {
    const world = await startTestBroker({ store: makeStore() });
    const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
    await (await world.connect('watcher', durable)).subscribe('will', { qos: 1 });
    const properties = { willDelayInterval: 10 };
    const will = aWill('will', 'late', { qos: 1, properties });
    await (await world.connect('late', { ...durable, will })).drop();
    await world.connect('connected', { ...durable, will: aWill('will', 'connected', { qos: 1 }) });
    await world.crash(20_000);
    for (const clientId of ['late', 'connected']) await world.connect(clientId, durable);
    await world.advance(100_000);
    const watcher = await world.connect('watcher', durable);
    expect((await watcher.payloads()).toSorted()).toEqual(['connected', 'late']);
  },
);

test.each(stores)(
  'over %s, the delay of a will goes on, however often the broker dies',
  async (_, makeStore) => {
    const world = await startTestBroker({ store: makeStore() });
    const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
    await (await world.connect('watcher', durable)).subscribe('will', { qos: 1 });
    const will = aWill('will', 'x', { qos: 1, properties: { willDelayInterval: 10 } });
    await world.connect('c', { ...durable, will });
    for (let death = 0; death < 3; death++) {
      await world.crash();
      await world.advance(4_000);
    }
    expect(await (await world.connect('watcher', durable)).payloads()).toEqual(['x']);
  },
);

test('a will of QoS 2 reaches a subscription of QoS 0 once, also when the broker dies before its commit', async () => {
  const world = await startTestBroker();
  const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
  const watcher = await world.connect('watcher', durable);
  await watcher.subscribe('will', { qos: 0 });
  const client = await world.connect('c', { ...durable, will: aWill('will', 'x', { qos: 2 }) });
  world.persistence.hold();
  await client.drop();
  expect(await watcher.payloads()).toEqual([]);
  await world.crash();
  const back = await world.connect('watcher', durable);
  await world.advance(1);
  expect(await back.payloads()).toEqual(['x']);
});
