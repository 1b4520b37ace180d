import { describe, expect, it } from 'vitest';
import { stores } from '../../packages/core/test/support/stores.ts';
import { Soak, slopePerHour } from './soak.ts';

const steps = 80;

describe.each(stores)('clients that come and go over %s', (_name, makeStore) => {
  it('leave nothing behind', async () => {
    const store = makeStore();
    const soak = await Soak.start(7, store);
    const before = soak.tables;
    for (let count = 0; count < steps; count++) await soak.step();
    const { connections, sessions, subscriptions, retainedMessages, timers } = soak.tables;
    for (const full of [connections, sessions, subscriptions, retainedMessages, timers]) {
      expect(full).toBeGreaterThan(0);
    }
    expect(await soak.rest()).toEqual(before);
    await soak.close();
    expect([...soak.churn.done.keys()].toSorted()).toEqual(everyAction);
    // Nothing but what was made to fail.
    const reported = [...soak.errors.keys()].filter((message) => !/^The hook /.test(message));
    expect(reported).toEqual([]);
    expect(soak.errors.size).toBeGreaterThan(0);
    const again = store.persistence();
    const { sessions: stored, retained } = await again.open();
    expect([...stored, ...retained]).toEqual([]);
    await again.close();
  });
});

const everyAction = [
  'application publishes',
  'connect',
  'leave',
  'publish',
  'rubbish',
  'stall',
  'subscribe',
  'unsubscribe',
];

it('the slope is that of the samples behind the warm-up', () => {
  const samples = [0, 1, 2, 3].map((hour) => ({
    atMs: hour * 3_600_000,
    heapMiB: hour === 0 ? 50 : 10 + 2 * hour,
    residentMiB: 0,
  }));
  expect(slopePerHour(samples, 1)).toBeCloseTo(2);
});
