import type {
  QueuedMessage,
  RestoredSession,
  SessionRecord,
  SubscriptionRecord,
} from '@sluice/plugin';

/** An entry of a queue: it names its message, whose body is shared. */
export interface QueueEntry extends Omit<QueuedMessage, 'message'> {
  /** 0 once released. */
  readonly message: number;
}

/** All that is kept under one session number. */
export class StoredSession {
  /** Undefined as long as only parts of a session are known. */
  record: SessionRecord | undefined;
  readonly subscriptions: Map<string, SubscriptionRecord> = new Map();
  readonly received: Set<number> = new Set();
  /** By sequence. They are added in order, so the Map's order is the queue's. */
  readonly queue: Map<number, QueueEntry> = new Map();
  #lastSequence = -1;

  restored(record: SessionRecord): RestoredSession {
    const nextSequence = this.queue.size === 0 ? 0 : this.#lastQueued() + 1;
    return { ...record, nextSequence, queued: this.queue.size };
  }

  enqueue(entry: QueueEntry): void {
    this.queue.set(entry.sequence, entry);
    this.#lastSequence = Math.max(this.#lastSequence, entry.sequence);
  }

  /** At most `limit` entries above a sequence, in order. */
  window(after: number, limit: number): QueueEntry[] {
    const entries: QueueEntry[] = [];
    const { queue } = this;
    // Where the gap between two windows is small, asking for each sequence beats walking from the front.
    const wanted = Math.min(limit, queue.size);
    if (wanted > 0 && this.#lastSequence - after <= 2 * queue.size) {
      for (let sequence = after + 1; sequence <= this.#lastSequence; sequence++) {
        const entry = queue.get(sequence);
        if (entry !== undefined) entries.push(entry);
        if (entries.length >= wanted) break;
      }
      return entries;
    }
    for (const entry of queue.values()) {
      if (entries.length >= wanted) break;
      if (entry.sequence > after) entries.push(entry);
    }
    return entries;
  }

  #lastQueued(): number {
    let last = this.#lastSequence;
    while (!this.queue.has(last)) last--;
    return last;
  }
}
