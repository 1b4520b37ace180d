import type { Measurement, PhaseFigures } from './measurement.ts';
import type { MemoryFigure, Phase, Scenario } from './scenario.ts';

/** The medians of one broker in one phase of one scenario, over its valid runs. */
export interface Cell {
  readonly broker: string;
  readonly runs: number;
  readonly validRuns: number;
  readonly problems: readonly string[];
  readonly lost: number;
  readonly perSecond?: number;
  readonly cpuMicros?: number;
  readonly p50Micros?: number;
  readonly p99Micros?: number;
  readonly memoryBytesPerUnit?: number;
  /** Of the load generator: near 100 it was the limit, and `perSecond` says little about the broker. */
  readonly generatorPercent?: number;
  /** Its figure divided by the peer's in the same repetition, the median of these, by peer. */
  readonly cpuRatios: Readonly<Record<string, number>>;
  readonly rateRatios: Readonly<Record<string, number>>;
  readonly memoryRatios: Readonly<Record<string, number>>;
}

/** One phase of one scenario, all brokers. */
export interface SummaryRow {
  readonly scenario: string;
  readonly title: string;
  readonly regime: Scenario['regime'];
  readonly phase: string;
  readonly unit: string;
  /** Set where the memory belongs to this phase, with what it is counted for. */
  readonly memoryUnit?: string;
  readonly cells: readonly Cell[];
}

/** The middle value, the lower of two; `undefined` for none. */
export function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1];
}

/** One row for each phase of each scenario that ran, a cell for each broker that ran it. */
export function summarize(
  scenarios: readonly Scenario[],
  peersOf: ReadonlyMap<string, readonly string[]>,
  measurements: readonly Measurement[],
): SummaryRow[] {
  return scenarios.flatMap((scenario) => {
    const runs = measurements.filter((one) => one.scenario === scenario.name);
    if (runs.length === 0) return [];
    const brokers = [...new Set(runs.map((one) => one.broker))];
    return scenario.phases.map((phase, index) => {
      // What a phase builds up is measured at its end: the memory belongs to the first.
      const memory = index === 0 ? scenario.memory : undefined;
      return {
        scenario: scenario.name,
        title: scenario.title,
        regime: scenario.regime,
        phase: phase.title,
        unit: phase.unit,
        ...(memory === undefined ? {} : { memoryUnit: memory.unit }),
        cells: brokers.map((broker) =>
          cellOf(broker, peersOf.get(broker) ?? [], phase, memory, runs),
        ),
      };
    });
  });
}

function cellOf(
  broker: string,
  peers: readonly string[],
  phase: Phase,
  memory: MemoryFigure | undefined,
  runs: readonly Measurement[],
): Cell {
  const own = runs.filter((one) => one.broker === broker);
  const valid = own.filter(isValid);
  const figures = valid.flatMap((one) => one.phases.filter(({ title }) => title === phase.title));
  const rateOf = (one: Measurement) => figuresOf(one, phase)?.perSecond;
  const cpuOf = (one: Measurement) => figuresOf(one, phase)?.cpuMicros;
  const memoryOf = (one: Measurement) => (memory ? one.memoryBytesPerUnit : undefined);
  const cell: { -readonly [Key in keyof Cell]: Cell[Key] | undefined } = {
    broker,
    runs: own.length,
    validRuns: valid.length,
    problems: [...new Set(own.flatMap((one) => one.problems))],
    lost: Math.max(0, ...own.map((one) => one.lost)),
    perSecond: median(figures.map((one) => one.perSecond)),
    cpuMicros: median(figures.map((one) => one.cpuMicros)),
    p50Micros: median(figures.map((one) => one.p50Micros)),
    p99Micros: median(figures.map((one) => one.p99Micros)),
    generatorPercent: median(figures.map((one) => one.generatorPercent)),
    memoryBytesPerUnit: median(valid.map(memoryOf)),
    cpuRatios: ratios(valid, peers, runs, cpuOf),
    rateRatios: ratios(valid, peers, runs, rateOf),
    memoryRatios: ratios(valid, peers, runs, memoryOf),
  };
  return Object.fromEntries(
    Object.entries(cell).filter(([, value]) => value !== undefined),
  ) as never;
}

/**
 * Divides within a repetition, where both brokers met the same machine, and takes the median then: what
 * drifts from one repetition to the next cancels out.
 */
function ratios(
  own: readonly Measurement[],
  peers: readonly string[],
  runs: readonly Measurement[],
  figureOf: (one: Measurement) => number | undefined,
): Record<string, number> {
  const entries = peers.flatMap((peer): [string, number][] => {
    const ratio = median(
      own.map((one) => {
        const other = runs.find(
          (run) => run.broker === peer && run.repetition === one.repetition && isValid(run),
        );
        const mine = figureOf(one);
        const theirs = other && figureOf(other);
        return mine !== undefined && theirs !== undefined && theirs > 0 ? mine / theirs : undefined;
      }),
    );
    return ratio === undefined ? [] : [[peer, ratio]];
  });
  return Object.fromEntries(entries);
}

function isValid(one: Measurement): boolean {
  return one.problems.length === 0;
}

function figuresOf(one: Measurement, phase: Phase): PhaseFigures | undefined {
  return one.phases.find(({ title }) => title === phase.title);
}
