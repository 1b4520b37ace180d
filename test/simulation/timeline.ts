/** Something that happens at a virtual moment, unless it is cancelled before. */
export interface Moment {
  readonly at: number;
  readonly order: number;
  /** Undefined once it has happened or was cancelled. */
  run: (() => void) | undefined;
}

/** Virtual time: it passes only from one moment to the next. A binary heap by time, then by order of the calls. */
export class Timeline {
  /** Milliseconds since the history began. */
  now = 0;
  readonly #heap: Moment[] = [];
  #order = 0;

  after(delayMs: number, run: () => void): Moment {
    const moment: Moment = { at: this.now + delayMs, order: this.#order++, run };
    this.#rise(moment);
    return moment;
  }

  cancel(moment: Moment | undefined): void {
    if (moment !== undefined) moment.run = undefined;
  }

  /** When the next moment is; Infinity when nothing is to come. */
  get next(): number {
    while (this.#heap[0] !== undefined && this.#heap[0].run === undefined) this.#shift();
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Lets time pass in which nothing happens. */
  passTo(at: number): void {
    this.now = Math.max(this.now, at);
  }

  /** Goes to the next moment. */
  step(): void {
    const moment = this.#shift();
    const run = moment?.run;
    if (moment === undefined || run === undefined) return;
    moment.run = undefined;
    this.now = Math.max(this.now, moment.at);
    run();
  }

  #rise(moment: Moment): void {
    const heap = this.#heap;
    let position = heap.push(moment) - 1;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      const above = heap[parent] as Moment;
      if (!isBefore(moment, above)) break;
      heap[position] = above;
      position = parent;
    }
    heap[position] = moment;
  }

  #shift(): Moment | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let position = 0;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Moment)) child++;
      const below = heap[child] as Moment;
      if (!isBefore(below, last)) break;
      heap[position] = below;
      position = child;
    }
    heap[position] = last;
    return first;
  }
}

function isBefore(one: Moment, other: Moment): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
