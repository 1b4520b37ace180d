import { expect, test } from 'vitest';
import { Deadlines } from '../src/base/deadlines.ts';
import { RetainedExpiry } from '../src/retained/retained-expiry.ts';
import { startTestBroker } from './support/test-broker.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

const dayMs = 86_400_000;

function aWorld() {
  const environment = new VirtualEnvironment();
  const deadlines = new Deadlines(environment, (error) => {
    throw error;
  });
  const expired: string[] = [];
  const expiry = new RetainedExpiry({ environment, deadlines }, (topic) => expired.push(topic));
  return { environment, deadlines, expired, expiry };
}

test('a message that is replaced a thousand times has one deadline, that of the last', async () => {
  const { environment, deadlines, expired, expiry } = aWorld();
  for (let days = 1_000; days > 0; days--) expiry.set('a', environment.now() + days * dayMs);
  expect([deadlines.size, expiry.size]).toEqual([1, 1]);
  await environment.advance(dayMs);
  expect(expired).toEqual(['a']);
  expect([deadlines.size, expiry.size, environment.timers]).toEqual([0, 0, 0]);
});

test.each([
  [
    'a message that does not expire takes its place',
    (expiry: RetainedExpiry) => expiry.set('a', Infinity),
  ],
  ['its topic has no message any more', (expiry: RetainedExpiry) => expiry.clear('a')],
])('nothing is left of it when %s', (_, change) => {
  const { environment, deadlines, expiry } = aWorld();
  expiry.set('a', environment.now() + dayMs);
  expiry.set('b', environment.now() + dayMs);
  change(expiry);
  expect([deadlines.size, expiry.size]).toEqual([1, 1]);
  expiry.clear('b');
  expect([deadlines.size, expiry.size, environment.timers]).toEqual([0, 0, 0]);
});

test('a retained message that is deleted leaves no timer', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c');
  const timers = world.environment.timers;
  const properties = { messageExpiryInterval: 8_388_608 };
  for (let count = 0; count < 3; count++) {
    await world.publish('a', `${count}`, { retain: true, properties });
  }
  await world.publish('a', '', { retain: true });
  await world.settle();
  expect(world.environment.timers).toBe(timers);
  await client.drop();
});
