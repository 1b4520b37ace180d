import { createMatcher } from '@sluice/matcher';
import { Qlobber } from 'qlobber';
import type { MicroBenchmark } from './micro-benchmark.ts';

const filterCount = 100_000;
const lookups = 1_000;
// A prime that does not divide the count visits the filters in scattered order.
const step = 7_919;

/** Adding filters and matching topics, each topic matching one, beside qlobber, which Aedes uses. */
export function matchBenchmarks(): MicroBenchmark[] {
  const filters = Array.from({ length: filterCount }, (_, index) => filter(index));
  const topics = Array.from({ length: lookups }, (_, index) => topic((index * step) % filterCount));
  const ours = filledMatcher(filters);
  const theirs = filledQlobber(filters);
  return [
    adding('@sluice/matcher', () => filledMatcher(filters)),
    adding('qlobber', () => filledQlobber(filters)),
    matching('@sluice/matcher', topics, (name) => {
      const into: number[] = [];
      ours.match(name, into);
      return into.length;
    }),
    matching('qlobber', topics, (name) => theirs.match(name).length),
  ];
}

function adding(name: string, fill: () => object): MicroBenchmark {
  return { group: 'add', name: `100,000 filters, ${name}`, operations: filterCount, run: fill };
}

function matching(
  name: string,
  topics: readonly string[],
  countMatches: (topic: string) => number,
): MicroBenchmark {
  return {
    group: 'match',
    name: `one of 100,000 filters, ${name}`,
    operations: lookups,
    run() {
      let count = 0;
      for (const one of topics) count += countMatches(one);
      if (count !== lookups) throw new Error(`${count} matches in place of ${lookups}`);
    },
  };
}

function filledMatcher(filters: readonly string[]) {
  const matcher = createMatcher<number>();
  filters.forEach((one, index) => {
    matcher.add(one, index);
  });
  return matcher;
}

function filledQlobber(filters: readonly string[]) {
  const qlobber = new Qlobber<number>({ separator: '/', wildcard_one: '+', wildcard_some: '#' });
  filters.forEach((one, index) => {
    qlobber.add(one, index);
  });
  return qlobber;
}

/** 80 % are exact, 10 % have a `+`, 10 % end in `#`: the mix that the scenario sub100k has, too. */
function filter(index: number): string {
  const area = index % 1_000;
  if (index % 10 === 8) return `s/+/${index}/w`;
  if (index % 10 === 9) return `s/${area}/${index}/#`;
  return `s/${area}/${index}/x`;
}

function topic(index: number): string {
  const area = index % 1_000;
  if (index % 10 === 8) return `s/${area}/${index}/w`;
  if (index % 10 === 9) return `s/${area}/${index}/h/t`;
  return `s/${area}/${index}/x`;
}
