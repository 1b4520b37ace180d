import { topicMatches } from '@sluice/packet';
import type { Message } from '@sluice/plugin';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Retained } from '../src/retained/retained.ts';
import type { RetainedCursor } from '../src/retained/retained-cursor.ts';
import { aMessage } from './support/messages.ts';
import { aFilter, aTopic } from './support/topics.ts';

function withTopics(...topics: string[]): Retained {
  const retained = new Retained({ maxRetainedMessages: 1_000_000, maxRetainedBytes: Infinity });
  for (const [index, topic] of topics.entries())
    retained.set(aMessage({ topic, number: index + 1 }));
  return retained;
}

function topicsOf(cursor: RetainedCursor): string[] {
  const topics: string[] = [];
  for (let next = cursor.next(); next !== undefined; next = cursor.next()) topics.push(next.topic);
  return topics.sort();
}

describe('RetainedCursor', () => {
  const retained = withTopics(
    'a',
    'a/',
    'a/b',
    'a/b/c',
    'a/x/c',
    '/a',
    'b',
    '$SYS/a',
    '$SYS/b/c',
    '$',
  );

  it.each([
    ['a', ['a']],
    ['a/b', ['a/b']],
    ['a/y', []],
    ['a/b/c/d', []],
    ['#', ['/a', 'a', 'a/', 'a/b', 'a/b/c', 'a/x/c', 'b']],
    ['a/#', ['a', 'a/', 'a/b', 'a/b/c', 'a/x/c']],
    ['a/b/#', ['a/b', 'a/b/c']],
    ['a/b/c/#', ['a/b/c']],
    ['a/b/c/d/#', []],
    ['+', ['a', 'b']],
    ['+/#', ['/a', 'a', 'a/', 'a/b', 'a/b/c', 'a/x/c', 'b']],
    ['+/+', ['/a', 'a/', 'a/b']],
    ['/+', ['/a']],
    ['a/+/c', ['a/b/c', 'a/x/c']],
    ['+/a', ['/a']],
    ['$SYS/#', ['$SYS/a', '$SYS/b/c']],
    ['$SYS/+', ['$SYS/a']],
    ['$SYS/+/c', ['$SYS/b/c']],
    ['$', ['$']],
  ])('finds for %s', (filter, expected) => {
    expect(topicsOf(retained.walk(filter, Infinity))).toEqual(expected);
  });

  it('leaves out messages from `before` on', () => {
    expect(topicsOf(withTopics('a', 'b', 'c').walk('#', 3))).toEqual(['a', 'b']);
    expect(topicsOf(withTopics('a', 'b', 'c').walk('c', 3))).toEqual([]);
  });

  it('tells a pause from the end', () => {
    const cursor = withTopics('a/x', 'b/y', 'c/y').walk('+/y', Infinity);
    let pauses = 0;
    const found: string[] = [];
    while (!cursor.done) {
      const message = cursor.next(1);
      if (message !== undefined) found.push(message.topic);
      else if (!cursor.done) pauses++;
    }
    expect(found).toEqual(['b/y', 'c/y']);
    expect(pauses).toBeGreaterThan(0);
    expect(cursor.next()).toBeUndefined();
  });

  it('looks at a branch only, not at its neighbours', () => {
    const many = withTopics(
      ...Array.from({ length: 5_000 }, (_, index) => `other/${index}`),
      'mine/a',
    );
    const cursor = many.walk('mine/#', Infinity);
    expect(cursor.next(4)?.topic).toBe('mine/a');
    cursor.next(4);
    expect(cursor.done).toBe(true);
  });

  it('does not give what was deleted or replaced before its turn', () => {
    const store = withTopics('a/1', 'a/2', 'a/3');
    const cursor = store.walk('a/+', 4);
    expect(cursor.next()?.topic).toBe('a/1');
    store.delete('a/2');
    store.set(aMessage({ topic: 'a/3', number: 4 }));
    expect(topicsOf(cursor)).toEqual([]);
  });

  it.each([3, 8, 50])('misses none of %i when those before it are deleted', (count) => {
    const topics = Array.from({ length: count }, (_, index) => `a/${index}`);
    const store = withTopics(...topics);
    const cursor = store.walk('a/+', Infinity);
    const found: string[] = [];
    for (let next = cursor.next(); next !== undefined; next = cursor.next()) {
      found.push(next.topic);
      store.delete(next.topic);
    }
    expect(found.sort()).toEqual(topics.sort());
  });

  it.each([0, 3, 20, 200])('goes on while %i others come and go', (others) => {
    const kept = Array.from({ length: 30 }, (_, index) => `kept/${index}/x`);
    const store = withTopics(...kept);
    const cursor = store.walk('kept/#', 31);
    const found: string[] = [];
    let number = 31;
    for (let next = cursor.next(); next !== undefined; next = cursor.next()) {
      found.push(next.topic);
      for (let index = 0; index < others; index++) {
        store.set(aMessage({ topic: `kept/${index}/y`, number: number++ }));
        store.set(aMessage({ topic: `kept/new/${index}`, number: number++ }));
      }
      for (let index = 0; index < others; index++) {
        store.delete(`kept/${index}/y`);
        store.delete(`kept/new/${index}`);
      }
    }
    expect(found.sort()).toEqual(kept.sort());
  });

  it('finds what a search of all topics finds', () => {
    fc.assert(
      fc.property(fc.array(aTopic, { maxLength: 60 }), aFilter, (topics, filter) => {
        const expected = [...new Set(topics)].filter((topic) => topicMatches(filter, topic)).sort();
        expect(topicsOf(withTopics(...topics).walk(filter, Infinity))).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('finds, while topics are set and deleted, exactly what stays', () => {
    // Half of the changes are to what was seen last: where a cursor stands, it is most easily misled.
    const change = fc.record({
      last: fc.boolean(),
      topic: aTopic,
      what: fc.constantFrom('set' as const, 'delete' as const, 'delete' as const),
      steps: fc.nat(3),
    });
    const changes = fc.array(change, { maxLength: 60 });
    fc.assert(
      fc.property(
        fc.array(aTopic, { maxLength: 80 }),
        aFilter,
        changes,
        (topics, filter, steps) => {
          const store = withTopics(...topics);
          let number = topics.length + 1;
          const present = new Map(topics.map((topic, index) => [topic, index + 1]));
          const matching = [...present.keys()].filter((topic) => topicMatches(filter, topic));
          const touched = new Set<string>();
          const seen = new Set<string>();
          const cursor = store.walk(filter, number);
          const see = (message: Message | undefined): void => {
            if (message === undefined) return;
            expect(matching).toContain(message.topic);
            expect(touched).not.toContain(message.topic);
            expect(seen).not.toContain(message.topic);
            expect(message.number).toBe(present.get(message.topic));
            seen.add(message.topic);
          };
          for (const { last, topic: other, what, steps: count } of steps) {
            const topic = (last ? [...seen].at(-1) : undefined) ?? other;
            if (what === 'set') store.set(aMessage({ topic, number: number++ }));
            else store.delete(topic);
            touched.add(topic);
            for (let step = 0; step < count; step++) see(cursor.next(1));
          }
          while (!cursor.done) see(cursor.next());
          const stayed = matching.filter((topic) => !touched.has(topic));
          expect([...seen]).toEqual(expect.arrayContaining(stayed));
        },
      ),
      { numRuns: 500 },
    );
  });
});
