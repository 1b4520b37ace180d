import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashPassword, type RuleEntry } from '@sluice/auth';
import type { ServerConfig } from '@sluice/server';
import { fixture, serverFiles } from '../../packages/server/test/certificates.ts';
import { freePorts } from '../../packages/server/test/ports.ts';
import { LineProcess, type Outcome } from './line-process.ts';

export const host = '127.0.0.1';

/** Where the authority stands that signed the server's certificate. */
export const authorityFile = fixture('ca.crt');

export const transports = ['tcp', 'tls', 'ws', 'wss'] as const;
export type Transport = (typeof transports)[number];

/** How Node runs a program in TypeScript that uses the packages: those are compiled before the tests. */
export const typeScript = ['--import', 'tsx'];

/** The command `sluice`, compiled. */
export const command = 'packages/server/dist/cli.js';

export interface ServerProcessOptions {
  /** Names and passwords; clients without a name are let in as well. */
  readonly users?: Readonly<Record<string, string>>;
  readonly rules?: readonly RuleEntry[];
}

/** `sluice start` on ports and a directory of its own, with a listener of each transport. */
export class ServerProcess {
  readonly #directory: string;
  readonly #config: string;
  #ports: Readonly<Record<Transport, number>> | undefined;
  #process: LineProcess | undefined;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#config = join(directory, 'config.json');
  }

  /** Ready to be started. */
  static async create(options: ServerProcessOptions = {}): Promise<ServerProcess> {
    const server = new ServerProcess(mkdtempSync(join(tmpdir(), 'sluice-e2e-')));
    await server.#configure(options);
    return server;
  }

  static async start(options: ServerProcessOptions = {}): Promise<ServerProcess> {
    const server = await ServerProcess.create(options);
    await server.start();
    return server;
  }

  port(transport: Transport): number {
    if (this.#ports === undefined) throw new Error('the server has no ports yet');
    return this.#ports[transport];
  }

  /** Runs the command and waits until it serves. */
  async start(): Promise<void> {
    const args = [command, 'start', '--config', this.#config];
    this.#process = new LineProcess(process.execPath, args);
    await this.#process.line(/"msg":"ready: /);
  }

  async end(signal: NodeJS.Signals): Promise<Outcome> {
    if (this.#process === undefined) throw new Error('the server does not run');
    return await this.#process.end(signal);
  }

  /** Ends it whatever it does, and removes what it kept. */
  async remove(): Promise<void> {
    await this.#process?.end('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #configure({ users, rules }: ServerProcessOptions): Promise<void> {
    const [tcp, tls, ws, wss] = await freePorts(4);
    this.#ports = { tcp, tls, ws, wss } as Record<Transport, number>;
    const config: ServerConfig = {
      listeners: [
        { type: 'tcp', port: this.port('tcp') },
        { type: 'tls', port: this.port('tls'), ...serverFiles },
        { type: 'ws', port: this.port('ws') },
        { type: 'wss', port: this.port('wss'), ...serverFiles },
      ],
      persistence: { path: join(this.#directory, 'data') },
      // Who stays away while others load the server keeps all that came meanwhile.
      limits: { maxQueuedMessages: 100_000 },
      ...(users && { users: this.#write('users.json', { users: await usersOf(users) }) }),
      // Many kinds of clients fail to log in as one user from one address, all at once.
      attempts: false,
      ...(rules && { rules: this.#write('rules.json', { rules }) }),
      allowAnonymous: true,
    };
    writeFileSync(this.#config, JSON.stringify(config));
  }

  #write(name: string, content: object): string {
    const path = join(this.#directory, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  }
}

async function usersOf(users: Readonly<Record<string, string>>): Promise<readonly object[]> {
  return await Promise.all(
    Object.entries(users).map(async ([name, password]) => ({
      name,
      password: await hashPassword(password),
    })),
  );
}
