import { describeMatcher } from '@sluice/plugin/testing';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { createMatcher, TopicMatcher } from '../src/index.ts';

describeMatcher({ describe, it, createMatcher });

describe('createMatcher', () => {
  it('appends each of thousands of values that share a filter', () => {
    const matcher = createMatcher<number>();
    const values = Array.from({ length: 3_000 }, (_, value) => value);
    for (const filter of ['a', '+']) for (const value of values) matcher.add(filter, value);
    const into = [-1];
    matcher.match('a', into);
    expect(into).toEqual([-1, ...values, ...values]);
  });

  it('makes a TopicMatcher of the values asked for', () => {
    const matcher = createMatcher<number>();
    expect(matcher).toBeInstanceOf(TopicMatcher);
    expectTypeOf(matcher.add).parameters.toEqualTypeOf<[filter: string, value: number]>();
  });
});
