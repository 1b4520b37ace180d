import { setTimeout as sleep } from 'node:timers/promises';
import type { ProtocolVersion } from '@sluice/packet';
import type { ConformanceCase } from './case.ts';
import { CaseFailure, NotObservable, NotOffered } from './failures.ts';
import { idsFor } from './statement-ids.ts';
import type { Features, Target } from './target.ts';
import { Trial } from './trial.ts';

export type Outcome = 'passed' | 'failed' | 'not observable' | 'not run';

/** What came of a case in one version. */
export interface CaseResult {
  readonly name: string;
  readonly version: ProtocolVersion;
  readonly outcome: Outcome;
  /** Why it failed, or was not run. */
  readonly message?: string;
  /** Outcome for each statement that the case is about. */
  readonly statements: ReadonlyMap<string, Outcome>;
  /** What was exchanged; only of a case that failed. */
  readonly transcript?: readonly string[];
  readonly ms: number;
}

/** A case and the version to run it in. */
export interface Job {
  readonly definition: ConformanceCase;
  readonly version: ProtocolVersion;
}

export interface RunOptions {
  /** Cases that run at the same time; 8 by default. */
  readonly concurrency?: number;
  /** Milliseconds for a case that names no limit of its own; 30,000 by default. */
  readonly caseTimeoutMs?: number;
}

/** Every case in each of its versions. */
export function jobsOf(cases: readonly ConformanceCase[]): readonly Job[] {
  return cases.flatMap((definition) =>
    definition.versions.map((version) => ({ definition, version })),
  );
}

/** Starts to run jobs against a broker: for each a promise of its result, which never rejects. */
export function startJobs(
  jobs: readonly Job[],
  target: Target,
  features: Features,
  options: RunOptions = {},
): readonly Promise<CaseResult>[] {
  const { concurrency = 8, caseTimeoutMs = 30_000 } = options;
  const settle: ((result: CaseResult) => void)[] = [];
  const results = jobs.map((_, index) => {
    return new Promise<CaseResult>((resolve) => {
      settle[index] = resolve;
    });
  });
  let next = 0;
  const work = async () => {
    for (let index = next++; index < jobs.length; index = next++) {
      settle[index]?.(await runJob(jobs[index] as Job, target, features, caseTimeoutMs));
    }
  };
  for (let lane = 0; lane < concurrency; lane++) void work();
  return results;
}

async function runJob(
  { definition, version }: Job,
  target: Target,
  features: Features,
  caseTimeoutMs: number,
): Promise<CaseResult> {
  const start = performance.now();
  const ids = idsFor(definition, version);
  const result = (outcome: Outcome, more: Partial<CaseResult> = {}): CaseResult => ({
    name: definition.name,
    version,
    outcome,
    statements: new Map(ids.map((id) => [id, outcome])),
    ms: Math.round(performance.now() - start),
    ...more,
  });
  const missing = reasonNotToRun(definition, version, features);
  if (missing !== undefined) return result('not run', { message: missing });
  const trial = new Trial(definition, version, target, features);
  try {
    await inTime(definition.run(trial), definition.timeoutMs ?? caseTimeoutMs);
    return result('passed');
  } catch (error) {
    if (error instanceof NotOffered) return result('not run', { message: error.message });
    if (error instanceof NotObservable) return result('not observable', { message: error.message });
    return result('failed', {
      message: error instanceof CaseFailure ? error.message : String((error as Error).stack),
      statements: blame(ids, trial.checked, error),
      transcript: trial.transcript.lines,
    });
  } finally {
    await trial.cleanUp().catch(() => {});
  }
}

/** A failure that names a statement breaks that one: those before it held, those behind were not reached. */
function blame(
  ids: readonly string[],
  checked: ReadonlySet<string>,
  error: unknown,
): ReadonlyMap<string, Outcome> {
  const broken = error instanceof CaseFailure ? error.statement : undefined;
  return new Map(
    ids.map((id): [string, Outcome] => {
      if (id === broken) return [id, 'failed'];
      if (checked.has(id)) return [id, 'passed'];
      return [id, broken === undefined ? 'failed' : 'not run'];
    }),
  );
}

function reasonNotToRun(
  { needs = [] }: ConformanceCase,
  version: ProtocolVersion,
  { connacks, capabilities }: Features,
): string | undefined {
  if (!connacks.has(version)) return `the broker accepts no client of protocol level ${version}`;
  const missing = needs.filter((need) => !capabilities.has(need));
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`;
}

async function inTime(run: Promise<void>, timeoutMs: number): Promise<void> {
  const stop = new AbortController();
  const timeout = sleep(timeoutMs, undefined, { signal: stop.signal }).then(
    () => {
      throw new CaseFailure(`the case took more than ${timeoutMs} ms`);
    },
    () => {},
  );
  try {
    await Promise.race([run, timeout]);
  } finally {
    stop.abort();
  }
}
