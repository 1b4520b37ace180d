import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  BrokerError,
  Durability,
  OpenOptions,
  Operation,
  Persistence,
  QueuedMessage,
  Snapshot,
} from '@sluice/plugin';
import { type BackupOptions, type BackupReport, writeBackup } from './backup.ts';
import { CommitAhead } from './commit-ahead.ts';
import { CommitBatch } from './commit-batch.ts';
import type { Database } from './database.ts';
import { EndedSessions } from './ended-sessions.ts';
import {
  LevelErrorCode,
  notOpenError,
  readFailedError,
  unreadableStoreError,
  writeFailedError,
} from './errors.ts';
import { Gate } from './gate.ts';
import { type Loaded, Loader } from './load.ts';
import type { NumberedStore } from './numbered-store.ts';
import { refuseUnfinishedBackup } from './offline-store.ts';
import { beginStore, type OpenStore } from './open-store.ts';
import { type LevelOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { Quarantine } from './quarantine.ts';
import { ByteWriter } from './records/byte-writer.ts';
import { JournalRecordWriter } from './records/journal-record.ts';
import { RunningBackups } from './running-backups.ts';
import { removeProbe } from './spare-room.ts';
import { openStore } from './store.ts';
import type { StoreMemory } from './store-memory.ts';
import { collectStats, type StoreStats } from './store-stats.ts';

// A millisecond or two. Most commits have some hundred.
const placesPerTurn = 2_000;

/** A commit that the core will call again with the same list. */
interface FailedCommit {
  readonly operations: readonly Operation[];
  readonly batch: CommitBatch;
}

/** Durable state in a LevelDB database: every commit is one atomic batch. */
export class LevelPersistence implements Persistence {
  readonly takesEnqueueMany = true;
  readonly #options: ResolvedOptions;
  readonly #gate = new Gate();
  readonly #writer = new ByteWriter();
  readonly #journalWriter = new JournalRecordWriter();
  #ended = new EndedSessions();
  readonly #quarantine: Quarantine;
  #ahead: CommitAhead;
  readonly #backups = new RunningBackups();
  #store: OpenStore | undefined;
  #failed: FailedCommit | undefined;

  /** Throws SLUICE_LEVEL_OPTIONS. */
  constructor(options: LevelOptions) {
    this.#options = resolveOptions(options);
    this.#quarantine = new Quarantine(this.#options.onCorrupt);
    this.#ahead = this.#newAhead();
  }

  /** Rejects with SLUICE_LEVEL_LOCKED, _UNWRITABLE, _READ_FAILED, _CORRUPT, _FORMAT, _ROLLED_BACK or _BACKUP_UNFINISHED. */
  async open(options: OpenOptions = {}): Promise<Snapshot> {
    await refuseUnfinishedBackup(this.#options.path);
    await removeProbe(this.#options.path);
    const database = await openStore(this.#options);
    try {
      const loaded = await this.#load(database, options);
      // It may be another store than before, with other sessions.
      this.#ended = new EndedSessions();
      this.#store = await beginStore(database, loaded, {
        path: this.#options.path,
        sync: this.#options.durability === 'fsync',
        gate: this.#gate,
        quarantine: this.#quarantine,
        ended: this.#ended,
        settled: () => this.#settled(),
      });
      return loaded.snapshot;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /**
   * Rejects with SLUICE_LEVEL_WRITE_FAILED, or with _ROLLED_BACK when the store under it was replaced: then nothing is
   * acknowledged, and the next call tries to recover. It is synced only if this commit and the options both ask for it.
   */
  commit(operations: readonly Operation[], durability?: Durability): void | Promise<void> {
    const given = this.#options.durability;
    if (given === 'none') return this.#ahead.commit(operations);
    return this.#write(operations, given === 'fsync' && (durability ?? given) === 'fsync');
  }

  /** Rejects with SLUICE_LEVEL_READ_FAILED. Waits while the database is being opened again after a failed write. */
  async readQueue(
    session: number,
    after: number,
    limit: number,
  ): Promise<readonly QueuedMessage[]> {
    for (;;) {
      await this.#readable();
      if (this.#ended.has(session)) return [];
      const { reader, writes } = this.#opened();
      const { openings } = writes;
      try {
        return await reader.read(session, after, limit);
      } catch (error) {
        // Closed under it, in order to be opened again: it begins anew.
        if (writes.openings !== openings || !writes.isOpen) continue;
        throw readFailedError(this.#options.path, error);
      } finally {
        if (!this.#quarantine.isEmpty || reader.lost.length > 0) this.#takeOutDamaged();
      }
    }
  }

  /**
   * Copies what has been acknowledged into a directory that is missing or empty, while everything goes on. Rejects with
   * SLUICE_LEVEL_BACKUP_TARGET, _BACKUP_FAILED (also when the store is closed meanwhile), _UNWRITABLE or _NOT_OPEN.
   */
  backup(path: string, options: BackupOptions = {}): Promise<BackupReport> {
    const takeSource = async () => {
      await this.#readable();
      const { database } = this.#opened().writes;
      return { database, snapshot: database.snapshot() };
    };
    return this.#backups.run((signal) =>
      writeBackup(this.#options.path, path, takeSource, options, signal),
    );
  }

  /** Counts what is stored, which reads all of it once. Rejects with SLUICE_LEVEL_READ_FAILED or _NOT_OPEN. */
  async stats(): Promise<StoreStats> {
    await this.#readable();
    const { path } = this.#options;
    return await collectStats(this.#opened().writes.database, path).catch((error: unknown) => {
      throw readFailedError(path, error);
    });
  }

  /** Settles when nothing is left to be removed in the background: before a backup, or in a test. */
  async idle(): Promise<void> {
    await this.#store?.sweeper.idle();
    await this.#store?.fold.idle();
    await this.#gate.idle();
  }

  /** Works in every state. What was written without sync is synced, if the disk lets it. */
  async close(): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    await this.#backups.end();
    store.sweeper.pause();
    await store.sweeper.idle();
    // Nothing was promised of a commit that was acknowledged ahead; it has its last chance.
    await this.#ahead.finish().catch(() => {});
    this.#ahead = this.#newAhead();
    await store.fold.finish();
    store.fold.pause();
    await this.#gate.run(async () => {
      if (this.#store !== store) return;
      this.#store = undefined;
      this.#failed = undefined;
      await store.writes.close();
    });
  }

  #newAhead(): CommitAhead {
    return new CommitAhead((operations) => this.#write(operations, false));
  }

  #write(operations: readonly Operation[], sync: boolean): Promise<void> {
    return this.#gate.run(async () => {
      const store = this.#opened();
      const { writes, memory } = store;
      if (writes.isBroken) await this.#recover(store);
      const failed = this.#failed;
      this.#failed = undefined;
      if (failed?.operations === operations && failed.batch.isDone) return;
      const batch = this.#batch(writes, memory);
      while (!batch.add(operations, placesPerTurn)) await nextTurn();
      try {
        await batch.write(writes, sync, placesPerTurn);
      } catch (error) {
        this.#failed = { operations, batch };
        store.sweeper.pause();
        store.fold.pause();
        throw writeFailedError(this.#options.path, error);
      }
      this.#followUp(store, batch);
    });
  }

  #batch({ database }: NumberedStore, memory: StoreMemory): CommitBatch {
    return new CommitBatch(database, memory, this.#writer, this.#journalWriter, (key, reason) =>
      this.#quarantine.reportUnreadable(key, reason),
    );
  }

  #followUp({ sweeper, fold }: OpenStore, { ended }: CommitBatch): void {
    if (ended.length > 0) sweeper.sweepSessions(ended);
    fold.startIfDue();
  }

  /** Opens the database again. Memory is as it was before the write that failed, or as it is after it if it took effect. */
  async #recover(store: OpenStore): Promise<void> {
    store.sweeper.pause();
    store.fold.pause();
    try {
      await store.writes.reopen();
    } catch (error) {
      const isRolledBack = (error as Partial<BrokerError>).code === LevelErrorCode.rolledBack;
      throw isRolledBack ? error : writeFailedError(this.#options.path, error);
    }
    if (this.#failed?.batch.isDone === true) this.#followUp(store, this.#failed.batch);
    store.sweeper.resume();
    store.fold.resume();
  }

  /** Settles when the database can be read, with all in it that was acknowledged. */
  async #readable(): Promise<void> {
    try {
      await this.#ahead.finish();
      if (this.#opened().writes.isOpen) return;
      await this.#gate.run(async () => {
        const store = this.#opened();
        if (!store.writes.isOpen) await this.#recover(store);
      });
    } catch (error) {
      if ((error as Partial<BrokerError>).code === LevelErrorCode.notOpen) throw error;
      throw readFailedError(this.#options.path, error);
    }
  }

  async #load(database: Database, options: OpenOptions): Promise<Loaded> {
    try {
      const loaded = await new Loader(database, this.#quarantine, options.onProgress).load();
      await this.#quarantine.move(database);
      return loaded;
    } catch (error) {
      throw unreadableStoreError(this.#options.path, error);
    }
  }

  /** Settles when it is known of each write whether it took effect. */
  #settled(): Promise<void> {
    return this.#gate.run(async () => {
      const store = this.#opened();
      if (store.writes.isBroken) await this.#recover(store);
    });
  }

  #takeOutDamaged(): void {
    this.#gate
      .run(async () => {
        const store = this.#store;
        if (store === undefined || store.writes.isBroken) return;
        const { writes, memory, reader } = store;
        // Moving a record twice is moving it once.
        await writes.guard(() => this.#quarantine.move(writes.database));
        if (reader.lost.length === 0) return;
        const batch = this.#batch(writes, memory);
        // The message stays counted until the next start, since its receiver may acknowledge it nevertheless.
        batch.add(reader.lost.map((entry) => ({ type: 'dequeue', ...entry, message: 0 })));
        reader.lost = [];
        await batch.write(writes, false);
      })
      // Still damaged, it is met and reported again after the next start.
      .catch(() => {});
  }

  #opened(): OpenStore {
    if (this.#store === undefined) throw notOpenError(this.#options.path);
    return this.#store;
  }
}
