import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BenchError } from './bench-error.ts';
import type { Scenario } from './scenario.ts';

const sources = ['mqload.c', 'durable.c', 'transport.c'].map((name) =>
  fileURLToPath(new URL(`../loadgen/${name}`, import.meta.url)),
);
const [main = ''] = sources;
const cache = fileURLToPath(new URL('../../../node_modules/.cache/', import.meta.url));
const compilers = ['cc', 'gcc', 'clang'];

/**
 * Compiles the load generator, unless that was done before, and returns the path of the program. Only for
 * TLS it needs OpenSSL's headers.
 */
export function compiledLoadGenerator(scenarios: readonly Scenario[]): string {
  const isTls = scenarios.some(({ load }) => load.tls === 1);
  if (process.platform !== 'linux') {
    throw new BenchError('The load generator runs on Linux only, since it is built on epoll.');
  }
  const hash = createHash('sha256');
  for (const source of sources) hash.update(readFileSync(source));
  const program = `${cache}mqload${isTls ? '-tls' : ''}-${hash.digest('hex').slice(0, 12)}`;
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  // Renamed when it is whole: two runs at once, or a run cut short, leave no half program behind.
  const unfinished = `${program}.${process.pid}`;
  for (const compiler of compilers) {
    const { error, status, stderr } = spawnSync(compiler, compilerArguments(unfinished, isTls), {
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (error !== undefined && 'code' in error && error.code === 'ENOENT') continue;
    if (status !== 0) {
      const hint = isTls ? ' for TLS, which needs OpenSSL (Debian: libssl-dev)' : '';
      throw new BenchError(
        `${compiler} could not compile the load generator${hint}: ${stderr.trim()}`,
      );
    }
    renameSync(unfinished, program);
    return program;
  }
  throw new BenchError(
    `The load generator needs a C compiler, and none of ${compilers.join(', ')} was found.`,
  );
}

function compilerArguments(program: string, isTls: boolean): string[] {
  const plain = ['-O2', '-o', program, main];
  // Libraries come after what uses them.
  return isTls ? ['-DWITH_TLS', ...plain, '-lssl', '-lcrypto'] : plain;
}
