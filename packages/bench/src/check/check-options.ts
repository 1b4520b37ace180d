import os from 'node:os';
import { parseArgs } from 'node:util';
import { BenchError } from '../bench-error.ts';
import type { Scenario } from '../scenario.ts';
import { scenarioNamed } from '../scenarios.ts';
import { baselineFile } from './baseline.ts';

/** What `bench:check` measures where no scenarios are named: one of each way in which a message can cost. */
export const checkedScenarios: readonly string[] = [
  ...['fanin', 'fanout', 'pairs1', 'pairs2'],
  ...['faninw1', 'fanout1', 'pairs0w1', 'storm'],
  ...['idle10k', 'sub100k'],
];

/** Medians of fewer runs say too little to blame anybody. */
const minRuns = 3;

/** What the command line asks for. */
export interface CheckOptions {
  readonly scenarios: readonly Scenario[];
  /** Whether some were named: an update then leaves the others as they are. */
  readonly isPart: boolean;
  readonly update: boolean;
  readonly runs: number;
  readonly baseline: string;
  readonly directory: string;
}

/** What `bench:check -- --help` prints. */
export const checkUsage: string = `npm run bench:check [-- OPTIONS]      what became slower than the stored baseline

  --update          measure, and store the ratios as the new baseline
  --scenario A,B    ${checkedScenarios.join(',')}
  --runs N          ${minRuns}, which is the least
  --baseline FILE   packages/bench/baseline.json
  --directory DIR   where brokers keep their data; ${os.tmpdir()}
`;

/** Reads and checks the options of a check. */
export function parseCheckOptions(words: readonly string[]): CheckOptions {
  const values = parsed(words);
  const names = values.scenario?.split(',') ?? checkedScenarios;
  const runs = Number(values.runs ?? minRuns);
  if (!Number.isInteger(runs) || runs < minRuns || runs > 100) {
    throw new BenchError(`--runs is a whole number from ${minRuns} to 100, not "${values.runs}".`);
  }
  return {
    scenarios: names.map(checkable),
    isPart: values.scenario !== undefined,
    update: values.update === true,
    runs,
    baseline: values.baseline ?? baselineFile,
    directory: values.directory ?? os.tmpdir(),
  };
}

function checkable(name: string): Scenario {
  const scenario = scenarioNamed(name);
  if (scenario === undefined) {
    throw new BenchError(`There is no scenario "${name}"; npm run bench -- list shows all.`);
  }
  if (scenario.brokers !== undefined && !scenario.brokers.includes('aedes')) {
    throw new BenchError(`The scenario "${name}" has no Aedes to be compared with.`);
  }
  return scenario;
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        update: { type: 'boolean' },
        scenario: { type: 'string' },
        runs: { type: 'string' },
        baseline: { type: 'string' },
        directory: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new BenchError((error as Error).message);
  }
}
