import { type FigureRow, figureBrokers } from './figure-summary.ts';
import { formatMicros, formatNumber, formatRatio, markdownTable } from './format.ts';
import type { Machine } from './machine.ts';
import type { Cell, SummaryRow } from './summary.ts';

/** What a set of figures is worth nothing without. */
export interface Provenance {
  readonly date: string;
  readonly command: string;
  readonly runs: number;
  readonly machine: Machine;
  /** Name and version. */
  readonly brokers: readonly (readonly [name: string, version: string])[];
  /** Lines on what was raised, skipped or pinned. */
  readonly notes: readonly string[];
}

const headings = [
  ['pipelined', 'Pipelined: many messages share one read and one write'],
  ['one at a time', 'One message at a time: each has a read and a write of its own'],
  ['scale', 'Scale: many sessions, subscriptions and messages at rest'],
  ['durable', 'Durable: on disk before it is acknowledged'],
] as const;

/** The report as it stands in the documentation: first where the figures come from, then the tables. */
export function markdownReport(
  rows: readonly SummaryRow[],
  figures: readonly FigureRow[],
  provenance: Provenance,
): string {
  const parts = [provenanceList(provenance)];
  for (const [regime, heading] of headings) {
    const some = rows.filter((row) => row.regime === regime);
    if (some.length > 0) parts.push(`### ${heading}`, ...regimeTables(some));
  }
  const withMemory = rows.filter((row) => row.memoryUnit !== undefined);
  if (withMemory.length > 0) parts.push('### Memory', memoryTable(withMemory));
  if (figures.length > 0) parts.push('### Further figures', figureTable(figures));
  return `${parts.join('\n\n')}\n`;
}

function figureTable(rows: readonly FigureRow[]): string {
  const names = figureBrokers(rows);
  return markdownTable(
    ['', ...names],
    rows.map(({ scenario, title, unit, values }) => [
      `\`${scenario}\` ${title}, ${unit}`,
      ...names.map((name) => formatNumber(values.get(name))),
    ]),
  );
}

function provenanceList({ date, command, runs, machine, brokers, notes }: Provenance): string {
  const versions = brokers.map(([name, version]) => `${name} ${version}`).join(', ');
  return [
    `- Date: ${date}; medians of ${runs} ${runs === 1 ? 'run' : 'runs'}, ratios within a run.`,
    `- Command: \`${command}\``,
    `- Machine: ${machine.processor}, ${machine.processors} processors, ${machine.memoryGigabytes} GB, Linux ${machine.kernel}, Node ${machine.node}`,
    `- Brokers: ${versions}`,
    ...notes.map((note) => `- ${note}`),
  ].join('\n');
}

function regimeTables(rows: readonly SummaryRow[]): string[] {
  const names = columnNames(rows);
  const withLatency = rows.filter((row) => row.cells.some((cell) => cell.p50Micros !== undefined));
  return [
    `Broker processor time, in µs for each unit; less is better.\n\n${ratioTable(
      rows,
      names,
      (cell) => formatNumber(cell.cpuMicros),
      (cell) => cell.cpuRatios,
    )}`,
    `Units a second.\n\n${ratioTable(
      rows,
      names,
      (cell) => formatNumber(cell.perSecond),
      // How fast it acknowledges is what a broker on disk is asked for; elsewhere the generator may be the limit.
      (cell) => (rows[0]?.regime === 'durable' ? cell.rateRatios : {}),
    )}`,
    ...(withLatency.length === 0
      ? []
      : [`Latency, p50 / p99.\n\n${ratioTable(withLatency, names, latency, () => ({}))}`]),
  ];
}

function latency({ p50Micros, p99Micros }: Cell): string {
  return p50Micros === undefined ? '-' : `${formatMicros(p50Micros)} / ${formatMicros(p99Micros)}`;
}

function memoryTable(rows: readonly SummaryRow[]): string {
  const table = ratioTable(
    rows,
    columnNames(rows),
    (cell) => formatNumber(cell.memoryBytesPerUnit),
    (cell) => cell.memoryRatios,
    (row) => `\`${row.scenario}\`, per ${row.memoryUnit}`,
  );
  return `Growth of the resident memory, in bytes for each.\n\n${table}`;
}

/** A column for each broker, and one for each broker that is compared with a peer. */
function ratioTable(
  rows: readonly SummaryRow[],
  names: readonly string[],
  text: (cell: Cell) => string,
  ratiosOf: (cell: Cell) => Readonly<Record<string, number>>,
  nameOf: (row: SummaryRow) => string = rowName,
): string {
  const pairs = new Map<string, readonly [name: string, peer: string]>();
  for (const cell of rows.flatMap((row) => row.cells)) {
    for (const peer of Object.keys(ratiosOf(cell))) {
      pairs.set(`${cell.broker} / ${peer}`, [cell.broker, peer]);
    }
  }
  return markdownTable(
    ['', ...names, ...pairs.keys()],
    rows.map((row) => [
      nameOf(row),
      ...names.map((name) => cellText(row, name, text)),
      ...[...pairs.values()].map(([name, peer]) =>
        cellText(row, name, (cell) => formatRatio(ratiosOf(cell)[peer])),
      ),
    ]),
  );
}

function columnNames(rows: readonly SummaryRow[]): string[] {
  return [...new Set(rows.flatMap((row) => row.cells.map((cell) => cell.broker)))];
}

function rowName(row: SummaryRow): string {
  return `\`${row.scenario}\` ${row.title}: ${row.phase}`;
}

function cellText(row: SummaryRow, broker: string, text: (cell: Cell) => string): string {
  const cell = row.cells.find((one) => one.broker === broker);
  if (cell === undefined) return '-';
  if (cell.validRuns === 0) return 'INVALID';
  const invalid = cell.runs - cell.validRuns;
  return invalid === 0 ? text(cell) : `${text(cell)} (${invalid} of ${cell.runs} INVALID)`;
}
