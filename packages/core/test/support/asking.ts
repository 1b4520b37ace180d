import type { TestBroker } from './test-broker.ts';

/** What the broker answers, when everything has happened that needs no time. */
export async function answerOf<Value>(world: TestBroker, answer: Promise<Value>): Promise<Value> {
  // Awaited below: here it must only not count as forgotten.
  answer.catch(() => {});
  await world.settle();
  return await answer;
}

/** Everything that an iterator of the broker gives. */
export function collect<Value>(world: TestBroker, values: AsyncIterable<Value>): Promise<Value[]> {
  return answerOf(world, listOf(values));
}

async function listOf<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const list: Value[] = [];
  for await (const value of values) list.push(value);
  return list;
}
