import { formatNumber, formatRatio, markdownTable } from '../format.ts';
import type { Report } from '../read-report.ts';
import { type Cell, median } from '../summary.ts';
import type { Goal } from './goals.ts';

/** How a measured figure stands to its goal. */
export type Verdict = 'reached' | 'missed' | 'below the floor' | 'not measured';

/** A goal beside what was measured. */
export interface GoalResult {
  readonly goal: Goal;
  readonly measured: number | undefined;
  readonly verdict: Verdict;
}

/** Looks each goal up. Of several reports the last one counts that measured its scenario with both brokers. */
export function resultsOf(goals: readonly Goal[], reports: readonly Report[]): GoalResult[] {
  return goals.map((goal) => {
    const found = reports.map((report) => figureOf(goal, report));
    const measured = found.findLast((value) => value !== undefined);
    return { goal, measured, verdict: verdictOf(goal, measured) };
  });
}

/** The results as a table of Markdown. */
export function goalTable(results: readonly GoalResult[]): string {
  return markdownTable(
    ['', 'figure', 'measured', 'goal', 'not below', ''],
    results.map(({ goal, measured, verdict }) => [
      `\`${goal.scenario}\` ${goal.what}`,
      figureName(goal),
      text(goal, measured),
      `${goal.figure === 'rate' ? '≥' : '≤'} ${text(goal, goal.goal)}`,
      goal.floor === undefined ? '' : text(goal, goal.floor),
      verdict,
    ]),
  );
}

function figureOf(goal: Goal, { rows, measurements }: Report): number | undefined {
  const row = rows.find(
    ({ scenario, phase }) => scenario === goal.scenario && phase === goal.phase,
  );
  const cell = row?.cells.find(({ broker }) => broker === goal.broker);
  if (cell === undefined || cell.validRuns === 0) return undefined;
  const { figure, peer } = goal;
  if (typeof figure === 'object') {
    const own = measurements.filter(
      ({ scenario, broker, problems }) =>
        scenario === goal.scenario && broker === goal.broker && problems.length === 0,
    );
    return median(own.map(({ figures }) => figures?.[figure.key]));
  }
  if (peer === undefined) return plainFigure(figure, cell);
  if (figure === 'cpu') return cell.cpuRatios[peer];
  if (figure === 'rate') return cell.rateRatios[peer];
  if (figure === 'memory') return cell.memoryRatios[peer];
  const other = row?.cells.find(({ broker }) => broker === peer);
  const [mine, theirs] = [plainFigure(figure, cell), other && plainFigure(figure, other)];
  return mine === undefined || theirs === undefined ? undefined : mine / theirs;
}

function plainFigure(figure: Exclude<Goal['figure'], object>, cell: Cell): number | undefined {
  switch (figure) {
    case 'cpu':
      return cell.cpuMicros;
    case 'memory':
      return cell.memoryBytesPerUnit;
    case 'p50':
      return cell.p50Micros;
    case 'p99':
      return cell.p99Micros;
    case 'rate':
      return cell.perSecond;
  }
}

function verdictOf({ figure, goal, floor }: Goal, measured: number | undefined): Verdict {
  if (measured === undefined) return 'not measured';
  const isWorse = (bar: number) => (figure === 'rate' ? measured < bar : measured > bar);
  if (!isWorse(goal)) return 'reached';
  return floor !== undefined && isWorse(floor) ? 'below the floor' : 'missed';
}

function figureName({ figure, peer, phase, unit }: Goal): string {
  const name = typeof figure === 'object' ? figure.key.replaceAll('_', ' ') : figure;
  return peer === undefined ? `${phase}, ${name} (${unit})` : `${phase}, ${name} / ${peer}`;
}

function text({ peer, figure }: Goal, value: number | undefined): string {
  return peer === undefined || figure === 'rate' ? formatNumber(value) : formatRatio(value);
}
