import { type FigureRow, figureBrokers } from './figure-summary.ts';
import { columns, formatMicros, formatNumber, formatRatio } from './format.ts';
import type { Cell, SummaryRow } from './summary.ts';

/** The table for the terminal: a line for each broker in each phase of each scenario. */
export function textReport(rows: readonly SummaryRow[]): string {
  const peers = [...new Set(rows.flatMap((row) => row.cells.flatMap(peersOf)))];
  // How fast it acknowledges is what a broker on disk is asked for: its rate is compared as well.
  const rated = rows.some((row) => row.regime === 'durable') ? peers : [];
  const head = ['', 'per s', 'CPU µs', 'p50', 'p99', 'lost', 'memory', 'generator'];
  const compared = [
    ...peers.map((peer) => `CPU / ${peer}`),
    ...rated.map((peer) => `rate / ${peer}`),
  ];
  const body = rows.flatMap((row) => [
    [`${row.scenario}: ${row.title} (${row.regime}), ${row.phase}, per ${row.unit}`],
    ...row.cells.map((cell) => line(cell, peers, rated)),
  ]);
  return sections([[...head, ...compared], ...body]);
}

/** The table of further figures, a column for each broker; empty when there are none. */
export function figureReport(rows: readonly FigureRow[]): string {
  if (rows.length === 0) return '';
  const names = figureBrokers(rows);
  return columns([
    ['', ...names],
    ...rows.map(({ scenario, title, unit, values }) => [
      `${scenario}: ${title}, ${unit}`,
      ...names.map((name) => formatNumber(values.get(name))),
    ]),
  ]);
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

function line(cell: Cell, peers: readonly string[], rated: readonly string[]): string[] {
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
    ...rated.map((peer) => formatRatio(cell.rateRatios[peer])),
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
