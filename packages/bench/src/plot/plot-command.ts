import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BenchError } from '../bench-error.ts';
import { parseNameAndOut } from '../name-and-out.ts';
import { readReport } from '../read-report.ts';
import { chartsOf } from './charts.ts';
import { drawChart } from './draw.ts';

const usage = 'npm run bench -- plot REPORT.json --out DIRECTORY';

/** Draws the figures of a report into a directory, and prints the names of the files. */
export function plotCommand(words: readonly string[]): number {
  const { report, out } = parsePlotOptions(words);
  const charts = chartsOf(readReport(report).rows);
  if (charts.length === 0) throw new BenchError(`The report ${report} has no valid run to draw.`);
  mkdirSync(out, { recursive: true });
  for (const chart of charts) {
    const file = path.join(out, `${chart.name}.svg`);
    writeFileSync(file, drawChart(chart));
    console.log(file);
  }
  return 0;
}

/** Reads what to draw, and where to. */
export function parsePlotOptions(words: readonly string[]): {
  readonly report: string;
  readonly out: string;
} {
  const { name: report, out } = parseNameAndOut(words, usage);
  return { report, out };
}
