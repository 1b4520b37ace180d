import { describeMatcher } from '@sluice/plugin/testing';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { createMatcher, TopicMatcher } from '../src/index.ts';

describeMatcher({ describe, it, createMatcher });

describe('createMatcher', () => {
  it('makes a TopicMatcher of the values asked for', () => {
    const matcher = createMatcher<number>();
    expect(matcher).toBeInstanceOf(TopicMatcher);
    expectTypeOf(matcher.add).parameters.toEqualTypeOf<[filter: string, value: number]>();
  });
});
