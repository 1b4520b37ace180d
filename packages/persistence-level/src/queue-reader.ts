import type { Message, QueuedMessage } from '@sluice/plugin';
import type { Database } from './database.ts';
import type { Quarantine } from './quarantine.ts';
import type { QueueHeads } from './queue-heads.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import { numberAt, numberKey, Prefix, rangeOfQueue } from './records/keys.ts';
import { type QueueEntry, readMessage, readQueueEntry } from './records/records.ts';

const readAheadBytes = 64 * 1024;

interface Reference {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly sequence: number;
  readonly entry: QueueEntry;
}

/** Reads windows of queues. What is damaged is left out and noted in the quarantine. */
export class QueueReader {
  readonly #database: Database;
  readonly #heads: QueueHeads;
  readonly #quarantine: Quarantine;
  readonly #reader = new ByteReader();

  constructor(database: Database, heads: QueueHeads, quarantine: Quarantine) {
    this.#database = database;
    this.#heads = heads;
    this.#quarantine = quarantine;
  }

  async read(session: number, after: number, limit: number): Promise<QueuedMessage[]> {
    const found: QueuedMessage[] = [];
    if (limit <= 0) return found;
    const head = this.#heads.first(session);
    const end = this.#heads.end(session);
    const from = Math.max(after + 1, head);
    // Entries and bodies are read as of one moment: a body removed in between is no damage.
    const snapshot = this.#database.snapshot();
    const iterator = this.#database.iterator({
      ...rangeOfQueue(session, from),
      highWaterMarkBytes: readAheadBytes,
      snapshot,
    });
    try {
      while (found.length < limit) {
        const entries = await iterator.nextv(limit - found.length);
        if (entries.length === 0) break;
        const references = this.#references(entries);
        await this.#resolve(references, snapshot, found);
      }
    } finally {
      await iterator.close();
      await snapshot.close();
    }
    if (from === head) this.#heads.found(session, found[0]?.sequence ?? Math.max(end, head));
    return found;
  }

  /** Looks up where the queue begins now. */
  async findHead(session: number): Promise<void> {
    const end = this.#heads.end(session);
    const from = this.#heads.first(session);
    const keys = this.#database.keys({ ...rangeOfQueue(session, from), limit: 1 });
    const [first] = await keys.all();
    this.#heads.found(session, first === undefined ? Math.max(end, from) : numberAt(first, 9));
  }

  #references(entries: readonly [Buffer, Buffer][]): Reference[] {
    const references: Reference[] = [];
    for (const [key, value] of entries) {
      try {
        const entry = readQueueEntry(this.#reader.open(key, value));
        references.push({ key, value, sequence: numberAt(key, 9), entry });
      } catch (error) {
        this.#putAside(key, value, error);
      }
    }
    return references;
  }

  async #resolve(
    references: readonly Reference[],
    snapshot: ReturnType<Database['snapshot']>,
    found: QueuedMessage[],
  ): Promise<void> {
    const keys: Buffer[] = [];
    for (const { entry } of references) {
      if (!entry.released) keys.push(numberKey(Prefix.message, entry.message));
    }
    // getSync takes half the time while all is cached, but stops everybody for each read from a cold disk.
    const bodies = keys.length === 0 ? [] : await this.#database.getMany(keys, { snapshot });
    let next = 0;
    for (const { key, value, sequence, entry } of references) {
      let message: Message | undefined;
      if (!entry.released) {
        const bodyKey = keys[next];
        const body = bodies[next];
        next++;
        if (bodyKey === undefined) continue;
        message = this.#message(bodyKey, body);
        if (message === undefined) {
          this.#quarantine.add(key, value, `its message ${entry.message} is missing or damaged`);
          continue;
        }
      }
      found.push({ ...entry, sequence, message });
    }
  }

  #message(key: Buffer, value: Buffer | undefined): Message | undefined {
    if (value === undefined) return undefined;
    try {
      return readMessage(this.#reader.open(key, value));
    } catch (error) {
      this.#putAside(key, value, error);
      return undefined;
    }
  }

  #putAside(key: Buffer, value: Buffer, error: unknown): void {
    if (!(error instanceof DamagedRecord)) throw error;
    this.#quarantine.add(key, value, error.message);
  }
}
