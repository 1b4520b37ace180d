import { emptyBroker } from '@sluice/plugin/testing';
import { expect, it } from 'vitest';

async function listOf<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const list: Value[] = [];
  for await (const value of values) list.push(value);
  return list;
}

it('has nothing, and takes everything', async () => {
  const broker = emptyBroker();
  expect(broker.sessions.get('c')).toBeUndefined();
  expect(await broker.sessions.end('c')).toBe(false);
  expect(await listOf(broker.sessions)).toEqual([]);
  expect(await broker.subscriptions.add('c', { filter: 'a' })).toBe(false);
  expect(broker.subscriptions.of('c')).toEqual([]);
  expect(await listOf(broker.subscriptions)).toEqual([]);
  await broker.retained.set({ topic: 'a', payload: 'x' });
  expect(broker.retained.get('a')).toBeUndefined();
  expect(await broker.retained.clear('#')).toBe(0);
  expect(await listOf(broker.retained.iterate())).toEqual([]);
  await broker.publish({ topic: 'a', payload: 'x' });
  expect(await broker.publishTo('c', { topic: 'a', payload: 'x' })).toBe(false);
  expect(broker.disconnect('c')).toBe(false);
  await broker.reauthorize();
});

it('answers what a test gives it to answer', () => {
  const banned: string[] = [];
  const broker = emptyBroker({ disconnect: (clientId) => banned.push(clientId) > 0 });
  expect(broker.disconnect('c')).toBe(true);
  expect(banned).toEqual(['c']);
});
