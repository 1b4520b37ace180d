import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from './database.ts';
import { type DatabaseSnapshot, pagesOf } from './entry-pages.ts';
import { countLive, PageMerge, readJournal } from './merged-pages.ts';
import { type StoreToolOptions, withHealthyStore } from './offline-store.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import {
  behindNumber,
  numberAt,
  type PagePrefix,
  Prefix,
  pageKeyBytes,
  textFrom,
} from './records/keys.ts';
import { type Places, readPage } from './records/page.ts';
import { readSession } from './records/records.ts';
import { databasePath } from './store.ts';
import { kinds, type StoredKind } from './stored-kinds.ts';

/** One of the largest queues. */
export interface QueueSize {
  readonly clientId: string;
  readonly messages: number;
}

export interface StoreStats {
  /** The directory of the store, absolute. */
  readonly path: string;
  /**
   * How many there are of each kind. 'queue' are entries of queues, 'message' the messages that these refer to,
   * 'received' packet identifiers; 'journal' are commits that are not in the records of queues and identifiers yet.
   */
  readonly records: Readonly<Record<StoredKind, number>>;
  /** About how much of its files LevelDB uses for each kind; what is in its log only is not counted. */
  readonly diskBytes: Readonly<Record<StoredKind, number>>;
  /** All files of the database. */
  readonly totalDiskBytes: number;
  /** At most ten, the largest first. */
  readonly largestQueues: readonly QueueSize[];
}

const maxQueues = 10;
const recordsPerReport = 10_000;

/** Counts what is in a store that no broker has open. Rejects with what a broker would be told, or SLUICE_LEVEL_MISSING. */
export async function storeStats(options: StoreToolOptions): Promise<StoreStats> {
  return await withHealthyStore(options, (database, path) =>
    collectStats(database, path, options.onProgress),
  );
}

/** Counts what an open database holds, as of one moment. */
export async function collectStats(
  database: Database,
  path: string,
  onProgress: StoreToolOptions['onProgress'] = () => {},
): Promise<StoreStats> {
  const snapshot = database.snapshot();
  try {
    const census = new Census(database, snapshot, onProgress);
    await census.take();
    return {
      path,
      records: census.records,
      diskBytes: await diskBytes(database),
      totalDiskBytes: await bytesOfFiles(databasePath(path)),
      largestQueues: census.largestQueues(),
    };
  } finally {
    await snapshot.close();
  }
}

class Census {
  readonly #database: Database;
  readonly #snapshot: DatabaseSnapshot;
  readonly #onProgress: (what: string, records: number) => void;
  readonly #reader = new ByteReader();
  readonly #clientIds = new Map<number, string>();
  /** By session number. */
  readonly #queues = new Map<number, number>();
  readonly records: Record<StoredKind, number> = zeros();

  constructor(
    database: Database,
    snapshot: DatabaseSnapshot,
    onProgress: (what: string, records: number) => void,
  ) {
    this.#database = database;
    this.#snapshot = snapshot;
    this.#onProgress = onProgress;
  }

  async take(): Promise<void> {
    const { oldest } = await readJournal(this.#database, () => {}, this.#snapshot);
    const merge = new PageMerge(oldest);
    for (const { name, range } of kinds) {
      const progress = new Progress(name, this.#onProgress);
      for await (const page of pagesOf(this.#database, range, this.#snapshot)) {
        for (const [key, value] of page) {
          if (name === 'session') this.#noteClient(key, value);
          progress.add(this.#count(key, value, merge));
        }
      }
      if (name === 'queue' || name === 'received') {
        const prefix = name === 'queue' ? Prefix.queue : Prefix.received;
        for (const [{ session }, places] of merge.rest(prefix)) {
          progress.add(this.#countPage(prefix, session, places));
        }
      }
      progress.end();
      this.records[name] += progress.records;
    }
  }

  largestQueues(): QueueSize[] {
    return Array.from(this.#queues, ([session, messages]) => ({ session, messages }))
      .sort((one, other) => other.messages - one.messages)
      .slice(0, maxQueues)
      .map(({ session, messages }) => ({
        clientId: this.#clientIds.get(session) ?? '',
        messages,
      }));
  }

  /** A page counts as what is in it, and as one when it is damaged. */
  #count(key: Buffer, value: Buffer, merge: PageMerge): number {
    const prefix = key[0];
    if (prefix !== Prefix.queue && prefix !== Prefix.received) return 1;
    if (key.length < pageKeyBytes) return 1;
    const name = { prefix, session: numberAt(key, 1), page: numberAt(key, behindNumber) };
    try {
      const places = readPage(this.#reader.open(key, value), prefix);
      merge.over(name, places);
      return this.#countPage(prefix, name.session, places);
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
      return 1;
    }
  }

  /** Queues of sessions that have ended are on their way out. */
  #countPage(prefix: PagePrefix, session: number, places: Readonly<Places>): number {
    const live = countLive(places);
    if (prefix === Prefix.queue && live > 0 && this.#clientIds.has(session)) {
      this.#queues.set(session, (this.#queues.get(session) ?? 0) + live);
    }
    return live;
  }

  #noteClient(key: Buffer, value: Buffer): void {
    try {
      const clientId = textFrom(key, 1);
      const { session } = readSession(this.#reader.open(key, value), clientId);
      this.#clientIds.set(session, clientId);
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
    }
  }
}

/** Says now and then how many were counted. */
class Progress {
  readonly #name: StoredKind;
  readonly #report: (what: string, records: number) => void;
  records = 0;

  constructor(name: StoredKind, report: (what: string, records: number) => void) {
    this.#name = name;
    this.#report = report;
  }

  add(records: number): void {
    const before = this.records;
    this.records += records;
    if (Math.floor(this.records / recordsPerReport) > Math.floor(before / recordsPerReport)) {
      this.#report(this.#name, this.records);
    }
  }

  end(): void {
    if (this.records > 0) this.#report(this.#name, this.records);
  }
}

async function diskBytes(database: Database): Promise<Record<StoredKind, number>> {
  // The types of `level` cover what browsers have too, and so leave out this method of Node's.
  const { approximateSize } = database as unknown as {
    approximateSize(start: Buffer, end: Buffer): Promise<number>;
  };
  const bytes = zeros();
  for (const { name, range } of kinds) {
    bytes[name] += await approximateSize.call(database, range.gte, range.lt);
  }
  return bytes;
}

function zeros(): Record<StoredKind, number> {
  return Object.fromEntries(kinds.map(({ name }) => [name, 0])) as Record<StoredKind, number>;
}

async function bytesOfFiles(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory)) {
    // LevelDB removes files that it has merged into others.
    bytes += (await stat(join(directory, name)).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}
