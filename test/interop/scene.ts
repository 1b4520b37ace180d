import { authorityFile, host, type ServerProcess } from '../support/server-process.ts';
import { type Answer, ClientProgram } from './client-program.ts';
import type { ForeignClient } from './foreign-clients.ts';
import { OtherSide } from './other-side.ts';
import type { Word } from './words.ts';

/** The user whom rules keep from publishing to `forbidden/#`. */
export const login = { user: 'rita', password: 'open-sesame' } as const;

/** Which client, how. */
export interface Cast {
  readonly client: ForeignClient;
  readonly command: readonly string[];
  readonly version: 4 | 5;
  readonly transport: 'tcp' | 'tls';
  /** Programs that run and wait for their next connection: some take long to start. */
  readonly idle: ClientProgram[];
}

/** One step of the script with its client programs, the other side and the broker. */
export class Scene {
  readonly cast: Cast;
  /** Where its topics and client identifiers begin. */
  readonly prefix: string;
  readonly #server: ServerProcess;
  readonly #programs: ClientProgram[] = [];
  readonly #others: OtherSide[] = [];

  constructor(cast: Cast, step: string, server: ServerProcess) {
    this.cast = cast;
    this.prefix = `${cast.client.name}-${cast.version}-${cast.transport}/${step}`;
    this.#server = server;
  }

  topic(name: string): string {
    return `${this.prefix}/${name}`;
  }

  /** Lets a client program try to connect. */
  async attempt(id: string, words: readonly Word[]): Promise<[ClientProgram, Answer]> {
    const program = this.#program();
    const clientId = this.topic(id).replaceAll('/', '-');
    return [program, await program.connect([['id', clientId], ...words])];
  }

  /** Connects a client program. */
  async connect(id: string, words: readonly Word[] = []): Promise<ClientProgram> {
    const [program, answer] = await this.attempt(id, words);
    if (answer.verb !== 'ok') throw new Error(`connect: ${answer.verb} ${answer.words}`.trim());
    return program;
  }

  async otherSide(filter?: string): Promise<OtherSide> {
    const other = await OtherSide.connect(this.#server.port('tcp'));
    this.#others.push(other);
    if (filter !== undefined) await other.subscribe(filter);
    return other;
  }

  /** Kills the broker and starts it again. */
  async restart(): Promise<void> {
    await this.#server.end('SIGKILL');
    await this.#server.start();
  }

  async close(): Promise<void> {
    this.cast.idle.push(...this.#programs.filter(({ hasLeft }) => hasLeft));
    const others = this.#programs.filter(({ hasLeft }) => !hasLeft);
    await Promise.all([
      ...others.map((program) => program.kill()),
      ...this.#others.map((other) => other.leave()),
    ]);
  }

  #program(): ClientProgram {
    const { command, version, transport, idle } = this.cast;
    const args = [host, String(this.#server.port(transport)), String(version)];
    if (transport === 'tls') args.push(authorityFile);
    const program = idle.pop() ?? new ClientProgram([...command, ...args]);
    this.#programs.push(program);
    return program;
  }
}
