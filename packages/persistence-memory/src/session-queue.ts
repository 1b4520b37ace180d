import type { QueuedMessage } from '@sluice/plugin';

/** An entry of a queue: it names its message, whose body is shared. */
export interface QueueEntry extends Omit<QueuedMessage, 'message'> {
  /** 0 once released. */
  readonly message: number;
}

/** What few entries have. */
type Details = Pick<QueueEntry, 'subscriptionIdentifiers' | 'sharedFilter'>;

// An entry is one number: that of its message, and these. Together they are the last bits, which no message number reaches
// before 2^50.
const qos2 = 1;
const retain = 2;
const released = 4;
const flags = 8;

const noDetails: Details = Object.freeze({ subscriptionIdentifiers: Object.freeze([]) });

/** The queue of one session, in order of the sequences. */
export class SessionQueue {
  /** By sequence. They are added in order, so the Map's order is the queue's. */
  readonly #entries = new Map<number, number>();
  #details: Map<number, Details> | undefined;
  #lastSequence = -1;

  get size(): number {
    return this.#entries.size;
  }

  /** Above every sequence in it; 0 when it is empty. */
  get nextSequence(): number {
    if (this.#entries.size === 0) return 0;
    let last = this.#lastSequence;
    while (!this.#entries.has(last)) last--;
    return last + 1;
  }

  get(sequence: number): QueueEntry | undefined {
    const entry = this.#entries.get(sequence);
    if (entry === undefined) return undefined;
    const bits = entry % flags;
    return {
      sequence,
      message: (entry - bits) / flags,
      qos: (bits & qos2) === 0 ? 1 : 2,
      retain: (bits & retain) !== 0,
      released: (bits & released) !== 0,
      ...(this.#details?.get(sequence) ?? noDetails),
    };
  }

  /** Number of the message of an entry, 0 once released; undefined where there is no entry. */
  messageOf(sequence: number): number | undefined {
    const entry = this.#entries.get(sequence);
    return entry === undefined ? undefined : Math.floor(entry / flags);
  }

  add(entry: QueueEntry): void {
    const { sequence, message, subscriptionIdentifiers, sharedFilter } = entry;
    this.#set(sequence, message, bitsOf(entry.qos, entry.retain, entry.released));
    if (subscriptionIdentifiers.length === 0 && sharedFilter === undefined) return;
    this.#details ??= new Map();
    this.#details.set(sequence, {
      subscriptionIdentifiers,
      ...(sharedFilter !== undefined && { sharedFilter }),
    });
  }

  /** As `add`, of a message that is not released and was not chosen by a share group. */
  enqueue(
    sequence: number,
    message: number,
    qos: 1 | 2,
    isRetained: boolean,
    subscriptionIdentifiers: readonly number[],
  ): void {
    this.#set(sequence, message, bitsOf(qos, isRetained, false));
    if (subscriptionIdentifiers.length === 0) return;
    this.#details ??= new Map();
    this.#details.set(sequence, { subscriptionIdentifiers });
  }

  delete(sequence: number): void {
    this.#entries.delete(sequence);
    this.#details?.delete(sequence);
  }

  /** Numbers of the messages in it. */
  *messages(): IterableIterator<number> {
    for (const entry of this.#entries.values()) yield Math.floor(entry / flags);
  }

  /** At most `limit` entries above a sequence, in order. */
  window(after: number, limit: number): QueueEntry[] {
    const entries: QueueEntry[] = [];
    for (const sequence of this.#sequences(after)) {
      if (entries.length >= Math.min(limit, this.#entries.size)) break;
      const entry = this.get(sequence);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  #set(sequence: number, message: number, bits: number): void {
    this.#entries.set(sequence, message * flags + bits);
    this.#lastSequence = Math.max(this.#lastSequence, sequence);
    this.#details?.delete(sequence);
  }

  /** Sequences above one, in order, some of which may be gone. */
  *#sequences(after: number): IterableIterator<number> {
    // Where the gap between two windows is small, asking for each sequence beats walking from the front.
    if (this.#lastSequence - after <= 2 * this.#entries.size) {
      for (let sequence = after + 1; sequence <= this.#lastSequence; sequence++) yield sequence;
      return;
    }
    for (const sequence of this.#entries.keys()) if (sequence > after) yield sequence;
  }
}

function bitsOf(qos: 1 | 2, isRetained: boolean, isReleased: boolean): number {
  return (qos === 2 ? qos2 : 0) | (isRetained ? retain : 0) | (isReleased ? released : 0);
}
