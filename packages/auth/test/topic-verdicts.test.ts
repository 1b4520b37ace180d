import { expect, it, vi } from 'vitest';
import { TopicVerdicts } from '../src/rules/topic-verdicts.ts';

it('judges a topic once, allowed or denied', () => {
  const judge = vi.fn((topic: string) => topic === 'a');
  const verdicts = new TopicVerdicts(judge);
  expect([verdicts.of('a'), verdicts.of('b'), verdicts.of('a'), verdicts.of('b')]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(judge).toHaveBeenCalledTimes(2);
});

it('forgets, and stays right, when there are too many topics', () => {
  const judge = vi.fn((topic: string) => topic.endsWith('0'));
  const verdicts = new TopicVerdicts(judge);
  for (let round = 0; round < 2; round++) {
    for (let topic = 0; topic < 300; topic++) {
      expect(verdicts.of(`t${topic}`)).toBe(topic % 10 === 0);
    }
  }
  expect(judge.mock.calls.length).toBeGreaterThan(300);
});

it('does not keep long topics', () => {
  const judge = vi.fn(() => true);
  const verdicts = new TopicVerdicts(judge);
  const long = '/'.repeat(65_535);
  expect(verdicts.of(long) && verdicts.of(long)).toBe(true);
  expect(judge).toHaveBeenCalledTimes(2);
});
