import { invalidRuns } from '../report.ts';
import type { SummaryRow } from '../summary.ts';
import { type Change, changeLine, compare, confirmed } from './compare.ts';
import { expectedKeys, type Ratios, ratiosOf, scenarioOf, watched } from './ratios.ts';

/** Measures some scenarios, by name, and returns their summary. */
export type Measure = (scenarios: readonly string[]) => Promise<readonly SummaryRow[]>;

/** What a check found. */
export interface Verdict {
  readonly worse: readonly Change[];
  readonly better: readonly Change[];
  /** What could not be judged, and why; a check with any has failed. */
  readonly problems: readonly string[];
}

/**
 * Compares scenarios with a baseline. What looks worse is measured once more before it is named, since
 * on a shared machine one bad minute makes a suspect of everybody.
 */
export async function check(
  scenarios: readonly string[],
  baseline: Ratios,
  measure: Measure,
): Promise<Verdict> {
  const first = judged(await measure(scenarios), baseline);
  const { worse, better } = first;
  if (worse.length === 0) return { worse, better, problems: first.problems };
  const again = [...new Set(worse.map(({ key }) => scenarioOf(key)))];
  const second = judged(await measure(again), baseline);
  return {
    worse: confirmed(worse, second),
    better,
    problems: [...new Set([...first.problems, ...second.problems])],
  };
}

/** The ratios of a summary, and why some that it ought to have are missing. */
export function measuredRatios(rows: readonly SummaryRow[]): {
  readonly ratios: Map<string, number>;
  readonly problems: readonly string[];
} {
  const ratios = ratiosOf(rows);
  const missing = expectedKeys(rows).filter((key) => !ratios.has(key));
  return {
    ratios,
    problems: [
      ...invalidRuns(rows),
      ...missing.map(
        (key) => `${key}: no run with a figure of ${watched.broker} and ${watched.peer}`,
      ),
    ],
  };
}

/** The lines that tell people about a verdict. */
export function verdictLines({ worse, better, problems }: Verdict): string[] {
  const lines = [
    ...problems,
    ...worse.map((change) => `WORSE ${changeLine(change)}`),
    ...better.map((change) => `better ${changeLine(change)}`),
  ];
  if (worse.length + problems.length === 0) lines.push('Nothing became worse by more than 15 %.');
  return lines;
}

function judged(rows: readonly SummaryRow[], baseline: Ratios) {
  const { ratios, problems } = measuredRatios(rows);
  const { unknown, ...changes } = compare(baseline, ratios);
  const hint = (key: string) =>
    `${key}: not in the baseline; npm run bench:check -- --update --scenario ${scenarioOf(key)} adds it`;
  return { ...changes, unknown, problems: [...problems, ...unknown.map(hint)] };
}
