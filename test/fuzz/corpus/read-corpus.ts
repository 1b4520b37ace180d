import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

function pathOf(name: string): string {
  return fileURLToPath(new URL(`./${name}.txt`, import.meta.url));
}

/** The inputs that are kept for a target, a line each; lines that begin with # are for people. */
export function readCorpus(name: string): string[] {
  const path = pathOf(name);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

export function writeCorpus(name: string, lines: readonly string[]): void {
  const head =
    '# The shortest inputs that reach what fuzzing has reached: npm run fuzz -- --save\n';
  writeFileSync(pathOf(name), `${head}${lines.toSorted().join('\n')}\n`);
}
