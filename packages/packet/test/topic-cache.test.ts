import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TopicCache } from '../src/topic-cache.ts';
import type { TopicName } from '../src/topic-name.ts';
import { hashOfTopic } from '../src/topic-words.ts';

const before = Buffer.from('before ');
const behind = Buffer.from(' and much that lies behind the topic');

/** A topic in the middle of a chunk, as a decoder has it, with a view or without. */
function inChunk(topic: string, hasView: boolean) {
  const bytes = Buffer.concat([before, Buffer.from(topic), behind]);
  const view = hasView ? new DataView(bytes.buffer, bytes.byteOffset, bytes.length) : undefined;
  return { bytes, view, start: before.length, end: bytes.length - behind.length };
}

function find(cache: TopicCache, topic: string, hasView: boolean): TopicName | undefined {
  const { bytes, view, start, end } = inChunk(topic, hasView);
  return cache.find(bytes, view, start, end);
}

function add(cache: TopicCache, topic: string): TopicName {
  const { bytes, start, end } = inChunk(topic, false);
  return cache.add(topic, bytes, start, end);
}

/** As often as it takes. */
function keep(cache: TopicCache, topic: string): TopicName {
  const name = add(cache, topic);
  return name.isNew ? add(cache, topic) : name;
}

function isAt(cache: TopicCache, name: TopicName, topic: string, hasView: boolean): boolean {
  const { bytes, view, start, end } = inChunk(topic, hasView);
  return cache.isAt(name, bytes, view, start, end);
}

// Few letters, so that topics differ in a byte, in their length, or not at all.
const aTopic = fc.string({
  unit: fc.constantFrom('a', 'b', '/', 'é'),
  minLength: 1,
  maxLength: 12,
});

test('finds what was added, by its bytes alone', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(aTopic, fc.boolean()), { maxLength: 100 }), (steps) => {
      const cache = new TopicCache();
      const added = new Map<string, TopicName>();
      let last: TopicName | undefined;
      for (const [topic, hasView] of steps) {
        if (last !== undefined) {
          expect(isAt(cache, last, topic, hasView)).toBe(last.topic === topic);
        }
        last = find(cache, topic, hasView);
        expect(last).toBe(added.get(topic));
        last ??= add(cache, topic);
        expect([last.topic, last.bytes]).toEqual([topic, Buffer.byteLength(topic)]);
        added.set(topic, last);
      }
    }),
  );
});

test('forgets hardly any of twenty thousand', () => {
  const cache = new TopicCache();
  const topics = Array.from({ length: 20_000 }, (_, index) => `site/${index % 50}/lamp-${index}`);
  for (const topic of topics) keep(cache, topic);
  const found = topics.filter((topic) => find(cache, topic, true)?.topic === topic);
  expect(found.length).toBeGreaterThan(19_950);
});

describe('begins again', () => {
  test.each([
    ['65,536 names', 65_536, ''],
    ['4 MiB of names', 32_768, 'x'.repeat(122)],
  ])('after %s', (_, count, rest) => {
    const cache = new TopicCache();
    const nth = (index: number) => `${String(index).padStart(5, '0')}${rest}`;
    const first = keep(cache, nth(0));
    for (let index = 1; index < count; index++) keep(cache, nth(index));
    expect(isAt(cache, first, nth(0), true)).toBe(true);
    expect(find(cache, nth(0), true)).toBe(first);
    const next = keep(cache, 'next');
    expect(find(cache, nth(0), true)).toBe(undefined);
    // Its place has another name now, even where that has the same bytes.
    expect(isAt(cache, first, nth(0), true)).toBe(false);
    expect(add(cache, nth(0))).not.toBe(first);
    expect(find(cache, 'next', false)).toBe(next);
  });
});

test('with many names, one is kept when it comes again', () => {
  const cache = new TopicCache();
  for (let index = 0; index < 4_096; index++)
    expect(add(cache, `early/${index}`).isNew).toBe(false);
  const once = add(cache, 'late');
  expect([once.isNew, once.topic, once.bytes, once.levels]).toEqual([true, 'late', 4, 1]);
  expect(find(cache, 'late', true)).toBe(undefined);
  expect(isAt(cache, once, 'late', true)).toBe(false);
  const again = add(cache, 'late');
  expect(again.isNew).toBe(false);
  expect(find(cache, 'late', true)).toBe(again);
});

test('a million names that come once drive none out', () => {
  const cache = new TopicCache();
  const name = keep(cache, 'mine');
  for (let index = 0; index < 1_000_000; index++) {
    const bytes = Buffer.from(`other/${index}`);
    cache.add(`other/${index}`, bytes, 0, bytes.length);
  }
  expect(find(cache, 'mine', true)).toBe(name);
});

test('topics that a peer chose to collide cost misses, and nothing else', () => {
  // All of them point to the same slot of a cache of few names.
  const same = Array.from({ length: 20_000 }, (_, index) => `t${index}`)
    .filter((topic) => {
      const { bytes, start, end } = inChunk(topic, false);
      return (hashOfTopic(bytes, undefined, start, end) & 0xff) === 3;
    })
    .slice(0, 20);
  const cache = new TopicCache();
  for (const topic of same) add(cache, topic);
  const found = same.filter((topic) => find(cache, topic, true)?.topic === topic);
  expect(found).toHaveLength(16);
  expect(found).toContain(same[19]);
});
