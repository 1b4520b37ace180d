import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Inbox } from './inbox.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const running = new Set<ChildProcess>();

// A test file that fails half way leaves no process behind.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** How a process ended. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** A process that says what it does line by line. */
export class LineProcess {
  /** What it writes to standard output. */
  readonly lines: Inbox<string> = new Inbox(120_000); // a busy machine takes its time to start a process
  readonly ended: Promise<Outcome>;
  readonly #child: ChildProcess;

  constructor(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...withoutSettings(process.env), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    running.add(child);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    createInterface(child.stdout).on('line', (line) => this.lines.push(line));
    this.ended = once(child, 'close').then(([code, signal]) => {
      running.delete(child);
      this.lines.fail(new Error(`${program} ended (${code ?? signal}): ${stderr.trim()}`));
      return { code, signal, stderr };
    });
    // Whoever waits for a line is told.
    this.ended.catch((error) => this.lines.fail(error));
  }

  /** Waits for the first line that matches, and drops those before it. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(await this.lines.next());
      if (found !== null) return found;
    }
  }

  async end(signal: NodeJS.Signals): Promise<Outcome> {
    this.#child.kill(signal);
    return await this.ended;
  }
}

/** Settings of whoever runs the tests are not those of the servers under test. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('SLUICE_')),
  );
}
