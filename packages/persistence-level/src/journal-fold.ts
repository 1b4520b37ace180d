import { setImmediate as nextTurn } from 'node:timers/promises';
import { Background, type Pass } from './background.ts';
import { newPage, PageFolder, readStoredPages, type StoredPage } from './fold-pages.ts';
import type { Gate } from './gate.ts';
import type { Journal } from './journal.ts';
import type { MemoryChange, NumberedStore } from './numbered-store.ts';
import type { PageName } from './place-changes.ts';
import type { Quarantine } from './quarantine.ts';
import { numberKey, Prefix } from './records/keys.ts';

// Between two commits: some two milliseconds of work. Where sessions are so many that the journal grows
// faster than that, commits wait for more of it.
const pagesPerStep = 250;
const pagesPerLargeStep = 2500;
const recordsPerStep = 2500;
// A millisecond or two of the event loop.
const pagesPerTurn = 500;

/** The same pages may be written again, and the same records removed. */
const noChange: MemoryChange = { undo() {}, redo() {} };

/**
 * Folds the journal into pages when it has become long, beside the commits: first all pages that it changes, then its
 * records are removed, the oldest first. Wherever that is cut short, what is left of the journal says everything that
 * any page may be missing, and says of nothing less than the last of it.
 *
 * Each of its writes is synced if the store's durability asks for it: a record may only be removed when the pages are
 * durable, and only after those before it.
 */
export class JournalFold {
  readonly #store: NumberedStore;
  readonly #gate: Gate;
  readonly #journal: Journal;
  readonly #sync: boolean;
  readonly #folder: PageFolder;
  readonly #background: Background;

  /** However short the journal is. */
  #isForced = false;

  constructor(
    store: NumberedStore,
    gate: Gate,
    journal: Journal,
    quarantine: Quarantine,
    sync: boolean,
  ) {
    this.#store = store;
    this.#gate = gate;
    this.#journal = journal;
    this.#sync = sync;
    this.#folder = new PageFolder((batch, { key, value }, reason) => {
      if (value === undefined) quarantine.reportUnreadable(key, reason);
      else quarantine.putAside(batch, key, value, reason);
    });
    this.#background = new Background((pass) => this.#run(pass));
  }

  /** Called after each commit. */
  startIfDue(): void {
    if (this.#hasWork && !this.#background.isRunning) this.#background.start();
  }

  /** Folds all of it, as far as that can be done: a start has less to do then. */
  async finish(): Promise<void> {
    this.#isForced = true;
    this.#background.start();
    await this.#background.idle();
    this.#isForced = false;
  }

  idle(): Promise<void> {
    return this.#background.idle();
  }

  pause(): void {
    this.#background.pause();
  }

  resume(): void {
    this.#background.resume();
  }

  get #hasWork(): boolean {
    const journal = this.#journal;
    if (journal.isFolding || journal.first <= journal.folded || journal.isDue) return true;
    return this.#isForced && !journal.isEmpty;
  }

  async #run(pass: Pass): Promise<void> {
    const journal = this.#journal;
    while (this.#hasWork) {
      if (!journal.isFolding && journal.first > journal.folded) journal.beginFold();
      if (journal.isFolding) {
        await this.#foldPages(pass);
        if (pass.isCancelled) return;
        journal.endFold();
      }
      await this.#removeRecords(pass);
      if (pass.isCancelled) return;
    }
  }

  async #foldPages(pass: Pass): Promise<void> {
    const { oldest } = this.#journal;
    let names: PageName[] = [];
    for (const name of oldest.names()) {
      names.push(name);
      if (names.length < (this.#journal.isDue ? pagesPerLargeStep : pagesPerStep)) continue;
      await this.#foldStep(names, pass);
      if (pass.isCancelled) return;
      names = [];
    }
    await this.#foldStep(names, pass);
  }

  async #foldStep(names: readonly PageName[], pass: Pass): Promise<void> {
    // Nothing else writes pages, but for the sweep, which takes away their changes, too.
    const pages = await this.#readPages(names);
    await this.#step(pass, async () => {
      const batch = this.#store.database.batch();
      for (let i = 0; i < pages.length; i += pagesPerTurn) {
        if (i > 0) await nextTurn();
        this.#folder.fold(batch, pages.slice(i, i + pagesPerTurn), this.#journal.oldest);
      }
      if (batch.length === 0) return await batch.close();
      await this.#store.write(batch, this.#sync, noChange);
    });
  }

  /** Those that are to be written anew as a whole need not be read: of queues that only grow, all. */
  async #readPages(names: readonly PageName[]): Promise<StoredPage[]> {
    const { oldest } = this.#journal;
    const pages: StoredPage[] = [];
    const before: PageName[] = [];
    for (const name of names) {
      if (oldest.hasBegun(name)) pages.push(newPage(name));
      else before.push(name);
    }
    return pages.concat(await readStoredPages(this.#store.database, before));
  }

  async #removeRecords(pass: Pass): Promise<void> {
    const journal = this.#journal;
    while (journal.first <= journal.folded && !pass.isCancelled) {
      const end = Math.min(journal.first + recordsPerStep, journal.folded + 1);
      await this.#step(pass, async () => {
        const batch = this.#store.database.batch();
        for (let i = journal.first; i < end; i++) batch.del(numberKey(Prefix.journal, i));
        await this.#store.write(batch, this.#sync, noChange);
        journal.first = end;
      });
    }
  }

  /** A write that fails pauses it: the next commit opens the database again before it writes. */
  #step(pass: Pass, write: () => Promise<void>): Promise<void> {
    return this.#gate.run(async () => {
      if (pass.isCancelled) return;
      try {
        await write();
      } catch (error) {
        if (this.#store.isBroken) this.#background.pause();
        throw error;
      }
    });
  }
}
