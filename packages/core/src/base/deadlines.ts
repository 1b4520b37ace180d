import { asError } from './as-error.ts';
import type { Environment } from './environment.ts';

/** Who is told that a deadline passed. */
export interface DeadlineOwner {
  onDeadline(deadline: Deadline): void;
}

/** A moment that its owner is to be told of. Made once and set as often as needed, without allocation. */
export class Deadline {
  readonly owner: DeadlineOwner;
  /** Monotonic milliseconds; Infinity when it is not set. */
  readonly at: number = Infinity;
  /** Index in the heap; -1 when it is not set. */
  readonly position: number = -1;
  /** Number of the call that set it: breaks ties. */
  readonly order: number = 0;

  constructor(owner: DeadlineOwner) {
    this.owner = owner;
  }
}

/** A deadline as its heap sees it. */
type Entry = { -readonly [Key in keyof Deadline]: Deadline[Key] };

// Node fires a longer timer at once.
const longestTimerMs = 2 ** 31 - 1;

// What one turn of the event loop may be held up by: 1,000 wills or session ends are about a millisecond, but a session
// that ends may have a thousand subscriptions.
const maxFiredPerTurn = 1_000;
const maxFiringMs = 1;

/** All deadlines of a broker: a binary heap by time, and one timer for its head. */
export class Deadlines {
  readonly #environment: Environment;
  readonly #onError: (error: Error) => void;
  readonly #heap: Entry[] = [];
  #order = 0;
  #timer: unknown;
  /** When the timer fires; Infinity when there is none, -Infinity while firing or deferred. */
  #armedFor = Infinity;
  #closed = false;
  readonly #onTimer = (): void => this.#fire();

  constructor(environment: Environment, onError: (error: Error) => void) {
    this.#environment = environment;
    this.#onError = onError;
  }

  /** Number of deadlines that are set. */
  get size(): number {
    return this.#heap.length;
  }

  /** Sets the deadline for `at` (monotonic milliseconds), again if it was set; Infinity clears it. */
  set(deadline: Deadline, at: number): void {
    // NaN is neither before nor after anything: it would silently disorder the heap.
    if (Number.isNaN(at)) throw new RangeError('a deadline needs a time');
    if (this.#closed || at === Infinity) {
      this.clear(deadline);
      return;
    }
    const entry: Entry = deadline;
    const before = entry.at;
    entry.at = at;
    entry.order = this.#order++;
    if (entry.position === -1) {
      this.#heap.push(entry);
      this.#rise(entry, this.#heap.length - 1);
    } else if (at < before) {
      this.#rise(entry, entry.position);
    } else {
      this.#sink(entry, entry.position);
    }
    // A later head leaves the timer alone: it finds nothing due and is armed again, which is rare and cheap.
    if (at < this.#armedFor) this.#arm();
  }

  /** Forgets the deadline; nothing happens when it is not set. */
  clear(deadline: Deadline): void {
    if (deadline.position === -1) return;
    this.#remove(deadline);
    if (this.#heap.length === 0 && this.#timer !== undefined) this.#disarm();
  }

  /** Forgets every deadline, and from now on each that is set. */
  close(): void {
    this.#closed = true;
    for (const entry of this.#heap) {
      entry.at = Infinity;
      entry.position = -1;
    }
    this.#heap.length = 0;
    this.#disarm();
  }

  #fire(): void {
    this.#timer = undefined;
    this.#armedFor = -Infinity;
    const now = this.#environment.monotonic();
    try {
      for (let fired = 0; fired < maxFiredPerTurn; fired++) {
        const head = this.#heap[0];
        if (head === undefined || head.at > now) break;
        this.#remove(head);
        try {
          head.owner.onDeadline(head);
        } catch (thrown) {
          this.#onError(asError(thrown));
        }
        if (this.#environment.monotonic() > now + maxFiringMs) break;
      }
    } finally {
      this.#armedFor = Infinity;
      const head = this.#heap[0];
      if (head !== undefined && head.at <= now) this.#defer();
      else if (head !== undefined) this.#arm();
    }
  }

  #defer(): void {
    this.#armedFor = -Infinity;
    this.#environment.defer(() => {
      if (!this.#closed) this.#fire();
    });
  }

  #arm(): void {
    const head = this.#heap[0] as Entry;
    if (this.#timer !== undefined) this.#environment.clearTimer(this.#timer);
    this.#armedFor = head.at;
    const delayMs = Math.ceil(head.at - this.#environment.monotonic());
    const bounded = Math.min(Math.max(delayMs, 0), longestTimerMs);
    this.#timer = this.#environment.setTimer(this.#onTimer, bounded);
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#environment.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#armedFor = Infinity;
  }

  #remove(entry: Entry): void {
    const hole = entry.position;
    const last = this.#heap.pop() as Entry;
    if (last !== entry) {
      this.#sink(last, hole);
      this.#rise(last, last.position);
    }
    entry.at = Infinity;
    entry.position = -1;
  }

  /** Puts the entry at the position or nearer to the head. */
  #rise(entry: Entry, from: number): void {
    let position = from;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      const above = this.#heap[parent] as Entry;
      if (!isBefore(entry, above)) break;
      this.#place(above, position);
      position = parent;
    }
    this.#place(entry, position);
  }

  /** Puts the entry at the position or farther from the head. */
  #sink(entry: Entry, from: number): void {
    const { length } = this.#heap;
    let position = from;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= length) break;
      let below = this.#heap[child] as Entry;
      const right = this.#heap[child + 1];
      if (right !== undefined && isBefore(right, below)) {
        child++;
        below = right;
      }
      if (!isBefore(below, entry)) break;
      this.#place(below, position);
      position = child;
    }
    this.#place(entry, position);
  }

  #place(entry: Entry, position: number): void {
    this.#heap[position] = entry;
    entry.position = position;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
