import type { Message } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { answerOf, collect } from '../support/asking.ts';
import { text } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { startTestBroker, type TestBroker } from '../support/test-broker.ts';

type Wanted = Parameters<TestBroker['broker']['retained']['set']>[0];

function set(world: TestBroker, message: Wanted): Promise<void> {
  return answerOf(world, world.broker.retained.set(message));
}

function clear(world: TestBroker, filter: string): Promise<number> {
  return answerOf(world, world.broker.retained.clear(filter));
}

async function topics(world: TestBroker, filter?: string): Promise<string[]> {
  const found = await collect(world, world.broker.retained.iterate(filter));
  return found.map(({ topic }) => topic).toSorted();
}

function payloadOf(message: Message | undefined): string {
  return text(message?.payload);
}

describe('set and get', () => {
  test('a message that nobody gets before subscribing', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.subscribe('a');
    const properties = { contentType: 'text/plain' };
    await set(world, { topic: 'a', payload: 'x', qos: 1, properties });
    expect(await client.payloads()).toEqual([]);
    expect(world.broker.retained.get('a')).toMatchObject({ qos: 1, retain: true, properties });
    expect(payloadOf(world.broker.retained.get('a'))).toBe('x');
    await client.subscribe('a');
    expect(await client.messages()).toMatchObject([{ payload: 'x', retain: true, qos: 1 }]);
  });

  test('an empty payload deletes', async () => {
    const world = await startTestBroker();
    await set(world, { topic: 'a', payload: 'x' });
    expect(world.broker.stats).toMatchObject({ retainedMessages: 1, retainedBytes: 2 });
    await set(world, { topic: 'a', payload: '' });
    expect(world.broker.retained.get('a')).toBeUndefined();
    expect(world.broker.stats).toMatchObject({ retainedMessages: 0, retainedBytes: 0 });
  });

  test('a message is gone when its time is over', async () => {
    const world = await startTestBroker();
    await set(world, { topic: 'a', payload: 'x', properties: { messageExpiryInterval: 10 } });
    world.environment.block(9_999);
    expect(payloadOf(world.broker.retained.get('a'))).toBe('x');
    // Before the timer had a chance.
    world.environment.block(1);
    expect(world.broker.retained.get('a')).toBeUndefined();
    expect(await topics(world)).toEqual([]);
  });

  test.each([
    [{ topic: 'a/+', payload: 'x' }, 'SLUICE_TOPIC_NAME'],
    [{ topic: 'a', payload: 'x', qos: 3 }, 'SLUICE_QOS'],
    [{ topic: 'a', payload: 7 }, 'SLUICE_PAYLOAD'],
    [{ topic: 'a', payload: 'x', properties: { topicAlias: 1 } }, 'SLUICE_PROPERTIES'],
    [{ topic: 'c', payload: 'x' }, 'SLUICE_RETAINED_FULL'],
    [{ topic: 'b', payload: 'x'.repeat(100) }, 'SLUICE_RETAINED_FULL'],
  ])('refuses %o', async (message, code) => {
    const world = await startTestBroker({
      limits: { maxRetainedMessages: 2, maxRetainedBytes: 100 },
    });
    for (const topic of ['a', 'b']) await set(world, { topic, payload: '1' });
    await expect(set(world, message as Wanted)).rejects.toMatchObject({ code });
    expect(await topics(world)).toEqual(['a', 'b']);
  });

  test.each(stores)('over %s, settle when they are durable', async (_name, makeStore) => {
    const world = await startTestBroker({ store: makeStore() });
    await set(world, { topic: 'old', payload: 'x' });
    world.persistence.hold();
    let settled = 0;
    const count = (): void => {
      settled++;
    };
    const setting = world.broker.retained.set({ topic: 'new', payload: 'y' }).then(count);
    const deleting = world.broker.retained.set({ topic: 'old', payload: '' }).then(count);
    await world.settle();
    expect(settled).toBe(0);
    world.persistence.release();
    await answerOf(world, Promise.all([setting, deleting]));
    await world.crash();
    expect(await topics(world)).toEqual(['new']);
    expect(world.broker.stats.retainedMessages).toBe(1);
  });
});

describe('clear', () => {
  test('removes what matches, and tells how many', async () => {
    const world = await startTestBroker();
    for (const topic of ['a/1', 'a/2', 'b/1', '$SYS/x']) await set(world, { topic, payload: 'x' });
    expect(await clear(world, 'a/+')).toBe(2);
    expect(await topics(world)).toEqual(['b/1']);
    expect(await clear(world, '#')).toBe(1);
    expect(world.broker.retained.get('$SYS/x')).toBeDefined();
    expect(await clear(world, 'b')).toBe(0);
  });

  test('removes many, and lets others have their turns', async () => {
    const world = await startTestBroker();
    for (let index = 0; index < 350; index++) {
      void world.broker.retained.set({ topic: `a/${index}`, payload: 'x' });
    }
    await world.settle();
    const clearing = world.broker.retained.clear('a/#');
    world.environment.runTurn();
    for (let tick = 0; tick < 10; tick++) await new Promise((resolve) => setImmediate(resolve));
    const found = world.broker.retained.get('a/349');
    expect(found).toBeDefined();
    expect(await answerOf(world, clearing)).toBe(350);
    expect(await topics(world)).toEqual([]);
  });

  test('leaves what is set after it began', async () => {
    const world = await startTestBroker();
    for (const topic of ['a/1', 'a/2']) await set(world, { topic, payload: 'old' });
    const clearing = world.broker.retained.clear('a/#');
    void world.broker.retained.set({ topic: 'a/2', payload: 'new' });
    void world.broker.retained.set({ topic: 'a/3', payload: 'new' });
    expect(await answerOf(world, clearing)).toBe(1);
    for (const topic of ['a/2', 'a/3'])
      expect(payloadOf(world.broker.retained.get(topic))).toBe('new');
  });

  test('refuses what is no filter', async () => {
    const world = await startTestBroker();
    for (const filter of ['a/#/b', '', '$share/g/a', 7 as never]) {
      await expect(clear(world, filter)).rejects.toMatchObject({ code: 'SLUICE_TOPIC_FILTER' });
      expect(() => world.broker.retained.iterate(filter)).toThrow(
        expect.objectContaining({ code: 'SLUICE_TOPIC_FILTER' }),
      );
    }
  });

  test.each(stores)('over %s, settles when it is durable', async (_name, makeStore) => {
    const world = await startTestBroker({ store: makeStore() });
    for (const topic of ['a', 'b']) await set(world, { topic, payload: 'x' });
    world.persistence.hold();
    let cleared: number | undefined;
    const clearing = world.broker.retained.clear('#').then((count) => {
      cleared = count;
    });
    await world.settle();
    expect(cleared).toBeUndefined();
    world.persistence.release();
    await answerOf(world, clearing);
    expect(cleared).toBe(2);
    await world.crash();
    expect(await topics(world)).toEqual([]);
  });
});

describe('iterate', () => {
  test('gives all messages that match, through many turns', async () => {
    const world = await startTestBroker();
    const all = Array.from({ length: 700 }, (_, index) => `a/${index % 7}/${index}`);
    for (const topic of all) void world.broker.retained.set({ topic, payload: topic });
    await world.settle();
    expect(await topics(world)).toEqual(all.toSorted());
    expect(await topics(world, 'a/3/+')).toEqual(
      all.filter((topic) => topic.startsWith('a/3/')).toSorted(),
    );
    expect(await topics(world, 'b')).toEqual([]);
  });

  test('gives a message that is replaced meanwhile as it is then, and none that is deleted', async () => {
    const world = await startTestBroker();
    // Few topics below a level, and many.
    for (const count of [3, 40]) {
      const all = Array.from({ length: count }, (_, index) => `${count}/${index}`);
      for (const topic of all) await set(world, { topic, payload: 'old' });
      const found = new Map<string, string>();
      for await (const message of world.broker.retained.iterate(`${count}/+`)) {
        found.set(message.topic, payloadOf(message));
        if (found.size > 1) continue;
        for (const topic of all.slice(1, -1)) await set(world, { topic, payload: 'new' });
        await set(world, { topic: all.at(-1) as string, payload: '' });
      }
      expect([...found.keys()].toSorted()).toEqual(all.slice(0, -1).toSorted());
      expect([...found.values()].filter((payload) => payload === 'new')).toHaveLength(count - 2);
    }
  });

  test('ends, however many topics come and go', async () => {
    const world = await startTestBroker({ limits: { maxRetainedMessages: 20 } });
    for (let index = 0; index < 15; index++)
      await set(world, { topic: `a/${index}`, payload: 'x' });
    let next = 15;
    let seen = 0;
    for await (const { topic } of world.broker.retained.iterate()) {
      seen++;
      await set(world, { topic, payload: '' });
      await set(world, { topic: `a/${next++}`, payload: 'x' });
    }
    expect(seen).toBeLessThanOrEqual(20);
  });

  test('can be walked again, and sees what is there then', async () => {
    const world = await startTestBroker();
    const all = world.broker.retained.iterate();
    expect(await collect(world, all)).toEqual([]);
    await set(world, { topic: 'a', payload: 'x' });
    expect(await collect(world, all)).toMatchObject([{ topic: 'a' }]);
  });
});
