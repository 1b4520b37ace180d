import type { Database } from './database.ts';
import { rolledBackError } from './errors.ts';
import { ByteWriter } from './records/byte-writer.ts';
import { commitKey, openCommitNumber, sealCommitNumber } from './records/commit-number.ts';
import { identityKey } from './records/keys.ts';
import { tryDisk } from './spare-room.ts';
import { endEpoch, reopenDatabase } from './store.ts';

type ChainedBatch = ReturnType<Database['batch']>;

/** What a write changes in memory, before it is written. */
export interface MemoryChange {
  /** The write failed. */
  undo(): void;
  /** It took effect after all. */
  redo(): void;
}

/**
 * The database as something that may fail. Every write that changes memory too puts its number into the store, so
 * that after a failure it can be found out whether the write took effect.
 *
 * After any failed write nothing more is written before the database was opened again. LevelDB itself would take
 * the next write, but what the failed one left in the log hides it: acknowledged, and gone with the next start.
 */
export class NumberedStore {
  readonly database: Database;
  readonly #path: string;
  /** The identity record as this start wrote it: another start since then has written another one. */
  readonly #identity: Buffer | undefined;
  readonly #writer = new ByteWriter();
  #number: number;
  #broken = false;
  #inDoubt: MemoryChange | undefined;
  #isSynced = true;
  #openings = 1;
  #isReopening = false;

  /** The database is open; nothing has been written to it since its identity. */
  static async of(database: Database, path: string): Promise<NumberedStore> {
    const identity = await database.get(identityKey);
    // A damaged number is of no interest: the next write replaces it.
    const number = openCommitNumber(await database.get(commitKey)) ?? 0;
    return new NumberedStore(database, path, identity, number);
  }

  private constructor(
    database: Database,
    path: string,
    identity: Buffer | undefined,
    number: number,
  ) {
    this.database = database;
    this.#path = path;
    this.#identity = identity;
    this.#number = number;
  }

  /** Whether a write failed, so that `reopen` has to come before the next one. */
  get isBroken(): boolean {
    return this.#broken;
  }

  /** Whether it can be read, and is known to be the store that it was. */
  get isOpen(): boolean {
    return this.database.status === 'open' && !this.#isReopening;
  }

  /** Times that it was opened: tells whether a read that failed was cut off by `reopen`. */
  get openings(): number {
    return this.#openings;
  }

  /**
   * Writes a batch, with the next number in it. Undoes the change in memory when it fails.
   *
   * One that is not synced is durable with the next synced one, as both are in LevelDB's log, which is written from
   * front to back. The exception is a log that became full between the two: until its table is written, some tens of
   * milliseconds later, a power loss may take the end of the old log and spare the new one. So what is written
   * without sync must not only be dispensable, it must be so on its own.
   */
  async write(batch: ChainedBatch, sync: boolean, change: MemoryChange): Promise<void> {
    if (this.#broken) {
      change.undo();
      throw new Error('A write before it failed');
    }
    const number = this.#number + 1;
    try {
      batch.put(commitKey, sealCommitNumber(this.#writer, number));
      await this.guard(() => batch.write({ sync }));
    } catch (error) {
      change.undo();
      if (this.#broken) this.#inDoubt = change;
      throw error;
    }
    this.#number = number;
    this.#isSynced = sync;
  }

  /** Makes a write that changes nothing in memory and may be made twice. */
  async guard(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#broken = true;
      throw error;
    }
  }

  /**
   * Opens the database again after a failed write and settles whether that took effect. Rejects while the fault
   * lasts, and may be called again; rejects with SLUICE_LEVEL_ROLLED_BACK when it finds another store.
   */
  async reopen(): Promise<void> {
    // While the disk takes nothing, opening would fail too, and nobody could read any more.
    if (this.database.status === 'open') await tryDisk(this.#path);
    this.#isReopening = true;
    try {
      await this.database.close();
      await reopenDatabase(this.database, this.#path);
      await this.#settle();
    } catch (error) {
      await this.database.close();
      throw error;
    } finally {
      this.#isReopening = false;
    }
    this.#broken = false;
    this.#openings++;
  }

  /** LevelDB has moved all of its log to a table, and synced that: what it finds is durable. */
  async #settle(): Promise<void> {
    const identity = await this.database.get(identityKey);
    if (identity === undefined || this.#identity?.equals(identity) !== true) {
      throw rolledBackError(
        this.#path,
        'another one was put in its place, or it was opened elsewhere',
      );
    }
    const found = openCommitNumber(await this.database.get(commitKey));
    const tookEffect = this.#inDoubt !== undefined && found === this.#number + 1;
    if (!tookEffect && found !== this.#number) {
      throw rolledBackError(
        this.#path,
        `write ${this.#number} was its last one, it knows ${found ?? 'none'}`,
      );
    }
    if (tookEffect) {
      this.#number++;
      this.#inDoubt?.redo();
    }
    this.#inDoubt = undefined;
    this.#isSynced = true;
  }

  /**
   * Closes the database, in whatever state it is. Makes durable what was written without sync, and notes beside it how
   * many writes there were; where that fails, closing does not.
   */
  async close(): Promise<void> {
    const isSynced = await this.#sync().catch(() => false);
    await this.database.close();
    if (isSynced && this.#identity !== undefined) {
      await endEpoch(this.#path, this.#identity, this.#number).catch(() => {});
    }
  }

  async #sync(): Promise<boolean> {
    if (this.#broken) return false;
    if (!this.#isSynced) await this.write(this.database.batch(), true, { undo() {}, redo() {} });
    return true;
  }
}
