import { topicMatches } from '@sluice/packet';
import { describe, expect, it } from 'vitest';
import { coversFilter, matchesTopic } from '../src/rules/pattern.ts';

/** All texts of 1 to `depth` levels over an alphabet of levels. */
function textsOver(levels: readonly string[], depth: number): string[] {
  let texts = [...levels];
  const all = [...texts];
  for (let more = 1; more < depth; more++) {
    texts = texts.flatMap((text) => levels.map((level) => `${text}/${level}`));
    all.push(...texts);
  }
  return all.filter((text) => text !== '');
}

// "z" stands for any text that no filter holds, so that a wildcard never looks like a list of texts.
const topics = textsOver(['a', '$b', '', 'z'], 4);
const plain = textsOver(['a', '$b', '', '+'], 3);
const filters = ['#', ...plain, ...plain.map((filter) => `${filter}/#`)];

describe('matchesTopic', () => {
  it('agrees with the plain rule on every small filter and topic', () => {
    for (const filter of filters) {
      const pattern = filter.split('/');
      for (const topic of topics) {
        if (matchesTopic(pattern, topic) === topicMatches(filter, topic)) continue;
        expect.fail(`${filter} and ${topic}`);
      }
    }
  });

  it('does not take the beginning of a level for the level', () => {
    expect(matchesTopic(['a', 'bc'], 'a/b')).toBe(false);
    expect(matchesTopic(['a', 'b'], 'a/bc')).toBe(false);
    expect(matchesTopic(['a', '', 'b'], 'a/b')).toBe(false);
  });
});

describe('coversFilter', () => {
  it.each([
    ['a/+', 'a/b', true],
    ['a/+', 'a/+', true],
    ['a/+', 'a/#', false],
    ['a/#', 'a', true],
    ['a/#', 'a/+/b/#', true],
    ['a', 'a/#', false],
    ['#', '$SYS/#', false],
    ['+/#', '$SYS/#', false],
    ['#', '+/#', true],
    ['+/#', '#', true],
    ['a/+/#', 'a/#', false],
    ['$SYS/#', '$SYS/#', true],
    ['$SYS/#', '#', false],
  ])('%s over %s: %s', (pattern, filter, expected) => {
    expect(coversFilter(pattern.split('/'), filter.split('/'))).toBe(expected);
  });

  it('holds exactly when no topic of the filter escapes the pattern: every small pair', () => {
    const matched = filters.map((filter) => topics.map((topic) => topicMatches(filter, topic)));
    for (const [p, pattern] of filters.entries()) {
      for (const [f, filter] of filters.entries()) {
        const escapes = matched[f]?.some((matches, topic) => matches && !matched[p]?.[topic]);
        if (coversFilter(pattern.split('/'), filter.split('/')) !== escapes) continue;
        expect.fail(`${pattern} over ${filter}`);
      }
    }
  });
});
