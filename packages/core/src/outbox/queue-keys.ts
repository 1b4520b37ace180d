import type { Durability } from '@sluice/plugin';

/** What has to be known of a message to take it out of a queue. */
export interface QueuedBody {
  readonly number: number;
  readonly bytes: number;
  readonly durability: Durability;
}

/** A message of a queue by its place. */
export interface QueuedPlace extends QueuedBody {
  readonly sequence: number;
}

/** The newest message of a queue under each key of the hook `enqueue`. In memory only. */
export class QueueKeys {
  readonly #places: Map<string, QueuedPlace> = new Map();
  readonly #keys: Map<number, string> = new Map();

  get(key: string): QueuedPlace | undefined {
    return this.#places.get(key);
  }

  /** A message was queued under a key. */
  set(key: string, sequence: number, { number, bytes, durability }: QueuedBody): void {
    // Without the message itself, which may lie on disk only.
    this.#places.set(key, { sequence, number, bytes, durability });
    this.#keys.set(sequence, key);
  }

  /** A message left the queue. */
  delete(sequence: number): void {
    const key = this.#keys.get(sequence);
    if (key === undefined) return;
    this.#keys.delete(sequence);
    if (this.#places.get(key)?.sequence === sequence) this.#places.delete(key);
  }
}
