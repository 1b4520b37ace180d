import type { Gate } from './gate.ts';
import type { MemoryChange, NumberedStore } from './numbered-store.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import {
  type KeyRange,
  numberAt,
  numberKey,
  Prefix,
  rangeOf,
  rangeOfSession,
} from './records/keys.ts';
import { readQueueEntry } from './records/records.ts';
import type { References } from './references.ts';

const keysPerStep = 1000;
/** Every start looks at all messages: in small portions, so that nobody waits for it. */
const messagesPerRead = 250;
const readAheadBytes = 256 * 1024;

/** Nothing in memory hangs on it. */
const noChange: MemoryChange = { undo() {}, redo() {} };

/** One pass over what is to be removed. */
interface Pass {
  isCancelled: boolean;
}

/**
 * Removes in the background what nothing can reach any more: the queue, subscriptions and identifiers of sessions
 * that ended, and messages without references. Each step is one write between two commits. A mark under `g` stays
 * until a session is swept, so that a restart goes on with it.
 */
export class Sweeper {
  readonly #store: NumberedStore;
  readonly #gate: Gate;
  readonly #references: References;
  readonly #reader = new ByteReader();
  readonly #sessions = new Set<number>();
  #messagesBelow = 0;
  #pass: Pass | undefined;
  #running: Promise<void> | undefined;
  #paused = false;

  constructor(store: NumberedStore, gate: Gate, references: References) {
    this.#store = store;
    this.#gate = gate;
    this.#references = references;
  }

  /** Sessions that wait to be swept. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Sweeps sessions that have ended for good: nothing of them may be written any more. */
  sweepSessions(sessions: Iterable<number>): void {
    for (const session of sessions) this.#sessions.add(session);
    this.#start();
  }

  /** Removes messages without references, as far as they are older than the number. */
  sweepMessages(below: number): void {
    this.#messagesBelow = below;
    this.#start();
  }

  /** Settles when there is nothing left to do, or after `pause`. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Ends with the step that is running; what is left over is found again by `resume`, or by the next start. */
  pause(): void {
    this.#paused = true;
    if (this.#pass !== undefined) this.#pass.isCancelled = true;
    this.#pass = undefined;
  }

  resume(): void {
    this.#paused = false;
    this.#start();
  }

  #start(): void {
    if (this.#pass !== undefined || this.#paused) return;
    const pass: Pass = { isCancelled: false };
    this.#pass = pass;
    const running = this.#run(pass, this.#running).finally(() => {
      if (this.#pass === pass) this.#pass = undefined;
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
  }

  /** `before` is a pass that was cancelled and has not noticed yet. */
  async #run(pass: Pass, before: Promise<void> | undefined): Promise<void> {
    await before;
    try {
      for (const session of this.#sessions) {
        await this.#sweepSession(session, pass);
        if (pass.isCancelled) return;
        this.#sessions.delete(session);
      }
      if (this.#messagesBelow > 0) await this.#sweepMessages(this.#messagesBelow, pass);
      if (!pass.isCancelled) this.#messagesBelow = 0;
    } catch {
      // The next commit opens the database again before it writes, or fails, and that is where somebody listens.
      if (this.#pass === pass) this.pause();
    }
  }

  async #sweepSession(session: number, pass: Pass): Promise<void> {
    for (const prefix of [Prefix.queue, Prefix.subscription, Prefix.received] as const) {
      await this.#removeRange(rangeOfSession(prefix, session), pass);
    }
    await this.#step(pass, async () => {
      const batch = this.#store.database.batch();
      batch.del(numberKey(Prefix.ended, session));
      await this.#store.write(batch, false, noChange);
    });
  }

  async #sweepMessages(below: number, pass: Pass): Promise<void> {
    const range = {
      gte: rangeOf(Prefix.message).gte,
      lt: numberKey(Prefix.message, below),
    };
    const { database } = this.#store;
    const iterator = database.keys({ ...range, highWaterMarkBytes: readAheadBytes });
    try {
      while (!pass.isCancelled) {
        const keys = await iterator.nextv(messagesPerRead);
        if (keys.length === 0) return;
        const isGarbage = (key: Buffer): boolean => this.#references.count(numberAt(key, 1)) === 0;
        if (!keys.some(isGarbage)) continue;
        await this.#step(pass, async () => {
          const batch = database.batch();
          // Asked again, as a commit may have come before.
          for (const key of keys) if (isGarbage(key)) batch.del(key);
          await this.#store.write(batch, false, noChange);
        });
      }
    } finally {
      await iterator.close();
    }
  }

  async #removeRange(range: KeyRange, pass: Pass): Promise<void> {
    const { database } = this.#store;
    const iterator = database.iterator({ ...range, highWaterMarkBytes: readAheadBytes });
    try {
      while (!pass.isCancelled) {
        const entries = await iterator.nextv(keysPerStep);
        if (entries.length === 0) return;
        await this.#step(pass, () => this.#removeEntries(entries));
      }
    } finally {
      await iterator.close();
    }
  }

  async #removeEntries(entries: readonly [Buffer, Buffer][]): Promise<void> {
    const references = this.#references;
    const batch = this.#store.database.batch();
    const givenBack: number[] = [];
    for (const [key, value] of entries) {
      batch.del(key);
      const message = key[0] === Prefix.queue ? this.#messageOf(key, value) : 0;
      if (message === 0 || references.count(message) === 0) continue;
      references.remove(message);
      givenBack.push(message);
      if (references.count(message) === 0) batch.del(numberKey(Prefix.message, message));
    }
    await this.#store.write(batch, false, {
      undo() {
        for (const message of givenBack) references.add(message);
      },
      redo() {
        for (const message of givenBack) references.remove(message);
      },
    });
  }

  /** 0 for an entry that was released, or whose damage is of no interest any more. */
  #messageOf(key: Buffer, value: Buffer): number {
    try {
      return readQueueEntry(this.#reader.open(key, value)).message;
    } catch (error) {
      if (error instanceof DamagedRecord) return 0;
      throw error;
    }
  }

  #step(pass: Pass, write: () => Promise<void>): Promise<void> {
    return this.#gate.run(async () => {
      if (!pass.isCancelled) await write();
    });
  }
}
