import { columns, formatMicros, formatNumber, formatRatio } from './format.ts';
import type { Cell, SummaryRow } from './summary.ts';

/** The table for the terminal: a line for each broker in each phase of each scenario. */
export function textReport(rows: readonly SummaryRow[]): string {
  const peers = [...new Set(rows.flatMap((row) => row.cells.flatMap(peersOf)))];
  const head = ['', 'per s', 'CPU µs', 'p50', 'p99', 'lost', 'memory', 'generator'];
  const compared = peers.map((peer) => `/ ${peer}`);
  const body = rows.flatMap((row) => [
    [`${row.scenario}: ${row.title} (${row.regime}), ${row.phase}, per ${row.unit}`],
    ...row.cells.map((cell) => line(cell, peers)),
  ]);
  return sections([[...head, ...compared], ...body]);
}

/** What was wrong with the runs that do not count, a line each. */
export function invalidRuns(rows: readonly SummaryRow[]): string[] {
  const lines = rows.flatMap((row) =>
    row.cells
      .filter((cell) => cell.validRuns < cell.runs)
      .map(
        (cell) =>
          `INVALID: ${row.scenario} on ${cell.broker}, ${cell.runs - cell.validRuns} of ${cell.runs} runs: ${cell.problems.join('; ')}`,
      ),
  );
  return [...new Set(lines)];
}

function line(cell: Cell, peers: readonly string[]): string[] {
  const name = `  ${cell.broker}${cell.validRuns < cell.runs ? ' (INVALID)' : ''}`;
  const { generatorPercent, memoryBytesPerUnit } = cell;
  return [
    name,
    formatNumber(cell.perSecond),
    formatNumber(cell.cpuMicros),
    formatMicros(cell.p50Micros),
    formatMicros(cell.p99Micros),
    String(cell.lost),
    memoryBytesPerUnit === undefined ? '-' : `${formatNumber(memoryBytesPerUnit)} B`,
    generatorPercent === undefined ? '-' : `${Math.round(generatorPercent)} %`,
    ...peers.map((peer) => formatRatio(cell.cpuRatios[peer])),
  ];
}

function peersOf(cell: Cell): string[] {
  return Object.keys(cell.cpuRatios);
}

/** Lines of one cell are headings: they take no part in the widths of the columns. */
function sections(rows: readonly (readonly string[])[]): string {
  const lines = columns(rows.filter((row) => row.length > 1)).split('\n');
  return rows.map((row) => (row.length > 1 ? lines.shift() : `\n${row[0]}`)).join('\n');
}
