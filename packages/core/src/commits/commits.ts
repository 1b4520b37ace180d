import type { Durability, Operation, Persistence } from '@sluice/plugin';
import type { Turn, TurnTask } from '../base/turn.ts';
import { Batch } from './batch.ts';
import { CommitNews, type CommitWaiter } from './commit-news.ts';
import { oneByOne } from './one-by-one.ts';
import { Outage, type OutageParts } from './outage.ts';

export type { CommitWaiter } from './commit-news.ts';

/** What commits work with. */
export interface CommitsParts extends OutageParts {
  readonly persistence: Pick<Persistence, 'commit' | 'takesEnqueueMany'>;
  readonly turn: Turn;
  /** Bytes that may wait before publishers are no longer read from. */
  readonly maxPendingBytes: number;
}

const bytesPerOperation = 64;
// Measured: a commit takes some processor time of its own, and with 1,000 messages on their way 2,000 operations
// are written sooner at once than in four commits, one after the other. What waits is never made to wait for more.
const operationsPerCommit = 2_000;
const bytesPerCommit = 524_288;

/** A commit that has not succeeded yet, and the list that it is tried with. */
interface Writing {
  readonly batch: Batch;
  readonly operations: readonly Operation[];
}

/**
 * Natural group commit: operations collect while the previous commit is under way, then leave together
 * and in order. Nothing waits for a timer: an idle broker commits at the end of the turn. A commit that fails is
 * tried again until it succeeds, and everything behind it waits: what is on disk is a prefix of what happened.
 */
export class Commits implements TurnTask {
  readonly #persistence: CommitsParts['persistence'];
  readonly #turn: Turn;
  readonly #maxPendingBytes: number;
  readonly #outage: Outage;
  readonly #telling: CommitNews;
  /** Where operations are added. */
  #batch = new Batch();
  /** Full ones that wait before it. */
  #full: Batch[] = [];
  #writing: Writing | undefined;
  #scheduled = false;
  #pendingBytes = 0;
  #relief: (() => void)[] = [];
  /** Who waits until nothing is on its way, or nothing gets on. */
  #flushes: (() => void)[] = [];
  #stuck: (() => void)[] = [];
  #abandoned: Error | undefined;
  #added = 0;
  #held = false;
  /** How many are not done yet with what has to be atomic: hooks publish within the routing of other messages. */
  #atomic = 0;

  constructor(parts: CommitsParts) {
    this.#persistence = parts.persistence;
    this.#turn = parts.turn;
    this.#maxPendingBytes = parts.maxPendingBytes;
    this.#outage = new Outage(parts, () => this.#tryAgain());
    this.#telling = new CommitNews(parts.turn, parts.environment, () => this.#told());
  }

  /**
   * Adds an operation; `bytes` is what it carries beside its own few fields, `durability` what those who wait for
   * it were promised at most. Returns the batch it is in.
   */
  add(operation: Operation, bytes = 0, durability: Durability = 'fsync'): Batch {
    const batch = this.#batch;
    this.#added++;
    batch.add(operation, bytes + bytesPerOperation, durability);
    this.#pendingBytes += bytes + bytesPerOperation;
    this.#schedule();
    return batch;
  }

  /** One more session was added to the operation that was added last. */
  grew(batch: Batch): void {
    this.#added++;
    batch.grew(bytesPerOperation);
    this.#pendingBytes += bytesPerOperation;
  }

  /**
   * Between two operations that need not be atomic: what follows goes into another commit if this one is large
   * already, since a large one takes long.
   */
  cut(): void {
    if (this.#held || this.#atomic > 0) return;
    const { size, bytes } = this.#batch;
    if (size < operationsPerCommit && bytes < bytesPerCommit) return;
    this.#batch.sealed = true;
    this.#full.push(this.#batch);
    this.#batch = new Batch();
  }

  /** What is added until `endAtomic` stays together, whoever calls `cut`. Both are called within one turn. */
  beginAtomic(): void {
    this.#atomic++;
  }

  endAtomic(): void {
    this.#atomic--;
  }

  /** What is added from the last commit on stays together, and is not committed until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.cut();
    this.#schedule();
  }

  /** How many operations were ever added: tells whether something in between had to be made durable. */
  get added(): number {
    return this.#added;
  }

  /** Whether nothing is on its way: what is visible now may be told to anybody. */
  get settled(): boolean {
    return this.#last === undefined && this.#telling.isIdle;
  }

  /** Why nothing can be committed at the moment. */
  get failure(): Error | undefined {
    return this.#outage.failure;
  }

  /** Whether publishers should not be read from until `whenRelieved`. */
  get congested(): boolean {
    return this.#pendingBytes > this.#maxPendingBytes;
  }

  whenRelieved(callback: () => void): void {
    this.#relief.push(callback);
  }

  /** Tells the waiter once all that was added so far is durable; at once when it is already. */
  wait(waiter: CommitWaiter): void {
    const last = this.#abandoned === undefined ? this.#last : undefined;
    if (last !== undefined) last.waiters.push(waiter);
    else if (this.#telling.isIdle) waiter.onCommitted(this.#abandoned);
    else this.#telling.tell([waiter]);
  }

  /** As `wait`, but for what is still to be added to the commit that is being collected as well. */
  waitForBatch(waiter: CommitWaiter): void {
    if (this.#abandoned !== undefined) {
      waiter.onCommitted(this.#abandoned);
      return;
    }
    this.#batch.waiters.push(waiter);
    this.#schedule();
  }

  /** Resolves when nothing is on its way any more; while nothing can be committed, after one more try. */
  async flush(): Promise<void> {
    if (this.settled || this.#abandoned !== undefined) return;
    const flushed = new Promise<void>((resolve) => this.#flushes.push(resolve));
    this.#outage.tryNow();
    await flushed;
  }

  /** Resolves when a commit fails: at once while that is so. */
  async stuck(): Promise<void> {
    if (this.#outage.failure !== undefined) return;
    await new Promise<void>((resolve) => this.#stuck.push(resolve));
  }

  /** The broker is closed: what is not durable now never will be, and those who wait for it are told. */
  abandon(failure: Error): void {
    this.#abandoned = failure;
    this.#telling.finish();
    const left = [this.#writing?.batch, ...this.#full, this.#batch];
    this.#full = [];
    this.#batch = new Batch();
    for (const batch of left) {
      if (batch === undefined) continue;
      for (const waiter of batch.waiters.splice(0)) waiter.onCommitted(failure);
    }
  }

  endTurn(): void {
    this.#scheduled = false;
    while (this.#writing === undefined) {
      let batch = this.#full.shift();
      if (batch === undefined) {
        if (this.#held) break;
        if (this.#batch.operations.length === 0 && this.#batch.waiters.length === 0) break;
        batch = this.#batch;
        this.#batch = new Batch();
      }
      batch.sealed = true;
      this.#begin(batch);
    }
    if (this.settled) this.#endFlushes();
  }

  /** The batch that settles last, of those that something was added to. */
  get #last(): Batch | undefined {
    if (this.#batch.operations.length > 0) return this.#batch;
    return this.#full.at(-1) ?? this.#writing?.batch;
  }

  #schedule(): void {
    if (this.#scheduled || this.#writing !== undefined) return;
    this.#scheduled = true;
    this.#turn.commit(this);
  }

  #begin(batch: Batch): void {
    const operations = this.#operationsOf(batch);
    if (operations.length === 0 || this.#abandoned !== undefined) {
      this.#settle(batch);
      return;
    }
    this.#writing = { batch, operations };
    this.#write();
  }

  #operationsOf({ operations }: Batch): readonly Operation[] {
    const all = operations.filter((operation) => operation !== undefined);
    return this.#persistence.takesEnqueueMany === true ? all : all.flatMap(oneByOne);
  }

  #write(): void {
    const { batch, operations } = this.#writing as Writing;
    let settled: void | Promise<void>;
    try {
      settled = this.#persistence.commit(operations, batch.durability);
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (settled === undefined) {
      this.#written();
      return;
    }
    settled.then(
      () => {
        this.#written();
        this.endTurn();
      },
      (error) => this.#failed(error),
    );
  }

  #tryAgain(): void {
    if (this.#writing === undefined || this.#abandoned !== undefined) return;
    this.#write();
    if (this.#writing === undefined) this.endTurn();
  }

  #failed(error: unknown): void {
    this.#outage.failed(error);
    this.#endFlushes();
    for (const resolve of this.#stuck.splice(0)) resolve();
  }

  #written(): void {
    const { batch } = this.#writing as Writing;
    this.#writing = undefined;
    this.#outage.over();
    this.#settle(batch);
  }

  #settle(batch: Batch): void {
    this.#pendingBytes -= batch.bytes;
    this.#telling.tell(batch.waiters, this.#abandoned);
    batch.settled();
    if (this.#relief.length === 0 || this.congested) return;
    const relief = this.#relief;
    this.#relief = [];
    for (const callback of relief) callback();
  }

  /** Everybody knows, at last. */
  #told(): void {
    if (this.settled) this.#endFlushes();
  }

  #endFlushes(): void {
    for (const resolve of this.#flushes.splice(0)) resolve();
  }
}
