import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { BenchError } from '../bench-error.ts';
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
  let parsed: { readonly values: { readonly out?: string }; readonly positionals: string[] };
  try {
    parsed = parseArgs({
      args: [...words],
      options: { out: { type: 'string' } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new BenchError((error as Error).message);
  }
  const [report, ...others] = parsed.positionals;
  if (report === undefined || others.length > 0) throw new BenchError(`Usage: ${usage}`);
  return { report, out: parsed.values.out ?? 'docs/plots' };
}
