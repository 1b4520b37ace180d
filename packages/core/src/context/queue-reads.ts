import type { Persistence, QueuedMessage } from '@sluice/plugin';
import fastq from 'fastq';
import type { SlicedTask, Turn } from '../base/turn.ts';

interface QueueRead {
  readonly session: number;
  readonly after: number;
  readonly limit: number;
}

// What a window holds is sent in the same turn: a hundred messages or so, some hundred microseconds.
const readsPerTurn = 4;

/** Reads windows of queues from the persistence, a few side by side and a turn: a thousand returning clients take turns. */
export class QueueReads implements SlicedTask {
  readonly #queue: fastq.queueAsPromised<QueueRead, readonly QueuedMessage[]>;
  readonly #turn: Turn;
  /** Reads of this turn. */
  #begun = 0;
  /** Those who wait for the next one. */
  #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(persistence: Persistence, maxDiskReads: number, turn: Turn) {
    this.#turn = turn;
    this.#queue = fastq.promise(async ({ session, after, limit }: QueueRead) => {
      while (this.#begun >= readsPerTurn && !this.#isClosed) await this.#nextTurn();
      if (this.#isClosed) return await nothing();
      if (this.#begun++ === 0) this.#turn.share(this);
      return await this.#unlessClosed(persistence.readQueue(session, after, limit));
    }, maxDiskReads);
  }

  /** The next entries with a sequence above `after`. Never settles once it is closed. */
  read(session: number, after: number, limit: number): Promise<readonly QueuedMessage[]> {
    return this.#queue.push({ session, after, limit });
  }

  /** The persistence is about to be closed: nobody hears of a queue any more, or would act on it. */
  close(): void {
    this.#isClosed = true;
    this.slice();
  }

  /** Another turn begins. */
  slice(): boolean {
    this.#begun = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
    return false;
  }

  async #unlessClosed<Records>(reading: Records | Promise<Records>): Promise<Records> {
    try {
      const records = await reading;
      return this.#isClosed ? await nothing() : records;
    } catch (error) {
      if (this.#isClosed) return await nothing();
      throw error;
    }
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** Another one each time: one for all would keep everybody who waits. */
function nothing(): Promise<never> {
  return new Promise(() => {});
}
