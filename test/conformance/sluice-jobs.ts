import { allCases, type Capability, type Job, jobsOf } from '@sluice/conformance';

const jobs = jobsOf(allCases);

function needing(capabilities: readonly Capability[]): readonly Job[] {
  return jobs.filter(({ definition: { needs = [] } }) =>
    needs.some((need) => capabilities.includes(need)),
  );
}

/** Cases about what a broker announces as limited or unavailable: they need one that does. */
export const jobsOfNarrow: readonly Job[] = needing([
  'limited-qos',
  'no-retain',
  'no-wildcards',
  'no-shared',
  'no-subscription-identifiers',
]);

/** Cases about a broker that sets the keep alive. */
export const jobsOfImpatient: readonly Job[] = needing(['server-keep-alive']);

const special = new Set([...jobsOfNarrow, ...jobsOfImpatient]);

/** All others. */
export const usualJobs: readonly Job[] = jobs.filter((job) => !special.has(job));
