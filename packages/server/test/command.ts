import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { run } from '../src/run.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const command = ['--import', 'tsx', '--conditions=@sluice/source', 'packages/server/src/cli.ts'];

/** How a command ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line that does not serve, inside this process. */
export async function sluice(
  args: readonly string[],
  input: Readable & { isTTY?: boolean } = Readable.from([]),
): Promise<Outcome> {
  const output = new PassThrough();
  const errors = new PassThrough();
  const texts = Promise.all([text(output), text(errors)]);
  const code = await run(args, { input, output, errors, environment: {} });
  output.end();
  errors.end();
  const [stdout, stderr] = await texts;
  return { code, stdout, stderr };
}

/** A process of the command `sluice`. */
export class SluiceProcess {
  readonly ended: Promise<Outcome>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';

  /** `log`: a file that takes its output in place of this object. */
  constructor(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    log: number | 'pipe' = 'pipe',
  ) {
    this.#child = spawn(process.execPath, [...command, ...args], {
      cwd: root,
      env: { ...withoutSettings(process.env), ...environment },
      stdio: ['pipe', log, 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk) => {
      this.#stdout += chunk;
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.#stderr += chunk;
    });
    // What is left of a stalled log is read in the end: 'close' waits for it.
    this.#child.once('exit', () => this.#child.stdout?.resume());
    this.ended = once(this.#child, 'close').then(([code]) => ({
      code,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  /** The log so far, line by line. */
  get log(): readonly Readonly<Record<string, unknown>>[] {
    return this.#stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  /** Waits for a line with this text. */
  async logged(message: string): Promise<void> {
    const early = this.ended.then(({ stderr }) => {
      throw new Error(`it ended before "${message}": ${stderr}${this.#stdout}`);
    });
    while (!this.#stdout.includes(message)) {
      await Promise.race([this.#child.stdout && once(this.#child.stdout, 'data'), early]);
    }
    early.catch(() => {});
  }

  /** Waits for more of its log. */
  async nextLog(): Promise<void> {
    if (this.#child.stdout !== null) await once(this.#child.stdout, 'data');
  }

  /** Reads no more of its log, as a broken collector would. */
  stallLog(): void {
    this.#child.stdout?.pause();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Outcome> {
    this.signal(signal);
    return await this.ended;
  }
}

/** Runs `sluice start` and waits until it serves. */
export async function started(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<SluiceProcess> {
  const server = new SluiceProcess(['start', ...args], environment);
  await server.logged('"ready: ');
  return server;
}

function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('SLUICE_')),
  );
}
