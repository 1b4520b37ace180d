import assert from 'node:assert/strict';
import { topicMatches } from '@sluice/packet';
import type { Matcher, MatcherFactory } from '../matcher.ts';

const steps = 400;
const levels = ['', 'a', 'b', 'c', '+', '$', '$a', '__proto__'];
const topicLevels = levels.filter((level) => level !== '+');

/** The plainest matcher there can be: every pair is looked at for every topic. */
export class MatcherModel implements Matcher<string> {
  readonly #pairs = new Map<string, readonly [filter: string, value: string]>();

  get size(): number {
    return this.#pairs.size;
  }

  get pairs(): (readonly [filter: string, value: string])[] {
    return [...this.#pairs.values()];
  }

  add(filter: string, value: string): void {
    this.#pairs.set(keyOf(filter, value), [filter, value]);
  }

  remove(filter: string, value: string): boolean {
    return this.#pairs.delete(keyOf(filter, value));
  }

  match(topic: string, into: string[]): void {
    for (const [filter, value] of this.#pairs.values()) {
      if (topicMatches(filter, topic)) into.push(value);
    }
  }
}

/** Checks that a matcher with this one filter finds it for the first topics, and not for the others. */
export function expectMatches(
  create: MatcherFactory,
  filter: string,
  topics: readonly string[],
  others: readonly string[],
): void {
  const matcher = create<string>();
  matcher.add(filter, filter);
  for (const topic of topics) {
    assert.deepEqual(found(matcher, topic), [filter], `${filter} matches ${topic}`);
  }
  for (const topic of others) {
    assert.deepEqual(found(matcher, topic), [], `${filter} does not match ${topic}`);
  }
  assert.equal(matcher.remove(filter, filter), true);
  expectEmpty(matcher, topics);
}

/** Checks that nothing is left, as far as these topics can tell. */
export function expectEmpty<Value>(matcher: Matcher<Value>, topics: readonly string[]): void {
  assert.equal(matcher.size, 0);
  for (const topic of topics) assert.deepEqual(found(matcher, topic), []);
}

/** What the matcher finds for the topic. */
export function found<Value>(matcher: Matcher<Value>, topic: string): Value[] {
  const into: Value[] = [];
  matcher.match(topic, into);
  return into;
}

/** Checks that a matcher knows the pairs of the model and no others, as far as these topics can tell. */
export function expectLikeModel(
  matcher: Matcher<string>,
  model: MatcherModel,
  topics: readonly string[],
): void {
  assert.equal(matcher.size, model.size);
  for (const topic of topics) {
    assert.deepEqual(found(matcher, topic).sort(), found(model, topic).sort(), `topic "${topic}"`);
  }
}

/** Does the same random things to a matcher and to the model; a failure names the seed that repeats it. */
export function checkRandomHistory(createMatcher: MatcherFactory, seed: number): void {
  const random = generator(seed);
  const matcher = createMatcher<string>();
  const model = new MatcherModel();
  for (let step = 0; step < steps; step++) {
    try {
      takeStep(matcher, model, random);
      const topics = [randomTopic(random), randomTopic(random)];
      expectLikeModel(matcher, model, topics);
    } catch (error) {
      throw new Error(`With seed ${seed}, at step ${step}: ${error}`, { cause: error });
    }
  }
  for (const [filter, value] of model.pairs) {
    assert.equal(matcher.remove(filter, value), true, `With seed ${seed}, at the end: ${filter}`);
  }
  expectLikeModel(matcher, new MatcherModel(), ['a', 'a/b', '$a', '/']);
}

function takeStep(matcher: Matcher<string>, model: MatcherModel, random: Random): void {
  const known = model.pairs;
  // Now up to a few dozen pairs, now down to none, so that what was freed is used again.
  const adds = random(10) < (known.length < 40 ? 7 : 3);
  const value = `v${random(3)}`;
  const filter = randomFilter(random);
  if (adds) {
    matcher.add(filter, value);
    model.add(filter, value);
    return;
  }
  const pair = random(4) > 0 ? known[random(known.length)] : undefined;
  const [oldFilter, oldValue] = pair ?? [filter, value];
  assert.equal(
    matcher.remove(oldFilter, oldValue),
    model.remove(oldFilter, oldValue),
    `remove "${oldFilter}"`,
  );
}

function randomFilter(random: Random): string {
  const filter = randomLevels(levels, random);
  if (random(4) === 0) filter.push('#');
  return filter.join('/') || '#';
}

function randomTopic(random: Random): string {
  return randomLevels(topicLevels, random).join('/') || 'a';
}

function randomLevels(from: readonly string[], random: Random): string[] {
  return Array.from({ length: 1 + random(4) }, () => from[random(from.length)] as string);
}

function keyOf(filter: string, value: string): string {
  return `${filter} ${value}`;
}

/** A whole number from 0 up to, not including, the limit. */
type Random = (limit: number) => number;

/** Mulberry32. */
function generator(seed: number): Random {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}
