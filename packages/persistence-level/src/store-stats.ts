import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from './database.ts';
import { type DatabaseSnapshot, pagesOf } from './entry-pages.ts';
import { type StoreToolOptions, withHealthyStore } from './offline-store.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import { numberAt, queueKeyBytes, textFrom } from './records/keys.ts';
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
  /** Records of each kind. 'queue' are entries of queues, 'message' the messages that these refer to. */
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
  readonly #largest: { session: number; messages: number }[] = [];
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
    const queue = { session: -1, messages: 0 };
    for (const { name, range } of kinds) {
      let records = 0;
      for await (const page of pagesOf(this.#database, range, this.#snapshot)) {
        for (const [key, value] of page) {
          if (name === 'session') this.#noteClient(key, value);
          else if (name === 'queue' && key.length >= queueKeyBytes) {
            this.#noteQueued(queue, numberAt(key, 1));
          }
        }
        const before = records;
        records += page.length;
        if (Math.floor(records / recordsPerReport) > Math.floor(before / recordsPerReport)) {
          this.#onProgress(name, records);
        }
      }
      this.records[name] += records;
      if (records > 0) this.#onProgress(name, records);
    }
    this.#rank(queue);
  }

  largestQueues(): QueueSize[] {
    return this.#largest.map(({ session, messages }) => ({
      clientId: this.#clientIds.get(session) ?? '',
      messages,
    }));
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

  /** Entries of one session come one after the other. */
  #noteQueued(queue: { session: number; messages: number }, session: number): void {
    if (session !== queue.session) {
      this.#rank(queue);
      queue.session = session;
      queue.messages = 0;
    }
    queue.messages++;
  }

  /** Queues of sessions that have ended are on their way out. */
  #rank({ session, messages }: { session: number; messages: number }): void {
    if (!this.#clientIds.has(session)) return;
    this.#largest.push({ session, messages });
    this.#largest.sort((one, other) => other.messages - one.messages);
    if (this.#largest.length > maxQueues) this.#largest.pop();
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
