import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/** Compiles the packages, for the processes that tests start: from sources they take three times as long to be up. */
export function buildPackages(): void {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`);
  runCompiler('--build', ...packages);
}

export function runCompiler(...args: readonly string[]): void {
  const tsc = join(root, 'node_modules/.bin/tsc');
  execFileSync(tsc, args, { cwd: root, stdio: 'inherit' });
}

/** Vitest calls it once, before any test. */
export { buildPackages as setup };
