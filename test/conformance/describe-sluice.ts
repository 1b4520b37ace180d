import { allCases, type CaseResult, type Job, jobsOf, probe, startJobs } from '@sluice/conformance';
import { afterAll, describe, expect, it } from 'vitest';
import { type RunningTarget, type Setup, startSluice } from './sluice-target.ts';

// Many cases wait for something not to happen: they run side by side against one broker, and each test
// picks up its result.
const concurrency = 24;

const versionNames = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const;

function titleOf({ definition, version }: Job): string {
  return `${definition.name}, ${versionNames[version]}`;
}

/** One test for each case that such a broker can pass, and each version, against Sluice in this process. */
export function describeSluice(name: string, setup: Setup): void {
  const { lacks, invisible } = setup;
  const jobs = jobsOf(allCases).filter(
    ({ definition: { needs = [] } }) => !needs.some((need) => lacks.includes(need)),
  );
  describe(`Sluice, ${name}`, () => {
    let running: RunningTarget | undefined;
    let starting: Promise<ReadonlyMap<string, Promise<CaseResult>>> | undefined;

    /** Starts the broker, and the cases that this run of the tests asks for. */
    async function start(
      titles: ReadonlySet<string>,
    ): Promise<ReadonlyMap<string, Promise<CaseResult>>> {
      running = await startSluice(setup);
      const { target } = running;
      const chosen = jobs.filter((job) => titles.has(titleOf(job)));
      const features = await probe(target);
      expect(lacks.filter((one) => features.capabilities.has(one))).toEqual([]);
      const results = startJobs(chosen, target, features, { concurrency });
      return new Map(results.map((result, index) => [titleOf(chosen[index] as Job), result]));
    }

    afterAll(async () => {
      await running?.close();
    });

    it.for(jobs.map(titleOf))('%s', async (title, { task }) => {
      const siblings = task.suite?.tasks.filter(({ mode }) => mode !== 'skip') ?? [];
      starting ??= start(new Set(siblings.map(({ name: sibling }) => sibling)));
      const result = (await (await starting).get(title)) as CaseResult;
      const expected = invisible.includes(result.name) ? 'not observable' : 'passed';
      const { outcome, message, transcript = [] } = result;
      expect(outcome, [message, ...transcript].join('\n')).toBe(expected);
    });
  });
}
