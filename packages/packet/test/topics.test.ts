import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countLevels,
  filterCovers,
  hasWildcard,
  isValidTopicFilter,
  isValidTopicName,
  parseSharedFilter,
  topicMatches,
} from '../src/index.ts';

const widest = 'é'.repeat(32_767);

describe('topic names', () => {
  it.each(['a', '/', '//', ' ', 'a/b', '$SYS/x', '漢/😀', '\ufeff', '$share/g/t', `${widest}x`])(
    '%j is valid',
    (topic) => expect(isValidTopicName(topic)).toBe(true),
  );

  it.each(['', '+', '#', 'a/+/b', 'a#', '\0', 'a\0b', '\ud800', 'a\udc00b', `${widest}xx`])(
    '%j is not',
    (topic) => expect(isValidTopicName(topic)).toBe(false),
  );
});

describe('topic filters', () => {
  it.each([
    ...['a', '#', '+', '/', '/#', '+/+', 'a/#', '/+', 'a/+/b/#', '$SYS/#', '$share', `${widest}x`],
    ...['$share/g/t', '$share/g/#', '$share/g//', '$share/g/$SYS/x', '$shared/+', '$share/g/+/a'],
  ])('%j is valid', (filter) => expect(isValidTopicFilter(filter)).toBe(true));

  it.each([
    ...['', 'a/#/b', 'a+', '+a', '##', 'a#', '#/', 'a/b#', '++', 'a/+b/c', '\0', '\udfff'],
    ...[
      '$share/',
      '$share//t',
      '$share/g',
      '$share/g/',
      '$share/+/t',
      '$share/g#/t',
      '$share/a+/t',
    ],
    ...['$share/g/a#', '$share/g/#/a', `${widest}xx`],
  ])('%j is not', (filter) => expect(isValidTopicFilter(filter)).toBe(false));

  it('know their wildcards', () => {
    expect(['a', 'a/+', '#', ''].map(hasWildcard)).toEqual([false, true, true, false]);
  });

  it('of shared subscriptions have two parts', () => {
    expect(parseSharedFilter('$share/g/a/b')).toEqual({ shareName: 'g', filter: 'a/b' });
    expect(parseSharedFilter('$share/g//')).toEqual({ shareName: 'g', filter: '/' });
    expect(parseSharedFilter('$share/g')).toEqual({ shareName: 'g', filter: '' });
    expect(parseSharedFilter('$share//t')).toEqual({ shareName: '', filter: 't' });
    expect(parseSharedFilter('$share')).toBeUndefined();
    expect(parseSharedFilter('a/$share/g/t')).toBeUndefined();
  });

  it('have levels', () => {
    expect(['a', 'a/b', '/', '//', 'a//b'].map(countLevels)).toEqual([1, 2, 2, 3, 3]);
  });
});

describe('matching', () => {
  it.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['#', 'a/b', true],
    ['#', '$SYS/x', false],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['$SYS/#', '$SYS/monitor/Clients', true],
    ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
    ['a', 'A', false],
    ['a/b', 'a', false],
    ['a', 'a/b', false],
    ['/#', '/', true],
    ['+/#', 'a', true],
  ] as const)('%s and %s: %s', (filter, topic, expected) => {
    expect(topicMatches(filter, topic)).toBe(expected);
  });

  it('agrees with regular expressions', () => {
    const level = fc.constantFrom('', 'a', 'b', '$a', '.', '*');
    const topics = fc
      .array(level, { minLength: 1, maxLength: 4 })
      .map((levels) => levels.join('/'));
    const wanted = fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 });
    const filters = fc
      .tuple(wanted, fc.boolean())
      .map(([levels, all]) => (all ? [...levels.slice(1), '#'] : levels).join('/'));
    fc.assert(
      fc.property(filters, topics, (filter, topic) => {
        fc.pre(filter !== '' && topic !== '');
        expect(topicMatches(filter, topic)).toBe(toRegExp(filter).test(topic));
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('covering', () => {
  it.each([
    ['home/#', 'home/+/light', true],
    ['home/#', 'home/#', true],
    ['home/#', 'home', true],
    ['home/#', '#', false],
    ['home/+', 'home/hall', true],
    ['home/+', 'home/+', true],
    ['home/+', 'home/#', false],
    ['home/+', 'home', false],
    ['home/hall', 'home/+', false],
    ['a/+/#', 'a/+', true],
    ['a/+/#', 'a/#', false],
    ['+/#', '#', true],
    ['#', '$SYS/#', false],
    ['+/broker', '$SYS/broker', false],
    ['$SYS/#', '$SYS/broker/+', true],
  ] as const)('%s and %s: %s', (outer, inner, expected) => {
    expect(filterCovers(outer, inner)).toBe(expected);
  });

  it('is to match whatever the other one matches', () => {
    // Of two letters and four levels all there is: a filter that reaches out of another one does so there.
    const names = ['a', 'b', '$a'];
    const topics = everyPath(names, 4);
    const filters = everyPath(['a', '$a', '+'], 3).flatMap((path) => [path, `${path}/#`]);
    for (const outer of ['#', ...filters]) {
      for (const inner of ['#', ...filters]) {
        const escapes = topics.some(
          (topic) => topicMatches(inner, topic) && !topicMatches(outer, topic),
        );
        if (filterCovers(outer, inner) === escapes) expect([outer, inner]).toEqual([]);
      }
    }
  });
});

/** All sequences of up to so many levels. */
function everyPath(levels: readonly string[], most: number): string[] {
  if (most === 1) return [...levels];
  const shorter = everyPath(levels, most - 1);
  return [...levels, ...levels.flatMap((level) => shorter.map((path) => `${level}/${path}`))];
}

/** The rules once more, as a regular expression over the whole topic. */
function toRegExp(filter: string): RegExp {
  const source = filter
    .replace(/[.*$]/g, '\\$&')
    .replaceAll('+', '[^/]*')
    .replace(/(^|\/)#$/, (_, slash) => (slash === '' ? '.*' : '(/.*)?'));
  return new RegExp(`^${/^[+#]/.test(filter) ? '(?!\\$)' : ''}${source}$`);
}
