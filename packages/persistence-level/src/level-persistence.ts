import type { OpenOptions, Operation, Persistence, QueuedMessage, Snapshot } from '@sluice/plugin';
import { ByteWriter } from './byte-writer.ts';
import { CommitBatch, type StoreMemory } from './commit-batch.ts';
import { EndedSessions } from './ended-sessions.ts';
import { corruptError, notOpenError, readFailedError, writeFailedError } from './errors.ts';
import { Gate } from './gate.ts';
import { type Loaded, Loader } from './load.ts';
import { type LevelOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { Quarantine } from './quarantine.ts';
import { QueueHeads } from './queue-heads.ts';
import { QueueReader } from './queue-reader.ts';
import { type Database, openDatabase, openStore } from './store.ts';
import { Sweeper } from './sweep.ts';

/** What belongs to one open database: replaced as a whole when it has to be opened again. */
interface OpenStore {
  readonly database: Database;
  readonly memory: StoreMemory;
  readonly reader: QueueReader;
  readonly sweeper: Sweeper;
}

/** Durable state in a LevelDB database: every commit is one atomic batch. */
export class LevelPersistence implements Persistence {
  readonly #options: ResolvedOptions;
  readonly #gate = new Gate();
  readonly #writer = new ByteWriter();
  readonly #ended = new EndedSessions();
  readonly #quarantine: Quarantine;
  #store: OpenStore | undefined;
  /** LevelDB refuses every write after one that failed, until it is opened again. */
  #broken = false;
  /** With durability 'none': the write that was acknowledged before it was done, and how one failed. */
  #unawaited: Promise<void> | undefined;
  #unreported: unknown;

  /** Throws SLUICE_LEVEL_OPTIONS. */
  constructor(options: LevelOptions) {
    this.#options = resolveOptions(options);
    this.#quarantine = new Quarantine(this.#options.onCorrupt);
  }

  /** Rejects with SLUICE_LEVEL_LOCKED, _UNWRITABLE, _CORRUPT, _FORMAT or _ROLLED_BACK. */
  async open(options: OpenOptions = {}): Promise<Snapshot> {
    const database = await openStore(this.#options);
    try {
      const loaded = await this.#load(database, options);
      const garbage = new Set([...loaded.ended, ...loaded.orphans]);
      this.#use(database, loaded, garbage);
      this.#store?.sweeper.sweepMessages(loaded.snapshot.nextMessageNumber);
      return loaded.snapshot;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** Rejects with SLUICE_LEVEL_WRITE_FAILED; then nothing was acknowledged, and the next commit tries to recover. */
  commit(operations: readonly Operation[]): void | Promise<void> {
    if (this.#options.durability !== 'none') return this.#write(operations);
    if (this.#unreported !== undefined) {
      const error = this.#unreported;
      this.#unreported = undefined;
      return Promise.reject(error);
    }
    const before = this.#unawaited;
    const written = this.#write(operations)
      .catch((error: unknown) => {
        this.#unreported = error;
      })
      .finally(() => {
        if (this.#unawaited === written) this.#unawaited = undefined;
      });
    this.#unawaited = written;
    return before;
  }

  async readQueue(
    session: number,
    after: number,
    limit: number,
  ): Promise<readonly QueuedMessage[]> {
    if (this.#unawaited !== undefined) await this.#unawaited;
    if (this.#ended.has(session)) return [];
    const { reader } = this.#opened();
    try {
      return await reader.read(session, after, limit);
    } catch (error) {
      throw readFailedError(this.#options.path, error);
    } finally {
      if (!this.#quarantine.isEmpty) this.#moveDamaged();
    }
  }

  /** Settles when nothing is left to be removed in the background: before a backup, or in a test. */
  async idle(): Promise<void> {
    await this.#store?.sweeper.idle();
    await this.#gate.idle();
  }

  async close(): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    store.sweeper.cancel();
    await store.sweeper.idle();
    await this.#gate.idle();
    this.#store = undefined;
    await store.database.close();
  }

  #write(operations: readonly Operation[]): Promise<void> {
    return this.#gate.run(async () => {
      if (this.#broken) await this.#recover();
      const { database, memory, sweeper } = this.#opened();
      const batch = new CommitBatch(database, memory, this.#writer);
      batch.add(operations);
      try {
        await batch.write(this.#options.durability === 'fsync');
      } catch (error) {
        this.#broken = true;
        sweeper.cancel();
        throw writeFailedError(this.#options.path, error);
      }
      if (batch.ended.length > 0) sweeper.sweepSessions(batch.ended);
      if (memory.heads.stale.size > 0) this.#refreshHeads();
    });
  }

  /** Opens the database again. Whether the write that failed is in it or not, its references are counted anew. */
  async #recover(): Promise<void> {
    const { path } = this.#options;
    const { database, sweeper } = this.#opened();
    sweeper.cancel();
    let reopened: Database | undefined;
    try {
      await database.close();
      reopened = await openDatabase(this.#options, false);
      const loaded = await this.#load(reopened, {});
      this.#use(reopened, loaded, loaded.ended);
    } catch (error) {
      await reopened?.close();
      throw writeFailedError(path, error);
    }
    this.#broken = false;
  }

  async #load(database: Database, options: OpenOptions): Promise<Loaded> {
    try {
      const loaded = await new Loader(database, this.#quarantine, options.onProgress).load();
      await this.#quarantine.move(database);
      return loaded;
    } catch (error) {
      throw corruptError(this.#options.path, `it cannot be read (${String(error)})`, error);
    }
  }

  #use(database: Database, { snapshot, references }: Loaded, garbage: ReadonlySet<number>): void {
    const heads = new QueueHeads();
    const memory: StoreMemory = {
      references,
      heads,
      ended: this.#ended,
      next: { message: snapshot.nextMessageNumber, session: snapshot.nextSessionNumber },
    };
    const sweeper = new Sweeper(database, this.#gate, references);
    for (const session of garbage) this.#ended.add(session);
    sweeper.sweepSessions(garbage);
    const reader = new QueueReader(database, heads, this.#quarantine);
    this.#store = { database, memory, reader, sweeper };
  }

  #refreshHeads(): void {
    const { memory, reader } = this.#opened();
    for (const session of memory.heads.stale) {
      memory.heads.stale.delete(session);
      // Only a shortcut: without it the next read starts further back.
      reader.findHead(session).catch(() => {});
    }
  }

  #moveDamaged(): void {
    this.#gate
      .run(async () => {
        if (this.#store !== undefined) await this.#quarantine.move(this.#store.database);
      })
      // Still damaged, it is met and reported again after the next start.
      .catch(() => {});
  }

  #opened(): OpenStore {
    if (this.#store === undefined) throw notOpenError(this.#options.path);
    return this.#store;
  }
}
