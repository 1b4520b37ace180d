import { Background, type Pass } from './background.ts';
import { isRot, unreadable } from './errors.ts';
import { PageFolder, readStoredPages } from './fold-pages.ts';
import type { Gate } from './gate.ts';
import type { Journal } from './journal.ts';
import type { MemoryChange, NumberedStore } from './numbered-store.ts';
import type { PageName } from './place-changes.ts';
import type { Quarantine } from './quarantine.ts';
import {
  behindNumber,
  type KeyRange,
  numberAt,
  numberKey,
  Prefix,
  pageKey,
  rangeOf,
  rangeOfSession,
} from './records/keys.ts';
import type { Places } from './records/page.ts';
import type { References } from './references.ts';

const keysPerStep = 1000;
/** With up to 32 messages each. */
const pagesPerStep = 32;
/** Every start looks at all messages: in small portions, so that nobody waits for it. */
const messagesPerRead = 250;
const readAheadBytes = 256 * 1024;

/** Nothing in memory hangs on it. */
const noChange: MemoryChange = { undo() {}, redo() {} };

/**
 * Removes in the background what nothing can reach any more: the queue, subscriptions and identifiers of sessions
 * that ended, and messages without references. Each step is one write between two commits. A mark under `g` stays
 * until a session is swept, so that a restart goes on with it.
 */
export class Sweeper {
  readonly #store: NumberedStore;
  readonly #gate: Gate;
  readonly #references: References;
  readonly #journal: Journal;
  readonly #quarantine: Quarantine;
  /** Damage in what is removed is of no interest. */
  readonly #pages = new PageFolder(() => {});
  readonly #background: Background = new Background((pass) => this.#run(pass));
  readonly #sessions = new Set<number>();
  #messagesBelow = 0;
  #isRotten = false;

  constructor(
    store: NumberedStore,
    gate: Gate,
    references: References,
    journal: Journal,
    quarantine: Quarantine,
  ) {
    this.#store = store;
    this.#gate = gate;
    this.#references = references;
    this.#journal = journal;
    this.#quarantine = quarantine;
  }

  /** Sessions that wait to be swept. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Sweeps sessions that have ended for good: nothing of them may be written any more. */
  sweepSessions(sessions: Iterable<number>): void {
    for (const session of sessions) this.#sessions.add(session);
    this.#background.start();
  }

  /** Removes messages without references, as far as they are older than the number. */
  sweepMessages(below: number): void {
    this.#messagesBelow = below;
    this.#background.start();
  }

  /** Settles when there is nothing left to do, or after `pause`. */
  idle(): Promise<void> {
    return this.#background.idle();
  }

  /** Ends with the step that is running; what is left over is found again by `resume`, or by the next start. */
  pause(): void {
    this.#background.pause();
  }

  resume(): void {
    this.#background.resume();
  }

  async #run(pass: Pass): Promise<void> {
    try {
      for (const session of this.#sessions) {
        const first = pageKey(Prefix.queue, session, 0);
        await this.#unlessRotten(first, this.#sweepSession(session, pass));
        if (pass.isCancelled) return;
        this.#sessions.delete(session);
      }
      const below = this.#messagesBelow;
      if (below > 0) {
        await this.#unlessRotten(numberKey(Prefix.message, 0), this.#sweepMessages(below, pass));
      }
      if (!pass.isCancelled) this.#messagesBelow = 0;
    } catch {
      // The next commit opens the database again before it writes, or fails, and that is where somebody listens.
      if (!pass.isCancelled) this.pause();
    }
  }

  /** What LevelDB cannot read is left to the next start, so that the rest of the sweep goes on. */
  async #unlessRotten(first: Buffer, swept: Promise<void>): Promise<void> {
    try {
      await swept;
    } catch (error) {
      if (!isRot(error) || this.#store.isBroken) throw error;
      // Whatever lies beside it in the block may hit many: once is enough.
      if (!this.#isRotten) this.#quarantine.reportUnreadable(first, unreadable(error));
      this.#isRotten = true;
    }
  }

  async #sweepSession(session: number, pass: Pass): Promise<void> {
    await this.#sweepChanges(session, pass);
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
        const isQueue = range.gte[0] === Prefix.queue;
        const entries = await iterator.nextv(isQueue ? pagesPerStep : keysPerStep);
        if (entries.length === 0) return;
        await this.#step(pass, () => this.#removeEntries(entries));
      }
    } finally {
      await iterator.close();
    }
  }

  async #removeEntries(entries: readonly [Buffer, Buffer][]): Promise<void> {
    const batch = this.#store.database.batch();
    const messages: number[] = [];
    for (const [key, value] of entries) {
      batch.del(key);
      if (key[0] !== Prefix.queue) continue;
      const [session, page] = [numberAt(key, 1), numberAt(key, behindNumber)];
      const stored = { name: { prefix: Prefix.queue, session, page }, key, value };
      addMessages(messages, this.#pages.placesOf(stored));
    }
    await this.#write(batch, messages, () => {});
  }

  /**
   * Removes the pages of which the journal changes something, and then those changes from memory: no fold may write
   * them again. Records of the journal may bring some of it back at the next start, which sweeps it again.
   */
  async #sweepChanges(session: number, pass: Pass): Promise<void> {
    const journal = this.#journal;
    for (let isDone = false; !isDone && !pass.isCancelled; ) {
      await this.#step(pass, async () => {
        const names = journal.pagesOf(session, pagesPerStep);
        isDone = names.length === 0;
        if (isDone) journal.forgetSession(session);
        else await this.#removeChanged(names);
      });
    }
  }

  async #removeChanged(names: readonly PageName[]): Promise<void> {
    const batch = this.#store.database.batch();
    const messages: number[] = [];
    for (const stored of await readStoredPages(this.#store.database, names)) {
      const places = this.#pages.placesOf(stored);
      this.#journal.change(stored.name, places);
      addMessages(messages, places);
      batch.del(stored.key);
    }
    await this.#write(batch, messages, () => {
      for (const name of names) this.#journal.forgetPage(name);
    });
  }

  /** Writes a batch that takes away one reference to each of the messages, and those that have none left. */
  async #write(
    batch: ReturnType<NumberedStore['database']['batch']>,
    messages: readonly number[],
    done: () => void,
  ): Promise<void> {
    const references = this.#references;
    const givenBack: number[] = [];
    for (const message of messages) {
      if (references.count(message) === 0) continue;
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
        done();
      },
    });
    done();
  }

  #step(pass: Pass, write: () => Promise<void>): Promise<void> {
    return this.#gate.run(async () => {
      if (!pass.isCancelled) await write();
    });
  }
}

/** Entries that were released have none. */
function addMessages(messages: number[], places: Readonly<Places>): void {
  for (const entry of places) if (entry && entry.message !== 0) messages.push(entry.message);
}
