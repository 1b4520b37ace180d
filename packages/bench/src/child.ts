import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchError } from './bench-error.ts';

const maxKeptCharacters = 2_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A program, what it is called with, and the processor that it may use. */
export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly cpu?: number;
}

/** A child process that dies with this one and whose last words are kept. */
export class Child {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = '';

  constructor(command: Command) {
    const pinned =
      command.cpu === undefined
        ? [command.program, ...command.arguments]
        : ['taskset', '-c', String(command.cpu), command.program, ...command.arguments];
    const [program = '', ...words] = pinned;
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...command.environment },
    });
    running.add(child);
    this.#process = child;
    this.#exited = once(child, 'close')
      .catch((error: Error) => {
        this.#keep(error.message);
      })
      .finally(() => running.delete(child));
    child.stdout.on('data', (chunk: Buffer) => this.#keep(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => this.#keep(chunk.toString()));
    if (child.pid === undefined) throw new BenchError(`${program} could not be started.`);
    this.pid = child.pid;
  }

  get hasExited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** The line of what it wrote that says best why it ended. */
  get lastWords(): string {
    const lines = this.#output.trim().split('\n');
    return lines.findLast((line) => /\bError\b|error:/i.test(line)) ?? lines.at(-1) ?? '';
  }

  /** Settles when something accepts connections on the port of 127.0.0.1. */
  async listens(port: number, timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!this.hasExited && performance.now() < end) {
      if (await accepts(port)) return;
      await delay(50);
    }
    const what = this.hasExited ? 'ended' : `did not listen within ${timeoutMs / 1000} s`;
    throw new BenchError(`The broker ${what}: ${this.lastWords || 'it said nothing'}`);
  }

  /** Asks it to end by a signal, and after `graceMs` makes it. */
  async stop(graceMs: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.hasExited) this.#process.kill(signal);
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), graceMs);
    await this.#exited;
    clearTimeout(timer);
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-maxKeptCharacters);
  }
}

/** What a program wrote. */
export interface Output {
  readonly result: string;
  /** The last line of its standard error; empty when there is none. */
  readonly complaint: string;
}

/** What a program wrote until it ended, or `undefined` if it took longer than `timeoutMs`. */
export async function outputOf(command: Command, timeoutMs: number): Promise<Output | undefined> {
  const child = spawn(command.program, command.arguments, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  let result = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    result += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-maxKeptCharacters);
  });
  try {
    await once(child, 'close');
  } finally {
    clearTimeout(timer);
    running.delete(child);
  }
  if (child.signalCode !== null) return undefined;
  return { result, complaint: errors.trim().split('\n').at(-1) ?? '' };
}

/** A port of 127.0.0.1 on which nothing listened a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
