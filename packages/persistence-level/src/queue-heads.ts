const dequeuesPerCheck = 1000;

interface Head {
  /** No entry of the queue lies below. */
  first: number;
  /** Highest sequence that was removed. */
  removed: number;
  /** Entries removed above `first` since it was last looked up. */
  removals: number;
}

/**
 * Remembers where each queue begins. LevelDB leaves a tombstone for each removed entry, so that a scan from the
 * beginning of a busy queue takes milliseconds; from its head it takes none of them.
 */
export class QueueHeads {
  readonly #heads = new Map<number, Head>();
  /** Sessions whose head fell so far behind that it is to be looked up again. */
  readonly stale: Set<number> = new Set();

  /** No entry of the session's queue lies below this sequence. */
  first(session: number): number {
    return this.#heads.get(session)?.first ?? 0;
  }

  /** Sequences below this one were removed or never will be used again, unless they are still there. */
  end(session: number): number {
    return (this.#heads.get(session)?.removed ?? -1) + 1;
  }

  /** A new entry lies nowhere below the head, unless its sequences began anew. */
  enqueued(session: number, sequence: number): void {
    const head = this.#heads.get(session);
    if (head !== undefined && sequence < head.first) head.first = sequence;
  }

  dequeued(session: number, sequence: number): void {
    let head = this.#heads.get(session);
    if (head === undefined) {
      head = { first: 0, removed: -1, removals: 0 };
      this.#heads.set(session, head);
    }
    if (sequence > head.removed) head.removed = sequence;
    if (sequence === head.first) {
      head.first++;
      return;
    }
    head.removals++;
    if (head.removals >= dequeuesPerCheck) this.stale.add(session);
  }

  /** A read found that no entry lies below `first`. */
  found(session: number, first: number): void {
    this.stale.delete(session);
    const head = this.#heads.get(session);
    if (head === undefined) {
      this.#heads.set(session, { first, removed: first - 1, removals: 0 });
      return;
    }
    head.first = Math.max(head.first, first);
    head.removals = 0;
  }

  forget(session: number): void {
    this.#heads.delete(session);
    this.stale.delete(session);
  }
}
