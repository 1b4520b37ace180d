import { BrokerError, type Operation } from '@sluice/plugin';

interface Ahead {
  readonly operations: readonly Operation[];
  readonly written: Promise<void>;
  isReported: boolean;
}

/**
 * Durability 'none': a commit is acknowledged before it is written, and the next one when it is. One that fails
 * stays, because the core has gone on with it: the next commit is refused once, to tell of it, and then waits until
 * the one before is written after all.
 */
export class CommitAhead {
  readonly #write: (operations: readonly Operation[]) => Promise<void>;
  #ahead: Ahead | undefined;

  constructor(write: (operations: readonly Operation[]) => Promise<void>) {
    this.#write = write;
  }

  commit(operations: readonly Operation[]): void | Promise<void> {
    if (this.#ahead !== undefined) return this.#commitNext(this.#ahead, operations);
    this.#start(operations);
  }

  /** Settles when what was acknowledged is written; tries once more what has failed. */
  async finish(): Promise<void> {
    const ahead = this.#ahead;
    if (ahead === undefined) return;
    try {
      await ahead.written;
    } catch {
      // Somebody else may have tried again in the meantime.
      if (this.#ahead === ahead) this.#start(ahead.operations, ahead.isReported);
      await this.#ahead?.written;
    }
  }

  async #commitNext(ahead: Ahead, operations: readonly Operation[]): Promise<void> {
    try {
      await ahead.written;
    } catch (error) {
      if (this.#ahead === ahead && !ahead.isReported) {
        ahead.isReported = true;
        // Not a fault of the disk: it would fail for ever.
        if (!(error instanceof BrokerError)) this.#ahead = undefined;
        throw error;
      }
      await this.finish();
    }
    this.#start(operations);
  }

  #start(operations: readonly Operation[], isReported = false): void {
    const written = this.#write(operations);
    const ahead: Ahead = { operations, written, isReported };
    this.#ahead = ahead;
    written.then(
      () => {
        if (this.#ahead === ahead) this.#ahead = undefined;
      },
      () => {},
    );
  }
}
