import type { Qos } from '@sluice/packet';
import { expect, test } from 'vitest';
import { Turn } from '../src/base/turn.ts';
import type { Context } from '../src/context/context.ts';
import { Retained } from '../src/retained/retained.ts';
import { ReplayQueue } from '../src/session/replay.ts';
import { aMessage } from './support/messages.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

/** A session as its replays see it, which takes messages while it has room. */
function aReplay(topics: number, { isStored = false } = {}) {
  const environment = new VirtualEnvironment();
  const retained = new Retained({ maxRetainedMessages: topics, maxRetainedBytes: Infinity });
  for (let number = 1; number <= topics; number++) {
    retained.set(
      aMessage({ number, topic: `t/${number}`, qos: (number % 3) as Qos, retain: true }),
    );
  }
  let next = topics + 1;
  const numbers = { message: () => next++ };
  const context = { environment, numbers, turn: new Turn(environment) } as unknown as Context;
  const got: { topic: string; number: number; qos: Qos; retain: boolean }[] = [];
  const owner = {
    clientId: 'c',
    stored: isStored,
    sink: { writable: true },
    room: Infinity,
    outbox: {
      get idle(): boolean {
        return got.length < owner.room;
      },
    },
    deliver: ({ topic, number }: { topic: string; number: number }, qos: Qos, retain: boolean) => {
      got.push({ topic, number, qos, retain });
      return true;
    },
    pump: () => queue.pump(),
  };
  const queue = new ReplayQueue(owner as never, context);
  const add = (filter: string, qos: Qos): void =>
    queue.add({
      requested: filter,
      cursor: retained.walk(filter, topics + 1),
      qos,
      subscriptionIdentifiers: undefined,
      isOver: false,
    });
  return { environment, retained, owner, queue, got, add };
}

test('a subscription that is made again begins again, and one that is removed ends', () => {
  const { queue, got, add, owner } = aReplay(4);
  owner.room = 2;
  add('t/1', 1);
  add('t/+', 0);
  expect(queue.pump()).toBe(false);
  expect(got).toHaveLength(2);
  add('t/+', 0);
  owner.room = 100;
  expect(queue.pump()).toBe(true);
  expect(got).toHaveLength(2 + 4);
  owner.room = 100;
  add('t/2', 1);
  queue.remove('t/2');
  expect(queue.pump()).toBe(true);
  expect(got).toHaveLength(2 + 4);
});

test('gives what matches, with RETAIN and the lower QoS', () => {
  const { queue, got, add } = aReplay(5);
  add('t/+', 1);
  expect(queue.pump()).toBe(true);
  expect(got.toSorted((a, b) => a.number - b.number)).toEqual(
    [1, 2, 3, 4, 5].map((number) => ({
      topic: `t/${number}`,
      number,
      qos: Math.min(1, number % 3),
      retain: true,
    })),
  );
});

test('takes turns, so that a large store does not hold the others up', () => {
  const { environment, queue, got, add } = aReplay(450);
  add('#', 0);
  expect(queue.pump()).toBe(false);
  const first = got.length;
  expect(first).toBeLessThanOrEqual(100);
  // Nothing is to be had before its turn, however often it is asked for.
  expect(queue.pump()).toBe(false);
  expect(got).toHaveLength(first);
  environment.runTurn();
  expect(got.length).toBeLessThanOrEqual(200);
  environment.runDeferred();
  expect(got).toHaveLength(450);
  expect(queue.pump()).toBe(true);
});

test('waits for a client that takes nothing now', () => {
  const { owner, queue, got, add } = aReplay(20);
  add('#', 1);
  owner.room = 5;
  expect([queue.pump(), got.length]).toEqual([false, 5]);
  owner.sink.writable = false;
  owner.room = Infinity;
  expect([queue.pump(), got.length]).toEqual([false, 5]);
  owner.sink.writable = true;
  expect([queue.pump(), got.length]).toEqual([true, 20]);
});

test('what is deleted or replaced before its turn does not come', () => {
  const { owner, retained, queue, got, add } = aReplay(10);
  owner.room = 0;
  add('#', 1);
  queue.pump();
  retained.delete('t/3');
  retained.set(aMessage({ number: 99, topic: 't/4' }));
  owner.room = Infinity;
  queue.pump();
  expect(got.map(({ topic }) => topic)).not.toContain('t/3');
  expect(got.map(({ number }) => number)).not.toContain(99);
  expect(got).toHaveLength(8);
});

test('a message that goes into a stored queue gets a number of its own', () => {
  const { queue, got, add } = aReplay(3, { isStored: true });
  add('#', 2);
  queue.pump();
  for (const { qos, number } of got) expect(number > 3).toBe(qos > 0);
  expect(new Set(got.map(({ number }) => number)).size).toBe(3);
});

test('subscriptions are served one after the other', () => {
  const { queue, got, add } = aReplay(3);
  add('t/1', 0);
  add('#', 0);
  expect(queue.pump()).toBe(true);
  expect(got).toHaveLength(4);
  expect(got[0]?.topic).toBe('t/1');
});

test('lets others have their turn where each message takes long, also at the first call', () => {
  const { environment, queue, got, add, owner } = aReplay(100);
  const { deliver } = owner;
  owner.deliver = (...message) => {
    environment.block(0.2);
    return deliver(...message);
  };
  add('t/+', 1);
  expect(queue.pump()).toBe(false);
  expect(got.length).toBeGreaterThan(0);
  expect(got.length).toBeLessThan(40);
  environment.runDeferred();
  expect(got).toHaveLength(100);
});
