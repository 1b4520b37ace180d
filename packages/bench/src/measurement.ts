import type { Scenario } from './scenario.ts';

/** What one phase of one run cost. */
export interface PhaseFigures {
  readonly title: string;
  readonly perSecond: number;
  /** Processor time of the broker, all its threads, in microseconds for each unit. */
  readonly cpuMicros: number;
  /** Share of one processor that the load generator used, in percent; near 100 it was the limit. */
  readonly generatorPercent: number;
  readonly p50Micros?: number;
  readonly p99Micros?: number;
}

/** One run of one scenario against one broker. */
export interface Measurement {
  readonly scenario: string;
  readonly broker: string;
  readonly repetition: number;
  /** Why its figures do not count; empty for a valid run. */
  readonly problems: readonly string[];
  /** What is wrong with the broker and known to be: shown, and the figures count. */
  readonly remarks: readonly string[];
  readonly phases: readonly PhaseFigures[];
  readonly lost: number;
  readonly memoryBytesPerUnit?: number;
  readonly peakMegabytes?: number;
  /** What the scenario names besides, by key. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** Which run it is. */
export type RunIdentity = Pick<Measurement, 'scenario' | 'broker' | 'repetition'>;

/** The keys that are looked at by name; it has many more. */
interface Result {
  readonly error?: unknown;
  readonly ok?: unknown;
  readonly lost?: unknown;
  readonly stalled?: number;
  readonly pub_stalled?: number;
  readonly [key: string]: unknown;
}

/** A run that came to nothing. */
export function failedRun(identity: RunIdentity, problem: string): Measurement {
  return { ...identity, problems: [problem], remarks: [], phases: [], lost: 0 };
}

/**
 * Reads the one line of JSON that the load generator prints. A counter among `knownFaults` makes a
 * remark, not a problem.
 */
export function parseResult(
  identity: RunIdentity,
  scenario: Scenario,
  output: string,
  knownFaults: readonly string[],
): Measurement {
  let result: Result;
  try {
    result = JSON.parse(output);
  } catch {
    return failedRun(identity, 'the load generator printed no result');
  }
  const number = (key: string): number | undefined => {
    const value = result[key];
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  };
  const phases = scenario.phases.flatMap((phase): PhaseFigures[] => {
    const perSecond = number(`${phase.prefix}msgs_per_s`);
    const cpuMicros = number(`${phase.prefix}broker_cpu_us_per_msg`);
    if (perSecond === undefined || cpuMicros === undefined) return [];
    const p50Micros = phase.hasLatency ? number('p50_us') : undefined;
    const p99Micros = phase.hasLatency ? number('p99_us') : undefined;
    return [
      {
        title: phase.title,
        perSecond,
        cpuMicros,
        generatorPercent: number(`${phase.prefix}loadgen_cpu_pct`) ?? 0,
        ...(p50Micros === undefined ? {} : { p50Micros }),
        ...(p99Micros === undefined ? {} : { p99Micros }),
      },
    ];
  });
  const memory = scenario.memory && number(scenario.memory.key);
  const peakMegabytes = number('peak_rss_mb');
  const figures = (scenario.figures ?? []).flatMap(({ key }): [string, number][] => {
    const value = number(key);
    return value === undefined ? [] : [[key, value]];
  });
  return {
    ...identity,
    problems: problemsOf(result, phases.length === scenario.phases.length, knownFaults),
    remarks: faultsOf(result, (key) => knownFaults.includes(key)),
    phases,
    lost: Math.max(0, number('lost') ?? 0),
    ...(scenario.memory === undefined || memory === undefined
      ? {}
      : { memoryBytesPerUnit: memory * scenario.memory.bytesPerUnit }),
    ...(peakMegabytes === undefined ? {} : { peakMegabytes }),
    ...(scenario.figures === undefined ? {} : { figures: Object.fromEntries(figures) }),
  };
}

const counters: readonly (readonly [key: string, words: string])[] = [
  ['lost', 'messages lost'],
  ['dup_or_reorder', 'messages repeated or out of order'],
  ['gaps', 'gaps in the order of messages'],
  ['missing_acks', 'acknowledgements missing'],
  ['puback_fail', 'messages refused'],
  ['suback_fail', 'subscriptions refused'],
  ['unexpected_close', 'connections closed by the broker'],
  ['wrong_qos', 'messages at another QoS than they should have'],
  ['errors', 'packets that are wrong'],
];

/** What makes a result invalid, in words. */
function problemsOf(result: Result, isComplete: boolean, knownFaults: readonly string[]): string[] {
  if (typeof result.error === 'string') return [result.error];
  const problems = faultsOf(result, (key) => !knownFaults.includes(key));
  if (Number(result.lost) < 0) problems.push(`${-Number(result.lost)} messages too many`);
  if ((result.stalled ?? 0) + (result.pub_stalled ?? 0) > 0) {
    problems.push('it stood still for seconds');
  }
  if (!isComplete) problems.push('the result is incomplete');
  const isExplained = problems.length > 0 || faultsOf(result, () => true).length > 0;
  if (!isExplained && result.ok !== true) problems.push('it failed its check');
  return problems;
}

function faultsOf(result: Result, isWanted: (key: string) => boolean): string[] {
  return counters
    .filter(([key]) => isWanted(key) && Number(result[key] ?? 0) > 0)
    .map(([key, words]) => `${result[key]} ${words}`);
}
