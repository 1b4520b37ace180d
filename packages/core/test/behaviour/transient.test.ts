import { describe, expect, test } from 'vitest';
import { levelStore, stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

async function announce(world: TestBroker, payload: string, retain = true): Promise<void> {
  const done = world.broker.publish({ topic: 'a', payload, retain }, { transient: true });
  await world.settle();
  await done;
}

const retained = (world: TestBroker) => {
  const message = world.broker.retained.get('a');
  return message === undefined ? undefined : String(message.payload);
};

describe('a transient message', () => {
  test('reaches who is subscribed, and later who subscribes', async () => {
    const world = await startTestBroker();
    const early = await world.connect('early');
    await early.subscribe('a');
    await announce(world, 'x');
    const late = await world.connect('late');
    await late.subscribe('a');
    expect(await early.messages()).toMatchObject([{ payload: 'x', retain: false }]);
    expect(await late.messages()).toMatchObject([{ payload: 'x', retain: true }]);
  });

  test('reaches more receivers than are served in one turn, in order with others', async () => {
    const world = await startTestBroker({ limits: { maxReceiversPerTurn: 1 } });
    const clients = [await world.connect('one'), await world.connect('two')];
    for (const client of clients) await client.subscribe('a');
    void world.broker.publish({ topic: 'a', payload: 'before' });
    // On its way, and not yet with everybody.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    await announce(world, 'x');
    for (const client of clients) expect(await client.payloads()).toEqual(['before', 'x']);
  });

  test('is not asked about by hooks of who publishes, but by those of who receives', async () => {
    const told: string[] = [];
    const watching = aPlugin(({ hook }) => {
      hook('publish', () => void told.push('publish'));
      hook('retain', () => void told.push('retain'));
      hook('route', () => void told.push('route'));
      hook('published', () => void told.push('published'));
      hook('delivered', () => void told.push('delivered'));
    });
    const world = await startTestBroker({ plugins: [watching] });
    await (await world.connect('c')).subscribe('a');
    await announce(world, 'x');
    expect(told).toEqual(['delivered']);
  });

  test.each(stores)('is gone after a restart over %s, as what it replaced is', async (_, make) => {
    const world = await startTestBroker({ store: make() });
    await world.publish('a', 'stored', { retain: true });
    await announce(world, 'transient');
    await announce(world, 'transient again');
    expect(retained(world)).toBe('transient again');
    await world.restart();
    expect(retained(world)).toBeUndefined();
  });

  test('makes way for one that is stored', async () => {
    const world = await startTestBroker({ store: levelStore() });
    await announce(world, 'transient');
    await world.publish('a', 'stored', { retain: true });
    await world.restart();
    expect(retained(world)).toBe('stored');
  });

  test('that is empty removes the one before it, stored or not', async () => {
    const world = await startTestBroker({ store: levelStore() });
    await announce(world, 'transient');
    await announce(world, '');
    expect(retained(world)).toBeUndefined();
    await world.publish('a', 'stored', { retain: true });
    await announce(world, '');
    await world.restart();
    expect(retained(world)).toBeUndefined();
    expect(world.broker.stats.retainedMessages).toBe(0);
  });

  test('adds nothing to a commit', async () => {
    const world = await startTestBroker();
    const before = world.persistence.commits.length;
    await announce(world, 'x');
    await announce(world, 'y');
    expect(world.persistence.commits).toHaveLength(before);
  });

  test('has QoS 0', async () => {
    const world = await startTestBroker();
    const message = { topic: 'a', payload: 'x', qos: 1 } as const;
    await expect(world.broker.publish(message, { transient: true })).rejects.toMatchObject({
      code: 'SLUICE_QOS',
    });
  });

  test('without room is routed all the same', async () => {
    const world = await startTestBroker({ limits: { maxRetainedMessages: 0 } });
    const client = await world.connect('c');
    await client.subscribe('a');
    await announce(world, 'x');
    expect(await client.payloads()).toEqual(['x']);
    expect(world.dropped('retained-full')).toBe(1);
  });
});

describe('a hook with leavesOthers', () => {
  const guard = aPlugin(({ hook }) => {
    hook(
      'authorizeSubscribe',
      ({ client }) =>
        client.clientId === 'good' ? { allowed: true, grant: undefined } : undefined,
      { filter: { topic: 'a/#' }, leavesOthers: true },
    );
  }, 'guard');

  async function codes(world: TestBroker, clientId: string): Promise<readonly number[]> {
    const client = await world.connect(clientId);
    const codes: number[] = [];
    for (const filter of ['a/b', '#', 'b']) {
      codes.push(...(await client.subscribe(filter)).reasonCodes);
    }
    return codes;
  }

  test('denies by default only what its filter is about', async () => {
    const world = await startTestBroker({ plugins: [guard] });
    expect(await codes(world, 'bad')).toEqual([0x87, 0x87, 2]);
    // What reaches out of the filter is more than it can allow.
    expect(await codes(world, 'good')).toEqual([2, 0x87, 2]);
  });

  test('allows nothing for a hook without it', async () => {
    const silent = aPlugin(({ hook }) => hook('authorizeSubscribe', () => undefined), 'silent');
    const world = await startTestBroker({ plugins: [guard, silent] });
    expect(await codes(world, 'good')).toEqual([2, 0x87, 0x87]);
  });

  test.each([
    ['authorizeSubscribe', { leavesOthers: true }],
    ['authorizePublish', { leavesOthers: true, filter: { topic: 'a' } }],
    ['authorizeSubscribe', { leavesOthers: 'yes' as unknown as true, filter: { topic: 'a' } }],
  ] as const)(
    'is for authorizeSubscribe with a filter, not for %s with %j',
    async (name, options) => {
      const wrong = aPlugin(({ hook }) => hook(name, () => undefined, options), 'wrong');
      await expect(startTestBroker({ plugins: [wrong] })).rejects.toMatchObject({
        code: 'SLUICE_HOOK_OPTION',
        message: expect.stringMatching(/leavesOthers/),
      });
    },
  );
});

test('the clock of plug-ins is that of the broker', async () => {
  const rang: number[] = [];
  const waiting = aPlugin(({ hook, clock }) => {
    hook('start', () => {
      const since = clock.monotonic();
      clock.setTimer(() => rang.push(clock.monotonic() - since), 5_000);
      clock.clearTimer(clock.setTimer(() => rang.push(-1), 5_000));
    });
  });
  const world = await startTestBroker({ plugins: [waiting] });
  await world.advance(4_999);
  expect(rang).toEqual([]);
  await world.advance(1);
  expect(rang).toEqual([5_000]);
});
