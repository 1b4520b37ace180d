import type { Batch, Commits } from './commits.ts';
import type { RoutedMessage } from './routed-message.ts';

/** The `store` operation of a message, shared by every session that queues it in the same batch. */
export class StoredBody {
  readonly #batch: Batch;
  readonly #place: number;
  #references = 0;

  private constructor(batch: Batch, place: number) {
    this.#batch = batch;
    this.#place = place;
  }

  /** Adds one reference to the body of a message, and the body itself where this batch has it not yet. */
  static refer(commits: Commits, message: RoutedMessage): StoredBody {
    let body = message.body;
    if (body === undefined || body.#batch.sealed || body.#references === 0) {
      message.own();
      const batch = commits.add({ type: 'store', message }, message.bytes);
      body = new StoredBody(batch, batch.operations.length - 1);
      message.body = body;
    }
    body.#references++;
    return body;
  }

  /** Takes a reference back that was never written; the last one takes the body with it. */
  cancel(): void {
    if (--this.#references === 0) this.#batch.operations[this.#place] = undefined;
  }
}
