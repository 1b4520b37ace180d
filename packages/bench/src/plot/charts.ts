import { formatNumber } from '../format.ts';
import type { Cell, SummaryRow } from '../summary.ts';
import type { Chart, Group } from './chart.ts';

/** One of the figures that are drawn. */
interface Kind {
  readonly name: string;
  readonly title: string;
  readonly axis: string;
  readonly suffix: string;
  valueOf(cell: Cell): number | undefined;
}

const throughput: Kind = {
  name: 'throughput',
  title: 'Throughput',
  axis: ' a second (logarithmic), more is better',
  suffix: '',
  valueOf: (cell) => cell.perSecond,
};
const cpu: Kind = {
  name: 'cpu',
  title: 'Processor time of the broker',
  axis: 'µs for each message, connection or subscription (logarithmic), less is better',
  suffix: ' µs',
  valueOf: (cell) => cell.cpuMicros,
};
const memory: Kind = {
  name: 'memory',
  title: 'Growth of resident memory',
  axis: 'bytes for each connection, subscription or message (logarithmic), less is better',
  suffix: ' B',
  valueOf: (cell) => cell.memoryBytesPerUnit,
};

/**
 * The charts of a report: throughput and processor time of each regime, since figures of two regimes
 * must not stand in one picture, and memory. Brokers without a valid run have no mark.
 */
export function chartsOf(rows: readonly SummaryRow[]): Chart[] {
  const regimes = [...new Set(rows.map(({ regime }) => regime))];
  return [
    ...regimes.flatMap((regime) => {
      const some = rows.filter((row) => row.regime === regime);
      const [prefix, suffix] = [`${regime.replaceAll(' ', '-')}-`, `, ${regime}`];
      return [chart(throughput, some, prefix, suffix), chart(cpu, some, prefix, suffix)];
    }),
    chart(
      memory,
      rows.filter(({ memoryUnit }) => memoryUnit !== undefined),
    ),
  ].filter(({ groups }) => groups.length > 0);
}

function chart(kind: Kind, rows: readonly SummaryRow[], prefix = '', suffix = ''): Chart {
  return {
    name: `${prefix}${kind.name}`,
    title: `${kind.title}${suffix}`,
    axis: kind === throughput ? `${unitsOf(rows)}${kind.axis}` : kind.axis,
    groups: rows.flatMap((row): Group[] => {
      const marks = row.cells.flatMap((cell) => {
        const value = cell.validRuns > 0 ? kind.valueOf(cell) : undefined;
        if (value === undefined || !(value > 0)) return [];
        return [{ broker: cell.broker, value, text: `${formatNumber(value)}${kind.suffix}` }];
      });
      return marks.length === 0 ? [] : [{ label: labelOf(row, rows), marks }];
    }),
  };
}

function unitsOf(rows: readonly SummaryRow[]): string {
  const names = [...new Set(rows.map(({ unit }) => unit))];
  return names.map((name) => `${name}s`).join(', ');
}

/** The scenario; its phase as well where it has several. */
function labelOf(row: SummaryRow, rows: readonly SummaryRow[]): string {
  const isOne = rows.filter(({ scenario }) => scenario === row.scenario).length === 1;
  return isOne ? row.scenario : `${row.scenario} ${row.phase.split(' ').at(-1)}`;
}
