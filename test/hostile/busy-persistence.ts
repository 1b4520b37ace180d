import type {
  Durability,
  OpenOptions,
  Operation,
  Persistence,
  QueuedMessage,
  Snapshot,
} from '@sluice/plugin';

/** A persistence that tells whether it has something to do. */
export class BusyPersistence implements Persistence {
  readonly #inner: Persistence;
  #pending = 0;

  constructor(inner: Persistence) {
    this.#inner = inner;
  }

  get isBusy(): boolean {
    return this.#pending > 0;
  }

  open(options?: OpenOptions): Promise<Snapshot> {
    return this.#inner.open(options);
  }

  commit(operations: readonly Operation[], durability?: Durability): void | Promise<void> {
    return this.#count(this.#inner.commit(operations, durability));
  }

  readQueue(
    session: number,
    after: number,
    limit: number,
  ): readonly QueuedMessage[] | Promise<readonly QueuedMessage[]> {
    return this.#count(this.#inner.readQueue(session, after, limit));
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #count<Value>(value: Value | Promise<Value>): Value | Promise<Value> {
    if (!(value instanceof Promise)) return value;
    this.#pending++;
    return value.finally(() => this.#pending--);
  }
}
