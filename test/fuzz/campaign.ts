import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a run of the command came to. */
export interface CommandRun {
  readonly code: number;
  readonly output: string;
}

/** What the last line about a target says. */
export interface Summary {
  readonly inputs: number;
  /** Everything but the time that it took. */
  readonly reached: string;
  readonly points: number;
}

/** `npm run fuzz` without npm: the sources need their counters before anything loads them. */
export function runFuzz(...options: readonly string[]): Promise<CommandRun> {
  const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as {
    scripts: { fuzz: string };
  };
  const [, ...words] = scripts.fuzz.split(' ');
  return new Promise((resolve) => {
    const maxBuffer = 16 * 1024 * 1024;
    execFile(
      process.execPath,
      [...words, ...options],
      { cwd: root, maxBuffer },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code ?? 1);
        resolve({ code, output: `${stdout}${stderr}` });
      },
    );
  });
}

/** How far a target came. */
export function summaryOf({ output }: CommandRun, target: string): Summary {
  const form = new RegExp(`^${target}: (\\d+) inputs in .*?, ((\\d+) of \\d+ places.*)$`, 'gm');
  const [, inputs, reached = '', points] = [...output.matchAll(form)].at(-1) ?? [];
  return { inputs: Number(inputs), reached, points: Number(points) };
}
