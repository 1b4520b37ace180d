import { Bench } from 'tinybench';
import { BenchError } from '../bench-error.ts';
import { columns, formatNumber } from '../format.ts';
import { commitBenchmarks } from './commit.ts';
import { decodeBenchmarks } from './decode.ts';
import { encodeBenchmarks } from './encode.ts';
import { hookBenchmarks } from './hooks.ts';
import { matchBenchmarks } from './match.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';
import { outboxBenchmarks } from './outbox.ts';
import { routeBenchmarks } from './route.ts';

type Benchmarks = readonly MicroBenchmark[] | Promise<readonly MicroBenchmark[]>;

const groups: ReadonlyMap<string, () => Benchmarks> = new Map<string, () => Benchmarks>([
  ['decode', decodeBenchmarks],
  ['encode', encodeBenchmarks],
  ['hooks', hookBenchmarks],
  ['match', matchBenchmarks],
  ['route', routeBenchmarks],
  ['outbox', outboxBenchmarks],
  ['commit', commitBenchmarks],
]);

/** Times the micro benchmarks of the named groups, or of all, and prints nanoseconds per operation. */
export async function microCommand(names: readonly string[]): Promise<number> {
  const chosen = names.length > 0 ? names : [...groups.keys()];
  const rows = [['', 'ns each', '± %']];
  for (const name of chosen) {
    const benchmarksOf = groups.get(name);
    if (benchmarksOf === undefined) {
      throw new BenchError(
        `There is no group of micro benchmarks "${name}", only ${[...groups.keys()].join(', ')}.`,
      );
    }
    for (const benchmark of await benchmarksOf()) rows.push(await timed(benchmark));
  }
  console.log(columns(rows));
  return 0;
}

async function timed(benchmark: MicroBenchmark): Promise<string[]> {
  const name = `${benchmark.group}: ${benchmark.name}`;
  const bench = new Bench({ time: 500, iterations: 5, warmupTime: 200, warmupIterations: 2 });
  const [task] = await bench.add(name, () => benchmark.run()).run();
  const result = task?.result;
  if (result === undefined || !('latency' in result)) {
    const reason = result !== undefined && 'error' in result ? `: ${result.error.message}` : '';
    throw new BenchError(`The micro benchmark "${name}" failed${reason}`);
  }
  const nanoseconds = (result.latency.mean * 1e6) / benchmark.operations;
  return [name, formatNumber(nanoseconds), formatNumber(result.latency.rme)];
}
