import { count, type Report, type StatementResult, titleOf } from './report.ts';
import type { Outcome } from './runner.ts';

/** Forms in which a report can be printed. */
export const reportFormats: Readonly<Record<'text' | 'json' | 'html', (report: Report) => string>> =
  {
    text: toText,
    json: toJson,
    html: toHtml,
  };

function toText({ cases, statements }: Report): string {
  const lines: string[] = [];
  for (const result of cases) {
    if (result.outcome === 'passed') continue;
    lines.push(`${result.outcome}: ${titleOf(result)}: ${result.message ?? ''}`);
    const { transcript = [] } = result;
    lines.push(...transcript.map((line) => `    ${line}`));
  }
  const failed = statements.filter(({ outcome }) => outcome === 'failed');
  if (failed.length > 0) lines.push('', 'Statements that failed:');
  lines.push(
    ...failed.map(
      ({ statement }) => `  ${statement.standard} [${statement.id}] ${statement.statement}`,
    ),
  );
  lines.push('', `cases:      ${sums(cases)}`, `statements: ${sums(statements)}`, '');
  return lines.join('\n');
}

function toJson({ cases, statements }: Report): string {
  const plain = {
    cases: cases.map((one) => ({ ...one, statements: Object.fromEntries(one.statements) })),
    statements: statements.map(({ statement, outcome, messages, cases: names }) => ({
      ...statement,
      outcome,
      messages,
      cases: names,
    })),
  };
  return `${JSON.stringify(plain, undefined, 2)}\n`;
}

const style = `
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; }
table { border-collapse: collapse; }
td, th { border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left; vertical-align: top; }
.passed { color: #176b2c; } .failed { color: #b00020; font-weight: 600; }
.not-observable, .not-run { color: #666; }
pre { font-size: 12px; white-space: pre-wrap; }`;

function toHtml(report: Report): string {
  const rows = report.statements.map(statementRow).join('\n');
  const failures = report.cases
    .filter(({ outcome }) => outcome === 'failed')
    .map(
      (one) =>
        `<h3>${escapeHtml(titleOf(one))}</h3><p>${escapeHtml(one.message ?? '')}</p><pre>${escapeHtml((one.transcript ?? []).join('\n'))}</pre>`,
    )
    .join('\n');
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>MQTT conformance</title><style>${style}</style>
<h1>MQTT conformance</h1>
<p>Cases: ${sums(report.cases)}.<br>Statements: ${sums(report.statements)}.</p>
<h2>Failed cases</h2>
${failures || '<p>None.</p>'}
<h2>Statements</h2>
<table><tr><th>Standard<th>Id<th>Statement<th>Outcome<th>Cases
${rows}
</table></html>
`;
}

function statementRow({ statement, outcome, messages, cases }: StatementResult): string {
  const { standard, id, statement: text } = statement;
  const detail = messages.length > 0 ? messages : cases;
  return `<tr><td>${standard}<td>${id}<td>${escapeHtml(text)}<td class="${outcome.replace(' ', '-')}">${outcome}<td>${detail.map(escapeHtml).join('<br>')}`;
}

function sums(results: readonly { readonly outcome: Outcome }[]): string {
  return Object.entries(count(results))
    .map(([outcome, total]) => `${total} ${outcome}`)
    .join(', ');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
