import { asError } from './as-error.ts';
import type { Environment } from './environment.ts';
import { Line } from './line.ts';

/** Work that is put off to the end of a turn of the event loop. */
export interface TurnTask {
  endTurn(): void;
}

/** Work that is too much for one turn. */
export interface SlicedTask {
  /**
   * Does a part of it, which ends soon after `until` (monotonic milliseconds) and is bounded in another way as well.
   * True when there is more to do.
   */
  slice(until: number): boolean;
}

const defaultMaxTurnMs = 4;

// The clock is read once for so many: a write takes about as long as a hundred readings.
const outputsPerLook = 16;

/** Of the time of a turn, what is for reading, and what is left for writing in any case. */
const readingShare = 3 / 4;
const leastShare = 1 / 4;

/** How long outputs wait for one that is still added to: a write takes as long as ten messages for its receiver. */
const maxGatheringMs = 25;

/** What one slice may take, where the turn has that much left. */
const maxSliceMs = 1;

// For so many, a write each now and at the end of the turn costs less than memory that is in no cache any more.
const fewOutputs = 4;

// So many places of outputs that were written are kept before the others move up.
const maxWritten = 16_384;

/**
 * The end of a turn: after the reads of all sockets, commits are made first and outputs are written then,
 * so that an answer released by a commit leaves in the same write as everything else. Last comes work in slices, one of
 * each task in turn. What there is no time for comes first in the next turn, slices before anything is read.
 */
export class Turn {
  readonly #environment: Environment;
  readonly #maxMs: number;
  readonly #onError: (error: Error) => void;
  readonly #onWritten: () => void;
  readonly #run: () => void = () => this.#end();
  #commits: TurnTask[] = [];
  readonly #outputs: TurnTask[] = [];
  /** Those before it were written. */
  #written = 0;
  #isWriting = false;
  readonly #sliced: Line<SlicedTask> = new Line();
  /** Whether what goes on in the next turn adds to many outputs. */
  #isGathering = false;
  /** Until then outputs are not written for it; undefined where they are. */
  #gathersUntil: number | undefined;
  /** Slices had no time in the last turn: nothing is read in this one. */
  #slicesFirst = false;
  #scheduled = false;
  #number = 0;
  /** Monotonic milliseconds of the first work in this turn; undefined before. */
  #startedAt: number | undefined;

  /**
   * `maxMs` is what one turn may take, as far as its work can be put off. `onWritten` is called whenever all outputs
   * are written, at least once in a turn that is not too long for that.
   */
  constructor(
    environment: Environment,
    maxMs: number = defaultMaxTurnMs,
    onError: (error: Error) => void = () => {},
    onWritten: () => void = () => {},
  ) {
    this.#environment = environment;
    this.#maxMs = maxMs;
    this.#onError = onError;
    this.#onWritten = onWritten;
  }

  /** Another one for each turn with work in it. */
  get number(): number {
    return this.#number;
  }

  /** Whether no more should be read in this turn: the rest of it is for what was read. Counts as work. */
  get isOver(): boolean {
    const now = this.#environment.monotonic();
    return now > this.readsUntil(now);
  }

  /** Until when this turn is for reading, in monotonic milliseconds. Counts as work. */
  readsUntil(now: number): number {
    this.#startedAt ??= now;
    this.#schedule();
    if (this.#slicesFirst) return Number.NEGATIVE_INFINITY;
    return this.#startedAt + this.#maxMs * readingShare;
  }

  /** Runs a commit at the end of this turn. */
  commit(task: TurnTask): void {
    this.#commits.push(task);
    this.#schedule();
  }

  /** Writes an output at the end of this turn. */
  flush(task: TurnTask): void {
    this.#outputs.push(task);
    this.#schedule();
  }

  /** Does a slice of the task at the end of this turn and of each that follows, until it is done. */
  share(task: SlicedTask): void {
    this.#sliced.add(task);
    this.#schedule();
  }

  /** As `share`, where each slice adds to the same outputs: for some turns they are not written, so that they are once. */
  shareGathering(task: SlicedTask): void {
    this.#isGathering = true;
    this.share(task);
  }

  /** Much was read: what came of it is written at once where it is for few. */
  writeFew(): void {
    if (this.#isWriting || this.#isGathering || this.#gathersUntil !== undefined) return;
    if (this.#outputs.length - this.#written > fewOutputs) return;
    this.#write(Number.POSITIVE_INFINITY);
    if (this.#outputs.length === 0) this.#onWritten();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#environment.defer(this.#run);
  }

  #end(): void {
    this.#scheduled = false;
    this.#number++;
    const commits = this.#commits;
    if (commits.length > 0) {
      this.#commits = [];
      for (let index = 0; index < commits.length; index++) commits[index]?.endTurn();
    }
    const now = this.#environment.monotonic();
    const until = (this.#startedAt ?? now) + this.#maxMs;
    this.#startedAt = undefined;
    if (!this.#gathers(now)) this.#write(Math.max(until, now + this.#maxMs * leastShare));
    if (this.#outputs.length === 0) this.#onWritten();
    if (this.#sliced.length > 0) this.#slice(until);
    if (this.#outputs.length > 0 || this.#sliced.length > 0) this.#schedule();
  }

  /** Whether outputs wait for what is added to them. */
  #gathers(now: number): boolean {
    const isGathering = this.#isGathering;
    this.#isGathering = false;
    if (isGathering) this.#gathersUntil ??= now + maxGatheringMs;
    if (isGathering && now < (this.#gathersUntil as number)) return true;
    this.#gathersUntil = undefined;
    return false;
  }

  /** Writes those that are there, but for what there is no time for. */
  #write(until: number): void {
    this.#isWriting = true;
    this.#writeUntil(until);
    this.#isWriting = false;
  }

  #writeUntil(until: number): void {
    const outputs = this.#outputs;
    const end = outputs.length;
    let index = this.#written;
    while (index < end) {
      outputs[index++]?.endTurn();
      if (index % outputsPerLook === 0 && this.#environment.monotonic() >= until) break;
    }
    if (index === outputs.length) outputs.length = 0;
    else if (index === end || index > maxWritten) outputs.splice(0, index);
    else {
      this.#written = index;
      return;
    }
    this.#written = 0;
  }

  #slice(until: number): void {
    const tasks = this.#sliced;
    // Reading and writing took all of this turn. They may not do so twice, or a busy broker would never get on with it.
    this.#slicesFirst = !this.#slicesFirst && this.#environment.monotonic() >= until;
    if (this.#slicesFirst) return;
    for (let left = tasks.length; left > 0; left--) {
      const task = tasks.take() as SlicedTask;
      const now = this.#environment.monotonic();
      if (this.#doSlice(task, Math.min(until, now + maxSliceMs))) tasks.add(task);
      if (this.#environment.monotonic() >= until) return;
    }
  }

  #doSlice(task: SlicedTask, until: number): boolean {
    try {
      return task.slice(until);
    } catch (thrown) {
      this.#onError(asError(thrown));
      return false;
    }
  }
}
