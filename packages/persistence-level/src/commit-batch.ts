import type { Operation } from '@sluice/plugin';
import type { Database } from './database.ts';
import type { MemoryChange, NumberedStore } from './numbered-store.ts';
import { QueueFacts } from './queue-facts.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import type { ByteWriter } from './records/byte-writer.ts';
import type { JournalRecordWriter } from './records/journal-record.ts';
import {
  numberKey,
  numbersKey,
  Prefix,
  retainedKey,
  sessionKey,
  subscriptionKey,
} from './records/keys.ts';
import {
  readSession,
  writeMessage,
  writeNumbers,
  writeSession,
  writeSubscription,
  writeWill,
} from './records/records.ts';
import type { StoreMemory } from './store-memory.ts';

type ChainedBatch = ReturnType<Database['batch']>;
type Of<Type extends Operation['type']> = Extract<Operation, { type: Type }>;

/**
 * Turns the operations of one commit into one batch. Memory changes while it is built, so that operations see the
 * ones before them; it is undone if the batch is not written, and done again if it took effect after all.
 */
export class CommitBatch implements MemoryChange {
  readonly #database: Database;
  readonly #memory: StoreMemory;
  readonly #batch: ChainedBatch;
  readonly #writer: ByteWriter;
  readonly #facts: QueueFacts;

  readonly #counted: number[] = [];
  readonly #givenBack: number[] = [];
  /** Messages that may be without a reference in the end: stored just now, or their last one was given back. */
  readonly #unreferenced: number[] = [];
  /** Sessions that end with this commit. */
  readonly ended: number[] = [];
  #savedSessions: Map<string, number> | undefined;
  #nextMessage: number;
  #nextSession: number;
  /** Whether it is in the store. */
  isDone = false;

  constructor(
    database: Database,
    memory: StoreMemory,
    writer: ByteWriter,
    journalWriter: JournalRecordWriter,
  ) {
    this.#database = database;
    this.#memory = memory;
    this.#writer = writer;
    this.#facts = new QueueFacts(journalWriter);
    this.#batch = database.batch();
    this.#nextMessage = memory.next.message;
    this.#nextSession = memory.next.session;
  }

  /** Adds all operations, then what follows from them. Undone when one of them throws. */
  add(operations: readonly Operation[]): void {
    try {
      this.#addAll(operations);
    } catch (error) {
      this.undo();
      throw error;
    }
  }

  #addAll(operations: readonly Operation[]): void {
    for (const operation of operations) this.#add(operation);
    const { references, next, journal } = this.#memory;
    if (!this.#facts.isEmpty) this.#facts.put(this.#batch, journal);
    for (const message of this.#unreferenced) {
      if (references.count(message) === 0) this.#batch.del(numberKey(Prefix.message, message));
    }
    if (this.#nextMessage > next.message || this.#nextSession > next.session) {
      const writer = this.#writer.start();
      writeNumbers(writer, { message: this.#nextMessage, session: this.#nextSession });
      this.#batch.put(numbersKey, writer.seal(numbersKey));
    }
  }

  /** Undone when it fails. */
  async write(store: NumberedStore, sync: boolean): Promise<void> {
    await store.write(this.#batch, sync, this);
    this.#settle();
  }

  undo(): void {
    const { references, ended } = this.#memory;
    for (const message of this.#givenBack) references.add(message);
    for (const message of this.#counted) references.remove(message);
    for (const session of this.ended) ended.remove(session);
    void this.#batch.close();
  }

  redo(): void {
    const { references, ended } = this.#memory;
    for (const message of this.#counted) references.add(message);
    for (const message of this.#givenBack) references.remove(message);
    for (const session of this.ended) ended.add(session);
    this.#settle();
  }

  #settle(): void {
    this.#memory.next = { message: this.#nextMessage, session: this.#nextSession };
    this.#facts.settle(this.#memory.journal);
    this.isDone = true;
  }

  #add(operation: Operation): void {
    switch (operation.type) {
      case 'store':
        this.#store(operation);
        break;
      case 'enqueue':
        this.#enqueue(operation);
        break;
      case 'release':
        this.#release(operation);
        break;
      case 'dequeue':
        this.#dequeue(operation);
        break;
      case 'receive':
        this.#receive(operation);
        break;
      case 'complete':
        this.#complete(operation);
        break;
      case 'retain':
        this.#retain(operation);
        break;
      case 'clearRetained':
        this.#batch.del(retainedKey(operation.topic));
        break;
      case 'saveSession':
        this.#saveSession(operation);
        break;
      case 'endSession':
        this.#endSession(operation);
        break;
      case 'subscribe':
        this.#subscribe(operation);
        break;
      case 'unsubscribe':
        this.#batch.del(subscriptionKey(operation.session, operation.requested));
        break;
      case 'saveWill':
        this.#saveWill(operation);
        break;
      case 'removeWill':
        this.#batch.del(numberKey(Prefix.will, operation.session));
        break;
      default:
        operation satisfies never;
    }
  }

  #store({ message }: Of<'store'>): void {
    const key = numberKey(Prefix.message, message.number);
    const writer = this.#writer.start();
    writeMessage(writer, message);
    this.#batch.put(key, writer.seal(key));
    this.#unreferenced.push(message.number);
    this.#countMessage(message.number);
  }

  #enqueue(operation: Of<'enqueue'>): void {
    if (this.#memory.ended.has(operation.session)) return;
    this.#facts.enqueued(operation);
    this.#memory.references.add(operation.message);
    this.#counted.push(operation.message);
  }

  #release({ session, sequence, message }: Of<'release'>): void {
    if (this.#memory.ended.has(session)) return;
    this.#facts.released(session, sequence);
    this.#giveBack(message);
  }

  #dequeue({ session, sequence, message }: Of<'dequeue'>): void {
    if (this.#memory.ended.has(session)) return;
    this.#facts.dequeued(session, sequence);
    this.#giveBack(message);
  }

  #giveBack(message: number): void {
    const { references } = this.#memory;
    if (message === 0 || references.count(message) === 0) return;
    references.remove(message);
    this.#givenBack.push(message);
    if (references.count(message) === 0) this.#unreferenced.push(message);
  }

  #receive({ session, packetId }: Of<'receive'>): void {
    if (!this.#memory.ended.has(session)) this.#facts.received(session, packetId);
  }

  #complete({ session, packetId }: Of<'complete'>): void {
    if (!this.#memory.ended.has(session)) this.#facts.completed(session, packetId);
  }

  #retain({ message }: Of<'retain'>): void {
    const key = retainedKey(message.topic);
    const writer = this.#writer.start();
    writeMessage(writer, message);
    this.#batch.put(key, writer.seal(key));
    this.#countMessage(message.number);
  }

  #saveSession({ record }: Of<'saveSession'>): void {
    const key = sessionKey(record.clientId);
    const writer = this.#writer.start();
    writeSession(writer, record);
    this.#batch.put(key, writer.seal(key));
    this.#savedSessions ??= new Map();
    this.#savedSessions.set(record.clientId, record.session);
    this.#countSession(record.session);
  }

  /** The successor under the same client id may already be there, on disk or in this commit: it stays. */
  #endSession({ session, clientId }: Of<'endSession'>): void {
    const holder = this.#savedSessions?.get(clientId) ?? this.#storedSession(clientId);
    if (holder === session) {
      this.#batch.del(sessionKey(clientId));
      this.#savedSessions?.delete(clientId);
    }
    this.#batch.del(numberKey(Prefix.will, session));
    if (this.#memory.ended.has(session)) return;
    const mark = numberKey(Prefix.ended, session);
    this.#batch.put(mark, this.#writer.start().seal(mark));
    this.#memory.ended.add(session);
    this.ended.push(session);
    this.#countSession(session);
  }

  #storedSession(clientId: string): number | undefined {
    const key = sessionKey(clientId);
    const value = this.#database.getSync(key);
    if (value === undefined) return undefined;
    try {
      return readSession(new ByteReader().open(key, value), clientId).session;
    } catch (error) {
      if (error instanceof DamagedRecord) return undefined;
      throw error;
    }
  }

  #subscribe({ record }: Of<'subscribe'>): void {
    if (this.#memory.ended.has(record.session)) return;
    const key = subscriptionKey(record.session, record.requested);
    const writer = this.#writer.start();
    writeSubscription(writer, record);
    this.#batch.put(key, writer.seal(key));
  }

  #saveWill({ record }: Of<'saveWill'>): void {
    const key = numberKey(Prefix.will, record.session);
    const writer = this.#writer.start();
    writeWill(writer, record);
    this.#batch.put(key, writer.seal(key));
    this.#countSession(record.session);
  }

  #countMessage(number: number): void {
    if (number >= this.#nextMessage) this.#nextMessage = number + 1;
  }

  #countSession(number: number): void {
    if (number >= this.#nextSession) this.#nextSession = number + 1;
  }
}
