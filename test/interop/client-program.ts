import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Inbox } from '../support/inbox.ts';
import { formatLine, parseLine, type Word, Words } from './words.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const deadlineMs = 60_000;

/** What a client program answered to a command. */
export interface Answer {
  /** `ok`, `refused` or `failed`. */
  readonly verb: string;
  readonly words: Words;
}

/** A client program that runs: a foreign library with one connection after another. */
export class ClientProgram {
  #messages = new Inbox<Words>(deadlineMs);
  #hasLeft = true;
  readonly #answers = new Inbox<Answer>(deadlineMs);
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #closed: Promise<unknown>;

  constructor(command: readonly string[]) {
    const [program = '', ...args] = command;
    // A group of its own, because what it starts has to die with it.
    this.#child = spawn(program, args, { cwd: root, detached: true });
    let complaint = '';
    this.#child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    const fail = (error: Error) => {
      this.#messages.fail(error);
      this.#answers.fail(error);
    };
    this.#child.once('error', fail);
    this.#child.stdin.on('error', fail);
    this.#closed = once(this.#child, 'close').then(
      () => fail(new Error(`the client program ended: ${complaint.trim().slice(-500)}`)),
      fail,
    );
    createInterface(this.#child.stdout).on('line', (line) => {
      const answer = parseLine(line);
      if (answer.verb === 'message') this.#messages.push(answer.words);
      else if (answer.verb === 'failed') this.#answers.push({ verb: line, words: new Words([]) });
      else this.#answers.push(answer);
    });
  }

  /** What came since it connected. */
  get messages(): Inbox<Words> {
    return this.#messages;
  }

  /** Whether it said goodbye, so that it may connect again. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  async connect(words: readonly Word[]): Promise<Answer> {
    this.#messages.fail(new Error('that connection is over'));
    this.#messages = new Inbox(deadlineMs);
    this.#hasLeft = false;
    return await this.ask('connect', words);
  }

  /** Gives a command and waits for its answer, whatever it is. */
  async ask(verb: string, words: readonly Word[] = []): Promise<Answer> {
    this.#child.stdin.write(`${formatLine(verb, words)}\n`);
    return await this.#answers.next();
  }

  /** Gives a command that has to work. */
  async tell(verb: string, words: readonly Word[] = []): Promise<Words> {
    const answer = await this.ask(verb, words);
    if (answer.verb !== 'ok') throw new Error(`${verb}: ${answer.verb} ${answer.words}`.trim());
    return answer.words;
  }

  /** Leaves with DISCONNECT. */
  async leave(): Promise<void> {
    await this.tell('disconnect');
    this.#hasLeft = true;
  }

  /** Ends it, and its connection with it, without a word. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    await this.#closed;
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    process.kill(-pid, signal);
  }
}
