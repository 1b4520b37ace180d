import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../bench-error.ts';
import type { Ratios } from './ratios.ts';

/** Where the baseline lies that releases are compared with. */
export const baselineFile: string = fileURLToPath(new URL('../../baseline.json', import.meta.url));

/** The layout of the file. */
const version = 1;
const updateHint = 'npm run bench:check -- --update makes a new one';

/** Ratios to compare with, and where they come from. */
export interface Baseline {
  readonly date: string;
  readonly processor: string;
  readonly node: string;
  readonly ratios: Ratios;
}

/** Reads a baseline; throws a BenchError where it is missing, or is not one. */
export function readBaseline(file: string): Baseline {
  const baseline = readBaselineIfAny(file);
  if (baseline !== undefined) return baseline;
  throw new BenchError(`There is no baseline at ${file}: ${updateHint}.`);
}

/** As `readBaseline`, but `undefined` where there is none. */
export function readBaselineIfAny(file: string): Baseline | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new BenchError(`The baseline ${file} cannot be read (${(error as Error).message}).`);
  }
  return parseBaseline(file, text);
}

/** Writes a baseline, its ratios sorted by key, so that two of them are easy to compare. */
export function writeBaseline(file: string, baseline: Baseline): void {
  const sorted = [...baseline.ratios].sort(([a], [b]) => (a < b ? -1 : 1));
  const ratios = Object.fromEntries(
    sorted.map(([key, ratio]) => [key, Number(ratio.toPrecision(4))]),
  );
  writeFileSync(file, `${JSON.stringify({ version, ...baseline, ratios }, null, 2)}\n`);
}

function parseBaseline(file: string, text: string): Baseline {
  const broken = (reason: string) =>
    new BenchError(`The baseline ${file} is broken: ${reason}; ${updateHint}.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw broken((error as Error).message);
  }
  if (!isRecord(value)) throw broken('it is no object');
  const { version: found, date, processor, node, ratios } = value;
  if (found !== version) throw broken(`its version is ${JSON.stringify(found)}, not ${version}`);
  if (!isRecord(ratios)) throw broken('it has no "ratios"');
  const map = new Map<string, number>();
  for (const [key, ratio] of Object.entries(ratios)) {
    if (typeof ratio !== 'number' || !(ratio > 0)) {
      throw broken(`the ratio "${key}" is no number above 0`);
    }
    map.set(key, ratio);
  }
  if (map.size === 0) throw broken('it has no ratios');
  return { date: String(date), processor: String(processor), node: String(node), ratios: map };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
