import { parseArgs } from 'node:util';
import { BenchError } from './bench-error.ts';

/** Reads `NAME --out DIRECTORY`; `docs/plots` where no directory is given. */
export function parseNameAndOut(
  words: readonly string[],
  usage: string,
): { readonly name: string; readonly out: string } {
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
  const [name, ...others] = parsed.positionals;
  if (name === undefined || others.length > 0) throw new BenchError(`Usage: ${usage}`);
  return { name, out: parsed.values.out ?? 'docs/plots' };
}
