import type { CaseResult, Outcome } from './runner.ts';
import { readStatements, type Statement } from './statements.ts';

/** What came of a statement over all cases that name it. */
export interface StatementResult {
  readonly statement: Statement;
  readonly outcome: Outcome;
  /** Why it failed, was not run, or cannot be seen. */
  readonly messages: readonly string[];
  /** Cases that name it, with the version: `pingreq-is-answered (5.0)`. */
  readonly cases: readonly string[];
}

/** A whole run. */
export interface Report {
  readonly cases: readonly CaseResult[];
  readonly statements: readonly StatementResult[];
}

const versionNames = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const;

/** `pingreq-is-answered (5.0)`. */
export function titleOf({ name, version }: CaseResult): string {
  return `${name} (${versionNames[version]})`;
}

/** Sums up results by statement, for the standards of the versions that were run. */
export function toReport(cases: readonly CaseResult[]): Report {
  const standards = (['5.0', '3.1.1'] as const).filter((standard) =>
    cases.some(({ version }) => versionNames[version] === standard),
  );
  const statements = standards.flatMap((standard) => {
    const ofStandard = cases.filter(({ version }) => versionNames[version] === standard);
    return readStatements(standard).map((statement) => sumUp(statement, ofStandard));
  });
  return { cases, statements };
}

/** How many have each outcome. */
export function count(
  results: readonly { readonly outcome: Outcome }[],
): Readonly<Record<Outcome, number>> {
  const counts = { passed: 0, failed: 0, 'not observable': 0, 'not run': 0 };
  for (const { outcome } of results) counts[outcome]++;
  return counts;
}

function sumUp(statement: Statement, all: readonly CaseResult[]): StatementResult {
  const about = all.filter(({ statements }) => statements.has(statement.id));
  const outcomes = about.map(({ statements }) => statements.get(statement.id) as Outcome);
  const outcome = worst(statement, outcomes);
  const messages = about.flatMap((one) =>
    one.statements.get(statement.id) === outcome && one.message !== undefined
      ? [`${titleOf(one)}: ${one.message}`]
      : [],
  );
  const reason = outcomes.length === 0 && statement.reason !== undefined ? [statement.reason] : [];
  return { statement, outcome, messages: [...reason, ...messages], cases: about.map(titleOf) };
}

/** One failure counts more than all that passed; what passed somewhere was seen. */
function worst({ status }: Statement, outcomes: readonly Outcome[]): Outcome {
  if (outcomes.length === 0) return status === 'excused' ? 'not observable' : 'not run';
  const order: readonly Outcome[] = ['failed', 'passed', 'not observable', 'not run'];
  return order.find((one) => outcomes.includes(one)) as Outcome;
}
