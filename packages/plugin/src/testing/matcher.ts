import assert from 'node:assert/strict';
import type { MatcherFactory } from '../matcher.ts';
import {
  checkRandomHistory,
  expectEmpty,
  expectLikeModel,
  expectMatches,
  found,
  MatcherModel,
} from './matcher-checks.ts';

/** What `describeMatcher` needs: `describe` and `it` of any test runner, and the matcher to be tested. */
export interface MatcherSuiteOptions {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => void) => unknown;
  readonly createMatcher: MatcherFactory;
  /** Seed of the random histories: set it to the one that a failure names. */
  readonly seed?: number;
}

type Case = (createMatcher: MatcherFactory) => void;

/** The suite that every matcher must pass. Needs no particular test runner. */
export function describeMatcher(options: MatcherSuiteOptions): void {
  const { describe, it, createMatcher, seed = 1 } = options;
  const run = (name: string, cases: Readonly<Record<string, Case>>) =>
    describe(name, () => {
      for (const [title, body] of Object.entries(cases)) it(title, () => body(createMatcher));
    });
  describe('a matcher', () => {
    run('finds the filters that match', matchingCases);
    run('keeps pairs of filter and value', pairCases);
    run('bears any filter', hostileCases);
    describe('agrees with the plain rule', () => {
      for (let i = 0; i < 20; i++) {
        it(`in random history ${i}`, () => checkRandomHistory(createMatcher, seed + i));
      }
    });
  });
}

const matchingCases: Readonly<Record<string, Case>> = {
  'without wildcards': (create) => {
    expectMatches(create, 'sport/tennis', ['sport/tennis'], ['sport', 'sport/tennis/1', 'tennis']);
  },
  'with + for one level': (create) => {
    expectMatches(create, '+', ['sport', 'a'], ['/sport', 'sport/', 'a/b']);
    expectMatches(create, 'sport/+', ['sport/tennis', 'sport/'], ['sport', 'sport/tennis/1']);
    expectMatches(create, '+/tennis/+', ['sport/tennis/1', '/tennis/'], ['sport/golf/1', 'tennis']);
    expectMatches(create, '+/+', ['/finance', 'a/b'], ['finance', 'a/b/c']);
  },
  'with # for the parent and all levels below': (create) => {
    expectMatches(create, '#', ['sport', 'sport/tennis/1', '/', '/sport'], []);
    expectMatches(create, 'sport/#', ['sport', 'sport/', 'sport/tennis/1'], ['sports', 'a/sport']);
  },
  'with both wildcards': (create) => {
    expectMatches(
      create,
      '+/tennis/#',
      ['sport/tennis', 'sport/tennis/1/a'],
      ['sport', 'sport/golf'],
    );
    expectMatches(create, '+/#', ['sport', 'sport/tennis', '/'], []);
  },
  'with empty levels': (create) => {
    expectMatches(create, '/', ['/'], ['', 'a/', '/a', '//']);
    expectMatches(create, '/finance', ['/finance'], ['finance', '//finance']);
    expectMatches(create, 'a//b', ['a//b'], ['a/b', 'a/x/b']);
    expectMatches(create, 'a/+/b', ['a//b', 'a/x/b'], ['a/b']);
    expectMatches(create, '/+', ['/', '/finance'], ['finance']);
    expectMatches(create, '//#', ['/', '//', '//a'], ['a/', '/a']);
  },
  // [MQTT-4.7.2-1]
  'with a leading wildcard only where the topic does not begin with $': (create) => {
    expectMatches(create, '#', ['a/$SYS', '/$SYS'], ['$SYS', '$SYS/uptime', '$']);
    expectMatches(create, '+', [], ['$SYS']);
    expectMatches(create, '+/uptime', ['SYS/uptime'], ['$SYS/uptime']);
    expectMatches(create, '+/#', [], ['$SYS', '$SYS/uptime']);
    expectMatches(create, '$SYS/#', ['$SYS', '$SYS/uptime'], ['SYS/uptime', '$SYSTEM/uptime']);
    expectMatches(create, '$SYS/+', ['$SYS/uptime', '$SYS/$x'], ['$SYS/a/b']);
    expectMatches(create, '$SYS/uptime', ['$SYS/uptime'], ['$SYS']);
    expectMatches(create, 'a/+/b', ['a/$x/b'], []);
  },
  // [MQTT-4.7.3-4]
  'character by character, case and unicode included': (create) => {
    expectMatches(create, 'Sport/+', ['Sport/a'], ['sport/a', 'SPORT/a']);
    expectMatches(create, 'Sport', ['Sport'], ['sport']);
    const composed = 'caf\u00e9';
    const decomposed = 'cafe\u0301';
    expectMatches(create, composed, [composed], [decomposed]);
    expectMatches(create, `${composed}/+`, [`${composed}/1`], [`${decomposed}/1`]);
    expectMatches(create, '温度/+/🌡', ['温度/床/🌡'], ['温度/床/🌢', '温度/床']);
    expectMatches(create, ' /+', [' /a'], ['/a', 'a/a']);
  },
  'once for each filter that has the value': (create) => {
    const matcher = create<string>();
    for (const filter of ['a/b', 'a/+', '+/b', 'a/#', '#', '+/+/#']) matcher.add(filter, 'v');
    matcher.add('b/#', 'v');
    assert.deepEqual(found(matcher, 'a/b'), ['v', 'v', 'v', 'v', 'v', 'v']);
    assert.deepEqual(found(matcher, 'a'), ['v', 'v']);
  },
  'and appends to what the array holds': (create) => {
    const matcher = create<string>();
    matcher.add('a', 'exact');
    matcher.add('+', 'plus');
    const into = ['before'];
    matcher.match('a', into);
    assert.equal(into[0], 'before');
    assert.deepEqual(into.slice(1).sort(), ['exact', 'plus']);
  },
};

const pairCases: Readonly<Record<string, Case>> = {
  'with nothing in the beginning': (create) => {
    const matcher = create<string>();
    assert.equal(matcher.size, 0);
    assert.deepEqual(found(matcher, 'a'), []);
    for (const filter of kindsOfFilters) assert.equal(matcher.remove(filter, 'v'), false);
  },
  'of which one added twice counts once': (create) => {
    for (const filter of kindsOfFilters) {
      const matcher = create<string>();
      matcher.add(filter, 'v');
      matcher.add(filter, 'v');
      assert.equal(matcher.size, 1);
      assert.deepEqual(found(matcher, 'a/b'), ['v']);
      assert.equal(matcher.remove(filter, 'v'), true);
      assert.equal(matcher.remove(filter, 'v'), false);
      assert.equal(matcher.size, 0);
      assert.deepEqual(found(matcher, 'a/b'), []);
    }
  },
  'of which any number may share a filter': (create) => {
    for (const filter of kindsOfFilters) {
      const matcher = create<number>();
      const values = Array.from({ length: 100 }, (_, value) => value);
      for (const value of [...values, ...values]) matcher.add(filter, value);
      assert.equal(matcher.size, 100);
      assert.deepEqual(found(matcher, 'a/b').sort(ascending), values);
      for (const value of values.filter((each) => each % 3 !== 0)) {
        assert.equal(matcher.remove(filter, value), true);
        assert.equal(matcher.remove(filter, value), false);
      }
      const rest = values.filter((value) => value % 3 === 0);
      assert.deepEqual(found(matcher, 'a/b').sort(ascending), rest);
      for (const value of rest) assert.equal(matcher.remove(filter, value), true);
      expectEmpty(matcher, ['a/b']);
    }
  },
  'telling values apart by identity': (create) => {
    for (const filter of kindsOfFilters) {
      const matcher = create<readonly string[]>();
      const one = ['v'];
      const other = ['v'];
      matcher.add(filter, one);
      assert.equal(matcher.remove(filter, other), false);
      matcher.add(filter, other);
      assert.equal(matcher.size, 2);
      assert.equal(matcher.remove(filter, one), true);
      const left = found(matcher, 'a/b');
      assert.equal(left.length, 1);
      assert.equal(left[0], other);
    }
  },
  'of any type': (create) => {
    const values = [undefined, null, 0, '', false, [], [1, 2], new Set([1]), () => 1];
    for (const filter of kindsOfFilters) {
      const matcher = create<unknown>();
      for (const value of values) {
        matcher.add(filter, value);
        const into = found(matcher, 'a/b');
        assert.equal(into.length, 1);
        assert.equal(into[0], value);
        assert.equal(matcher.remove(filter, value), true);
        assert.equal(matcher.size, 0);
      }
      for (const value of values) matcher.add(filter, value);
      assert.deepEqual(new Set(found(matcher, 'a/b')), new Set(values));
    }
  },
  'apart from filters above, below and beside': (create) => {
    const matcher = create<string>();
    const model = new MatcherModel();
    const filters = ['a', 'a/b', 'a/b/c', 'a/+', 'a/+/c', 'a/#', 'a/b/#', '+/b', '#'];
    for (const each of [matcher, model]) for (const filter of filters) each.add(filter, filter);
    for (const filter of filters) {
      assert.equal(matcher.remove(filter, 'other'), false);
      for (const each of [matcher, model]) assert.equal(each.remove(filter, filter), true);
      expectLikeModel(matcher, model, ['a', 'b', 'a/b', 'a/c', 'x/b', 'a/b/c', 'a/x/c', 'a/b/x']);
      for (const each of [matcher, model]) each.add(filter, filter);
    }
    for (const filter of ['b', 'a/b/c/d', 'a/+/+', '+', '+/b/#', '+/#']) {
      assert.equal(matcher.remove(filter, filter), false);
    }
    assert.equal(matcher.size, filters.length);
  },
  'and changes between two matches': (create) => {
    const matcher = create<string>();
    matcher.add('a/+', 'one');
    assert.deepEqual(found(matcher, 'a/b'), ['one']);
    matcher.add('a/b', 'two');
    assert.deepEqual(found(matcher, 'a/b').sort(), ['one', 'two']);
    matcher.remove('a/+', 'one');
    assert.deepEqual(found(matcher, 'a/b'), ['two']);
    matcher.add('#', 'three');
    assert.deepEqual(found(matcher, 'a/b').sort(), ['three', 'two']);
  },
  'and is independent of other matchers': (create) => {
    const one = create<string>();
    const other = create<string>();
    one.add('a/+', 'v');
    assert.deepEqual(found(other, 'a/b'), []);
    assert.equal(other.size, 0);
  },
};

const hostileCases: Readonly<Record<string, Case>> = {
  'with levels that are names of properties': (create) => {
    const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length'];
    const matcher = create<string>();
    for (const name of names) {
      assert.deepEqual(found(matcher, name), []);
      assert.equal(matcher.remove(name, name), false);
      assert.equal(matcher.remove(`${name}/+`, name), false);
    }
    const filters = names.flatMap((name) => [name, `${name}/+`, `+/${name}/#`]);
    for (const filter of filters) matcher.add(filter, filter);
    for (const name of names) {
      assert.deepEqual(found(matcher, name), [name]);
      assert.deepEqual(found(matcher, `${name}/x`), [`${name}/+`]);
      assert.deepEqual(found(matcher, `x/${name}/y`), [`+/${name}/#`]);
    }
    for (const filter of filters) assert.equal(matcher.remove(filter, filter), true);
    expectEmpty(matcher, names);
  },
  'however deep': (create) => {
    const matcher = create<string>();
    for (const levels of [200, 32_000]) {
      const filters = ['a', '+'].flatMap((level) => {
        const deep = Array.from({ length: levels }, () => level).join('/');
        return [deep, `${deep}/#`, `${deep}/x`];
      });
      for (const filter of filters) matcher.add(filter, filter);
      const topic = Array.from({ length: levels }, () => 'a').join('/');
      assert.equal(found(matcher, topic).length, 4);
      assert.equal(found(matcher, `${topic}/x`).length, 4);
      assert.equal(found(matcher, `${topic}/x/y`).length, 2);
      assert.equal(found(matcher, topic.slice(2)).length, 0);
      for (const filter of filters) assert.equal(matcher.remove(filter, filter), true);
      expectEmpty(matcher, [topic, `${topic}/x`]);
    }
  },
  'in any number, and leaves nothing behind': (create) => {
    const matcher = create<number>();
    const count = 3_000;
    const filterOf = (i: number) =>
      [`a/${i}/b`, `a/${i}/+`, `a/+/${i}`, `a/${i}/#`][i % 4] as string;
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < count; i++) matcher.add(filterOf(i), i);
      assert.equal(matcher.size, count);
      for (let i = 0; i < count; i += 97) {
        const topic = i % 4 === 2 ? `a/x/${i}` : `a/${i}/b`;
        assert.deepEqual(found(matcher, topic), [i]);
      }
      for (let i = 0; i < count; i++) {
        const each = (i * 7) % count;
        assert.equal(matcher.remove(filterOf(each), each), true);
      }
      expectEmpty(matcher, ['a/4/b', 'a/5/b', 'a/x/6', 'a/7', 'a/7/b']);
    }
  },
  'with wildcards in every combination, without taking longer than the filters are many': (
    create,
  ) => {
    const matcher = create<string>();
    const depth = 12;
    for (let bits = 0; bits < 2 ** depth; bits++) {
      const levels = Array.from({ length: depth }, (_, level) => ((bits >> level) & 1 ? '+' : 'a'));
      matcher.add(levels.join('/'), 'v');
    }
    const topic = Array.from({ length: depth }, () => 'a').join('/');
    assert.equal(found(matcher, topic).length, 2 ** depth);
    assert.equal(found(matcher, `${topic}/a`).length, 0);
    assert.equal(found(matcher, `b${topic.slice(1)}`).length, 2 ** (depth - 1));
  },
};

/** One of each kind that matches `a/b`. */
const kindsOfFilters: readonly string[] = ['a/b', 'a/+', '+/b', 'a/#', '#', '+/+', 'a/b/#'];

function ascending(one: number, other: number): number {
  return one - other;
}
