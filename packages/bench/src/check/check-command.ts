import { BenchError } from '../bench-error.ts';
import { type Broker, brokers } from '../brokers/index.ts';
import { compiledLoadGenerator } from '../compile.ts';
import { formatRatio } from '../format.ts';
import { availablePinning, thisMachine } from '../machine.ts';
import type { Measurement } from '../measurement.ts';
import { sideBySide } from '../side-by-side.ts';
import { type SummaryRow, summarize } from '../summary.ts';
import { readBaseline, readBaselineIfAny, writeBaseline } from './baseline.ts';
import { check, type Measure, measuredRatios, verdictLines } from './check.ts';
import { type CheckOptions, checkUsage, parseCheckOptions } from './check-options.ts';
import { watched } from './ratios.ts';

/** Compares with the baseline or makes it; returns the exit code: 1 if something is worse or could not be judged. */
export async function checkCommand(words: readonly string[]): Promise<number> {
  if (words.includes('--help')) {
    console.log(checkUsage);
    return 0;
  }
  const options = parseCheckOptions(words);
  if (options.update) return update(options);
  const baseline = readBaseline(options.baseline);
  console.log(
    `Baseline of ${baseline.date}: ${baseline.processor}, Node ${baseline.node}. Ratios are CPU and memory of ${watched.broker} / ${watched.peer}.`,
  );
  const names = options.scenarios.map(({ name }) => name);
  const verdict = await check(names, baseline.ratios, measureWith(options));
  console.log(`\n${verdictLines(verdict).join('\n')}`);
  return verdict.worse.length + verdict.problems.length > 0 ? 1 : 0;
}

async function update(options: CheckOptions): Promise<number> {
  // Read first: minutes of measuring should not end at a file that cannot be added to.
  const kept = options.isPart ? readBaselineIfAny(options.baseline)?.ratios : undefined;
  const measure = measureWith(options);
  const { ratios, problems } = measuredRatios(
    await measure(options.scenarios.map(({ name }) => name)),
  );
  if (problems.length > 0) {
    console.log(`\n${problems.join('\n')}\nThe baseline is left as it was.`);
    return 1;
  }
  const { processor, node } = thisMachine();
  writeBaseline(options.baseline, {
    date: new Date().toISOString().slice(0, 10),
    ...{ processor, node },
    ratios: new Map([...(kept ?? []), ...ratios]),
  });
  const lines = [...ratios].map(([key, ratio]) => `${key}: ${formatRatio(ratio)}`);
  console.log(`\n${lines.join('\n')}\nWritten to ${options.baseline}.`);
  return 0;
}

function measureWith(options: CheckOptions): Measure {
  const compared = [watched.broker, watched.peer].map((name) => runnable(name));
  const settings = {
    loadGenerator: compiledLoadGenerator(options.scenarios),
    pinning: availablePinning(),
    directory: options.directory,
    version5: false,
    seconds: undefined,
  };
  const peersOf = new Map([[watched.broker, [watched.peer]]]);
  return async (names): Promise<SummaryRow[]> => {
    const scenarios = options.scenarios.filter(({ name }) => names.includes(name));
    console.log(`\nMeasuring ${names.join(', ')}, ${options.runs} runs each.`);
    const plan = { scenarios, brokersOf: () => compared, runs: options.runs };
    const measurements: Measurement[] = [];
    for await (const one of sideBySide(plan, settings)) {
      measurements.push(one);
      const problems = one.problems.length > 0 ? `: INVALID, ${one.problems.join('; ')}` : '';
      console.log(`${one.repetition}/${options.runs} ${one.scenario} ${one.broker}${problems}`);
    }
    return summarize(scenarios, peersOf, measurements);
  };
}

function runnable(name: string): Broker {
  const broker = brokers.find((one) => one.name === name) as Broker;
  const reason = broker.unavailable();
  if (reason !== undefined) throw new BenchError(`${name} cannot run here: ${reason}.`);
  return broker;
}
