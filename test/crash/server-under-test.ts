import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerConfig } from '@sluice/server';
import { freePort } from '../../packages/server/test/ports.ts';
import type { Random } from '../differential/random.ts';
import { root, runCompiler } from '../support/build.ts';
import { LineProcess } from '../support/line-process.ts';
import { command } from '../support/server-process.ts';
import { cutPower } from './power-loss/power-cut.ts';
import { recording } from './power-loss/recorder.ts';

export interface ServerOptions {
  readonly durability: 'fsync' | 'write';
  /** The library of `recorder()`: after a kill the power can be cut as well. */
  readonly recorder?: string;
  /** Breaks a promise, by its name in faulty-server.ts. */
  readonly fault?: string;
}

/** How far a server gets that dies while it starts. */
const longestStart = { milliseconds: 600, lines: 40 };

const limits = { maxQueuedMessages: 1_000_000 };

const compiled = join(root, 'node_modules/.cache/crash');

/** Compiles what breaks its promises on purpose: it is started a hundred times. */
export function buildFaultyServer(): void {
  const source = 'test/crash/faulty-server.ts';
  const language = ['--target', 'es2023', '--module', 'nodenext', '--types', 'node'];
  const only = ['--ignoreConfig', '--noCheck', '--skipLibCheck', '--outDir', compiled];
  mkdirSync(compiled, { recursive: true });
  writeFileSync(join(compiled, 'package.json'), '{ "type": "module" }\n');
  runCompiler(source, ...language, ...only);
}

/** A server over one directory, which can be killed and started again. */
export class ServerUnderTest {
  readonly port: number;
  readonly #directory: string;
  readonly #options: ServerOptions;
  #process: LineProcess | undefined;

  private constructor(port: number, options: ServerOptions) {
    this.port = port;
    this.#options = options;
    this.#directory = mkdtempSync(join(tmpdir(), 'sluice-crash-'));
    mkdirSync(this.#data);
    const config: ServerConfig = {
      listeners: [{ type: 'tcp', port }],
      persistence: { path: this.#data, durability: options.durability },
      allowAnonymous: true,
      limits,
    };
    writeFileSync(this.#configFile, JSON.stringify(config));
  }

  static async create(options: ServerOptions): Promise<ServerUnderTest> {
    const port = await freePort();
    return new ServerUnderTest(port, options);
  }

  /** Name of its directory below the one for temporary files. */
  get directoryName(): string {
    return basename(this.#directory);
  }

  /** Runs the server, and settles when it serves. */
  async start(): Promise<void> {
    await this.#spawn().line(/ready/);
  }

  /** Runs the server until some moment of its start. */
  async startFor(random: Random): Promise<void> {
    const isRecorded = this.#options.recorder !== undefined;
    // The recorder kills it at one of the first things that it writes; otherwise time has to do.
    const lastLine = String(1 + random.below(longestStart.lines));
    const server = this.#spawn(isRecorded ? { SLUICE_CRASH_LINES: lastLine } : {});
    const late = pause(
      isRecorded ? longestStart.milliseconds : random.below(longestStart.milliseconds),
    );
    await Promise.race([late, server.ended]);
    const { code, stderr } = await server.end('SIGKILL');
    if (code !== null) throw new Error(`the server ended by itself: ${stderr}`);
  }

  async kill(): Promise<void> {
    await this.#process?.end('SIGKILL');
  }

  /** Leaves of a killed server's data what a power cut might have left. */
  cutPower(random: Random): void {
    cutPower(this.#data, this.#journal, random);
  }

  /** Ends it whatever it does, and removes what it kept. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #spawn(more: NodeJS.ProcessEnv = {}): LineProcess {
    const { recorder, fault } = this.#options;
    const args =
      fault === undefined
        ? [command, 'start', '--config', this.#configFile]
        : [join(compiled, 'faulty-server.js'), this.#configFile, fault];
    const environment =
      recorder === undefined ? {} : recording(recorder, this.#data, this.#journal);
    this.#process = new LineProcess(process.execPath, args, { ...environment, ...more });
    return this.#process;
  }

  get #data(): string {
    return join(this.#directory, 'data');
  }

  get #journal(): string {
    return join(this.#directory, 'journal');
  }

  get #configFile(): string {
    return join(this.#directory, 'config.json');
  }
}
