import { ByteReader, DamagedRecord } from './byte-reader.ts';
import type { Gate } from './gate.ts';
import { type KeyRange, numberAt, numberKey, Prefix, rangeOf, rangeOfSession } from './keys.ts';
import { readQueueEntry } from './records.ts';
import type { References } from './references.ts';
import type { Database } from './store.ts';

const keysPerStep = 1000;
/** Every start looks at all messages: in small portions, so that nobody waits for it. */
const messagesPerRead = 250;
const readAheadBytes = 256 * 1024;

/**
 * Removes in the background what nothing can reach any more: the queue, subscriptions and identifiers of sessions
 * that ended, and messages without references. Each step is one write between two commits. A mark under `g` stays
 * until a session is swept, so that a restart goes on with it.
 */
export class Sweeper {
  readonly #database: Database;
  readonly #gate: Gate;
  readonly #references: References;
  readonly #reader = new ByteReader();
  readonly #sessions = new Set<number>();
  #messagesBelow = 0;
  #running: Promise<void> | undefined;
  #cancelled = false;

  constructor(database: Database, gate: Gate, references: References) {
    this.#database = database;
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

  /** Settles when there is nothing left to do, or after `cancel`. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Ends with the step that is running; what is left over is found again by the next start. */
  cancel(): void {
    this.#cancelled = true;
  }

  #start(): void {
    if (this.#running !== undefined || this.#cancelled) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    try {
      for (const session of this.#sessions) {
        await this.#sweepSession(session);
        if (this.#cancelled) return;
        this.#sessions.delete(session);
      }
      if (this.#messagesBelow > 0) await this.#sweepMessages(this.#messagesBelow);
      this.#messagesBelow = 0;
    } catch {
      // A write that fails here fails for the next commit too, which is where somebody listens.
      this.#cancelled = true;
    }
  }

  async #sweepSession(session: number): Promise<void> {
    for (const prefix of [Prefix.queue, Prefix.subscription, Prefix.received] as const) {
      await this.#forEachStep(rangeOfSession(prefix, session), (entries) =>
        this.#removeEntries(entries),
      );
    }
    await this.#write(async () => {
      await this.#database.del(numberKey(Prefix.ended, session), { sync: false });
    });
  }

  async #sweepMessages(below: number): Promise<void> {
    const range = {
      gte: rangeOf(Prefix.message).gte,
      lt: numberKey(Prefix.message, below),
    };
    const iterator = this.#database.keys({ ...range, highWaterMarkBytes: readAheadBytes });
    try {
      while (!this.#cancelled) {
        const keys = await iterator.nextv(messagesPerRead);
        if (keys.length === 0) return;
        const isGarbage = (key: Buffer): boolean => this.#references.count(numberAt(key, 1)) === 0;
        if (!keys.some(isGarbage)) continue;
        await this.#write(async () => {
          const batch = this.#database.batch();
          // Asked again, as a commit may have come before.
          for (const key of keys) if (isGarbage(key)) batch.del(key);
          await batch.write({ sync: false });
        });
      }
    } finally {
      await iterator.close();
    }
  }

  async #forEachStep(
    range: KeyRange,
    remove: (entries: [Buffer, Buffer][]) => Promise<void>,
  ): Promise<void> {
    const iterator = this.#database.iterator({ ...range, highWaterMarkBytes: readAheadBytes });
    try {
      while (!this.#cancelled) {
        const entries = await iterator.nextv(keysPerStep);
        if (entries.length === 0) return;
        await this.#write(() => remove(entries));
      }
    } finally {
      await iterator.close();
    }
  }

  async #removeEntries(entries: readonly [Buffer, Buffer][]): Promise<void> {
    const batch = this.#database.batch();
    const givenBack: number[] = [];
    for (const [key, value] of entries) {
      batch.del(key);
      const message = key[0] === Prefix.queue ? this.#messageOf(key, value) : 0;
      if (message === 0 || this.#references.count(message) === 0) continue;
      this.#references.remove(message);
      givenBack.push(message);
      if (this.#references.count(message) === 0) batch.del(numberKey(Prefix.message, message));
    }
    try {
      await batch.write({ sync: false });
    } catch (error) {
      for (const message of givenBack) this.#references.add(message);
      throw error;
    }
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

  #write(write: () => Promise<void>): Promise<void> {
    return this.#gate.run(async () => {
      if (!this.#cancelled) await write();
    });
  }
}
