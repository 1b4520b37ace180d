import { BrokerError, type Operation, type Persistence } from '@sluice/plugin';
import type { Turn, TurnTask } from './turn.ts';

/** Told when everything that was added before it is durable, or that it never will be. */
export interface CommitWaiter {
  onCommitted(failure: BrokerError | undefined): void;
}

/** Operations that are committed together. A place that is undefined was cancelled before it was written. */
export class Batch {
  readonly operations: (Operation | undefined)[] = [];
  readonly waiters: CommitWaiter[] = [];
  bytes = 0;
  /** From now on its operations can no longer be cancelled. */
  sealed = false;
}

const bytesPerOperation = 64;
// Measured: beyond some thousand operations LevelDB gains no more, and the wait for each grows.
const operationsPerCommit = 3_000;
const bytesPerCommit = 1_048_576;

/**
 * Natural group commit: operations collect while the previous commit is under way, then leave together
 * and in order. Nothing waits for a timer: an idle broker commits at the end of the turn.
 */
export class Commits implements TurnTask {
  readonly #persistence: Persistence;
  readonly #turn: Turn;
  readonly #maxPendingBytes: number;
  readonly #onFailure: (failure: BrokerError) => void;
  /** Where operations are added. */
  #batch = new Batch();
  /** Full ones that wait before it. */
  #full: Batch[] = [];
  #writing: Batch | undefined;
  #scheduled = false;
  #pendingBytes = 0;
  #relief: (() => void)[] = [];
  #failure: BrokerError | undefined;
  #added = 0;

  constructor(
    persistence: Persistence,
    turn: Turn,
    maxPendingBytes: number,
    onFailure: (failure: BrokerError) => void,
  ) {
    this.#persistence = persistence;
    this.#turn = turn;
    this.#maxPendingBytes = maxPendingBytes;
    this.#onFailure = onFailure;
  }

  /** Adds an operation; `bytes` is what it carries beside its own few fields. Returns the batch it is in. */
  add(operation: Operation, bytes = 0): Batch {
    const batch = this.#batch;
    this.#added++;
    batch.operations.push(operation);
    batch.bytes += bytes + bytesPerOperation;
    this.#pendingBytes += bytes + bytesPerOperation;
    this.#schedule();
    return batch;
  }

  /**
   * Between two operations that need not be atomic: what follows goes into another commit if this one is large
   * already, since a large one takes long.
   */
  cut(): void {
    const { operations, bytes } = this.#batch;
    if (operations.length < operationsPerCommit && bytes < bytesPerCommit) return;
    this.#batch.sealed = true;
    this.#full.push(this.#batch);
    this.#batch = new Batch();
  }

  /** How many operations were ever added: tells whether something in between had to be made durable. */
  get added(): number {
    return this.#added;
  }

  /** Whether nothing is on its way: what is visible now may be told to anybody. */
  get settled(): boolean {
    return this.#last === undefined;
  }

  /** What made the persistence fail. From then on nothing is acknowledged that would have to be durable. */
  get failure(): BrokerError | undefined {
    return this.#failure;
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
    const last = this.#failure === undefined ? this.#last : undefined;
    if (last === undefined) waiter.onCommitted(this.#failure);
    else last.waiters.push(waiter);
  }

  /** Resolves when nothing is on its way any more. */
  async flush(): Promise<void> {
    while (!this.settled && this.#failure === undefined) {
      await new Promise<void>((resolve) => this.wait({ onCommitted: () => resolve() }));
    }
  }

  endTurn(): void {
    this.#scheduled = false;
    while (this.#writing === undefined) {
      let batch = this.#full.shift();
      if (batch === undefined) {
        if (this.#batch.operations.length === 0) return;
        batch = this.#batch;
        this.#batch = new Batch();
      }
      batch.sealed = true;
      this.#write(batch);
    }
  }

  /** The batch that settles last, of those that something was added to. */
  get #last(): Batch | undefined {
    if (this.#batch.operations.length > 0) return this.#batch;
    return this.#full.at(-1) ?? this.#writing;
  }

  #schedule(): void {
    if (this.#scheduled || this.#writing !== undefined) return;
    this.#scheduled = true;
    this.#turn.commit(this);
  }

  #write(batch: Batch): void {
    const operations = batch.operations.filter((operation) => operation !== undefined);
    if (operations.length === 0 || this.#failure !== undefined) {
      this.#settle(batch);
      return;
    }
    let settled: void | Promise<void>;
    try {
      settled = this.#persistence.commit(operations);
    } catch (error) {
      this.#fail(error);
      this.#settle(batch);
      return;
    }
    if (settled === undefined) {
      this.#settle(batch);
      return;
    }
    this.#writing = batch;
    settled.then(
      () => this.#written(batch),
      (error) => {
        this.#fail(error);
        this.#written(batch);
      },
    );
  }

  #written(batch: Batch): void {
    this.#writing = undefined;
    this.#settle(batch);
    this.endTurn();
  }

  #settle(batch: Batch): void {
    this.#pendingBytes -= batch.bytes;
    for (const waiter of batch.waiters) waiter.onCommitted(this.#failure);
    if (this.#relief.length === 0 || this.congested) return;
    const relief = this.#relief;
    this.#relief = [];
    for (const callback of relief) callback();
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = new BrokerError(
      'SLUICE_PERSISTENCE_FAILED',
      'The persistence could not commit: nothing that has to be durable is acknowledged until the broker is started again.',
      { cause: error },
    );
    this.#onFailure(this.#failure);
  }
}
