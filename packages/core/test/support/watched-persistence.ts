import type {
  Durability,
  OpenOptions,
  Operation,
  Persistence,
  QueuedMessage,
  Snapshot,
} from '@sluice/plugin';

/** A persistence that tells how much it has to do, and that a test can hold up or break. */
export class WatchedPersistence implements Persistence {
  /** Calls that have not settled yet. */
  pending = 0;
  /** Every commit so far. */
  readonly commits: (readonly Operation[])[] = [];
  /** What each of them was to outlive. */
  readonly durabilities: (Durability | undefined)[] = [];
  /** Thrown by the next commits, as long as it is set. */
  failure: Error | undefined;
  /** Thrown by the next reads, as long as it is set. */
  readFailure: Error | undefined;
  readonly #inner: Persistence;
  #held: (() => void)[] | undefined;
  #isDead = false;

  constructor(inner: Persistence) {
    this.#inner = inner;
  }

  get memoryBytes(): number | undefined {
    return this.#inner.memoryBytes;
  }

  get takesEnqueueMany(): boolean {
    return this.#inner.takesEnqueueMany === true;
  }

  /** Whether something waits that `release` would let go. */
  get isHeld(): boolean {
    return this.#held !== undefined && this.#held.length > 0;
  }

  /** From now on commits wait for `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  /** The process of the broker is gone: what it still wants to write never gets here. */
  async die(): Promise<void> {
    this.#isDead = true;
    await this.#inner.close();
  }

  open(options?: OpenOptions): Promise<Snapshot> {
    return this.#inner.open(options);
  }

  commit(operations: readonly Operation[], durability?: Durability): void | Promise<void> {
    if (this.#isDead) return new Promise(() => {});
    this.commits.push(operations);
    this.durabilities.push(durability);
    if (this.failure !== undefined) throw this.failure;
    if (this.#held === undefined) return this.#watch(this.#inner.commit(operations, durability));
    const held = this.#held;
    return new Promise<void>((resolve) => held.push(resolve)).then(() => {
      if (this.#isDead) return new Promise<void>(() => {});
      if (this.failure !== undefined) throw this.failure;
      return this.#watch(this.#inner.commit(operations, durability));
    });
  }

  readQueue(
    session: number,
    after: number,
    limit: number,
  ): readonly QueuedMessage[] | Promise<readonly QueuedMessage[]> {
    if (this.readFailure !== undefined) throw this.readFailure;
    return this.#watch(this.#inner.readQueue(session, after, limit));
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #watch<Value>(value: Value | Promise<Value>): Value | Promise<Value> {
    if (!(value instanceof Promise)) return value;
    this.pending++;
    return value.finally(() => this.pending--);
  }
}
