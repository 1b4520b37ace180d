import { readFileSync } from 'node:fs';
import { BenchError } from './bench-error.ts';
import type { Measurement } from './measurement.ts';
import type { SummaryRow } from './summary.ts';

/** What a report holds besides where it comes from. */
export interface Report {
  readonly rows: readonly SummaryRow[];
  /** Each run by itself. */
  readonly measurements: readonly Measurement[];
}

/** Reads a report that `--out` wrote; throws a BenchError where the file is none. */
export function readReport(file: string): Report {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new BenchError(`The report ${file} cannot be read (${(error as Error).message}).`);
  }
  return parseReport(file, text);
}

/** As `readReport`, of the text of a file. */
export function parseReport(file: string, text: string): Report {
  let report: { readonly rows?: unknown; readonly measurements?: unknown } | null;
  try {
    report = JSON.parse(text);
  } catch (error) {
    throw new BenchError(`The report ${file} is not JSON (${(error as Error).message}).`);
  }
  const { rows, measurements = [] } = report ?? {};
  if (!Array.isArray(rows) || !rows.every(isRow) || !Array.isArray(measurements)) {
    throw new BenchError(`${file} is no report of npm run bench -- --out FILE.`);
  }
  return { rows, measurements };
}

function isRow(row: unknown): row is SummaryRow {
  if (typeof row !== 'object' || row === null) return false;
  const { scenario, regime, phase, unit, cells } = row as Partial<Record<string, unknown>>;
  return (
    [scenario, regime, phase, unit].every((text) => typeof text === 'string') &&
    Array.isArray(cells) &&
    cells.every((cell) => typeof cell?.broker === 'string')
  );
}
