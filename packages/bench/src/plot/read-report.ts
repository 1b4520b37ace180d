import { readFileSync } from 'node:fs';
import { BenchError } from '../bench-error.ts';
import type { SummaryRow } from '../summary.ts';

/** Reads the rows of a report that `--out` wrote; throws a BenchError where the file is none. */
export function readReport(file: string): readonly SummaryRow[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new BenchError(`The report ${file} cannot be read (${(error as Error).message}).`);
  }
  return parseReport(file, text);
}

/** As `readReport`, of the text of a file. */
export function parseReport(file: string, text: string): readonly SummaryRow[] {
  let report: { readonly rows?: unknown } | null;
  try {
    report = JSON.parse(text);
  } catch (error) {
    throw new BenchError(`The report ${file} is not JSON (${(error as Error).message}).`);
  }
  const rows = report?.rows;
  if (!Array.isArray(rows) || !rows.every(isRow)) {
    throw new BenchError(`${file} is no report of npm run bench -- --out FILE.`);
  }
  return rows;
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
