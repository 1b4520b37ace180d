import type { Operation, Persistence, QueuedMessage, Snapshot } from '@sluice/plugin';
import type { Dice } from './dice.ts';
import type { DurableState } from './durable-state.ts';

/** What is wrong with the disk at the moment. */
export interface DiskCondition {
  /** Commits and reads fail. */
  readonly fails: boolean;
  /** Nothing settles before this virtual moment. */
  readonly stalledUntil: number;
  /** Commits are done at once, without a promise. */
  readonly isSynchronous: boolean;
}

/** What the persistence needs of its world. */
export interface DiskWorld {
  readonly now: number;
  readonly disk: DiskCondition;
  after(delayMs: number, run: () => void): unknown;
  breach(text: string): void;
  reached(state: string): void;
  trace(text: () => string): void;
}

interface Commit {
  readonly operations: readonly Operation[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The persistence of one life of the broker. A commit is applied when it settles, and as a whole; when the broker
 * dies meanwhile it may be there or not. One that fails may have taken effect nevertheless.
 */
export class SimulatedPersistence implements Persistence {
  readonly takesEnqueueMany = true;
  readonly #state: DurableState;
  readonly #world: DiskWorld;
  readonly #dice: Dice;
  #writing: Commit | undefined;
  /** The list that failed last, and whether it is in the state all the same. */
  #failed: { readonly operations: readonly Operation[]; readonly isApplied: boolean } | undefined;
  #dead = false;
  #closed = false;

  constructor(state: DurableState, world: DiskWorld, dice: Dice) {
    this.#state = state;
    this.#world = world;
    this.#dice = dice;
  }

  /** Nothing is on its way, and nothing failed. */
  get isIdle(): boolean {
    return this.#writing === undefined && this.#failed === undefined;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  open(): Promise<Snapshot> {
    return Promise.resolve(this.#state.snapshot());
  }

  commit(operations: readonly Operation[]): void | Promise<void> {
    const { disk } = this.#world;
    this.#check(operations);
    if (disk.isSynchronous && !disk.fails && disk.stalledUntil <= this.#world.now) {
      this.#apply(operations);
      return;
    }
    return new Promise((resolve, reject) => {
      const commit = { operations, resolve, reject };
      this.#writing = commit;
      this.#world.after(this.#delay(40), () => this.#settle(commit));
    });
  }

  readQueue(
    session: number,
    after: number,
    limit: number,
  ): readonly QueuedMessage[] | Promise<readonly QueuedMessage[]> {
    const { disk } = this.#world;
    if (this.#closed) this.#world.breach('a queue is read after close');
    this.#world.reached('window read from disk');
    if (disk.isSynchronous && !disk.fails) return this.#state.readQueue(session, after, limit);
    return new Promise((resolve, reject) => {
      this.#world.after(this.#delay(60), () => {
        if (this.#dead) return;
        if (this.#world.disk.fails && this.#dice.chance(70)) {
          this.#world.reached('queue read failed');
          reject(new Error('the disk cannot be read'));
        } else {
          resolve(this.#state.readQueue(session, after, limit));
        }
      });
    });
  }

  close(): Promise<void> {
    if (this.#writing !== undefined) this.#world.breach('closed while a commit is on its way');
    this.#closed = true;
    return Promise.resolve();
  }

  /** For a planted bug: a failed commit is not tried again. */
  forgive(): void {
    this.#failed = undefined;
  }

  /** For a planted bug: what the disk holds. */
  get state(): DurableState {
    return this.#state;
  }

  /** The process dies. What was on its way may have arrived. */
  die(): void {
    const writing = this.#writing;
    this.#dead = true;
    if (writing === undefined || this.#closed) return;
    this.#world.reached('crash while a commit is on its way');
    if (this.#dice.chance(50)) return;
    this.#apply(writing.operations);
  }

  #check(operations: readonly Operation[]): void {
    if (this.#dead || this.#closed) this.#world.breach('a commit after the end');
    if (operations.length === 0) this.#world.breach('a commit without operations');
    if (this.#writing !== undefined) this.#world.breach('a commit while another one is on its way');
    if (this.#failed !== undefined && this.#failed.operations !== operations) {
      this.#world.breach('a failed commit is not tried again, but another one');
    }
  }

  #delay(mostMs: number): number {
    const { now, disk } = this.#world;
    const delayMs = this.#dice.chance(50) ? this.#dice.below(4) : this.#dice.below(mostMs);
    return Math.max(delayMs, disk.stalledUntil - now);
  }

  #settle(commit: Commit): void {
    if (this.#dead) return;
    this.#writing = undefined;
    if (this.#world.disk.fails && this.#dice.chance(80)) {
      this.#fail(commit);
      return;
    }
    this.#apply(commit.operations);
    commit.resolve();
  }

  #fail(commit: Commit): void {
    const { operations } = commit;
    const takesEffect = this.#failed?.isApplied === true || this.#dice.chance(30);
    if (takesEffect) this.#apply(operations);
    this.#failed = { operations, isApplied: takesEffect };
    this.#world.reached(takesEffect ? 'failed commit took effect' : 'failed commit left nothing');
    this.#world.trace(() => `disk: a commit fails${takesEffect ? ', but took effect' : ''}`);
    commit.reject(new Error('the disk is full'));
  }

  /** Once, however often it is tried. */
  #apply(operations: readonly Operation[]): void {
    const failed = this.#failed;
    this.#failed = undefined;
    this.#world.trace(() => `disk: ${operations.map(describe).join(', ')}`);
    if (failed?.isApplied !== true) this.#state.apply(operations);
    else this.#world.reached('retry of a commit that had taken effect');
  }
}

function describe(operation: Operation): string {
  switch (operation.type) {
    case 'store':
    case 'retain':
      return `${operation.type} ${operation.message.topic} #${operation.message.number}`;
    case 'enqueue':
      return `enqueue s${operation.session}/${operation.sequence} #${operation.message}`;
    case 'enqueueMany': {
      const { sessions, sequences, message } = operation;
      const places = sessions.map((session, i) => `s${session}/${sequences[i]}`);
      return `enqueue ${places.join(' ')} #${message}`;
    }
    case 'release':
    case 'dequeue':
      return `${operation.type} s${operation.session}/${operation.sequence}`;
    case 'receive':
    case 'complete':
      return `${operation.type} s${operation.session} id ${operation.packetId}`;
    case 'saveSession':
    case 'saveWill':
      return `${operation.type} s${operation.record.session}`;
    case 'subscribe':
      return `subscribe s${operation.record.session} ${operation.record.requested}`;
    case 'unsubscribe':
      return `unsubscribe s${operation.session} ${operation.requested}`;
    case 'clearRetained':
      return `clearRetained ${operation.topic}`;
    default:
      return `${operation.type} s${operation.session}`;
  }
}
