import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Operation } from '@sluice/plugin';
import type { Database } from './database.ts';
import type { MemoryChange, NumberedStore } from './numbered-store.ts';
import { QueueFacts } from './queue-facts.ts';
import type { ByteWriter } from './records/byte-writer.ts';
import type { JournalRecordWriter } from './records/journal-record.ts';
import {
  messageKey,
  numberKey,
  Prefix,
  retainedKey,
  sessionKey,
  subscriptionKey,
} from './records/keys.ts';
import { ReferenceChanges } from './reference-changes.ts';
import type { StoreMemory } from './store-memory.ts';
import { isHeldBy } from './stored-session.ts';
import { WrittenRecords } from './written-records.ts';

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
  readonly #records: WrittenRecords;
  readonly #facts: QueueFacts;
  readonly #references: ReferenceChanges;
  readonly #onUnreadable: (key: Buffer, reason: string) => void;
  /** Sessions that end with this commit. */
  readonly ended: number[] = [];
  /** The operation that is added next, and the place of it where it names many. */
  #next = 0;
  #nextPlace = 0;
  #savedSessions: Map<string, number> | undefined;
  /** Whether it is in the store. */
  isDone = false;

  constructor(
    database: Database,
    memory: StoreMemory,
    writer: ByteWriter,
    journalWriter: JournalRecordWriter,
    onUnreadable: (key: Buffer, reason: string) => void = () => {},
  ) {
    this.#onUnreadable = onUnreadable;
    this.#database = database;
    this.#memory = memory;
    this.#facts = new QueueFacts(journalWriter);
    this.#references = new ReferenceChanges(memory.references);
    this.#batch = database.batch();
    this.#records = new WrittenRecords(this.#batch, writer, memory.next);
  }

  /**
   * Adds about so many more of the operations, and in the end what follows from them: true then. Undone when one of them
   * throws.
   */
  add(operations: readonly Operation[], most: number = Infinity): boolean {
    try {
      if (!this.#addSome(operations, most)) return false;
      this.#addRest();
      return true;
    } catch (error) {
      this.undo();
      throw error;
    }
  }

  #addSome(operations: readonly Operation[], most: number): boolean {
    for (let left = most; left > 0; left--) {
      const operation = operations[this.#next];
      if (operation === undefined) return true;
      if (operation.type === 'enqueueMany') {
        left -= this.#enqueueMany(operation, left);
        if (this.#nextPlace > 0) return false;
      } else {
        this.#add(operation);
      }
      this.#next++;
    }
    return this.#next === operations.length;
  }

  #addRest(): void {
    const { journal } = this.#memory;
    if (!this.#facts.isEmpty) this.#facts.put(this.#batch, journal);
    for (const message of this.#references.unreferenced()) {
      this.#batch.del(messageKey(message));
    }
    this.#records.putNumbers();
  }

  /** Undone when it fails. Memory follows it so many places a turn. */
  async write(store: NumberedStore, sync: boolean, most: number = Infinity): Promise<void> {
    await store.write(this.#batch, sync, this);
    while (!this.#settle(most)) await nextTurn();
  }

  undo(): void {
    this.#references.undo();
    for (const session of this.ended) this.#memory.ended.remove(session);
    void this.#batch.close();
  }

  redo(): void {
    this.#references.redo();
    for (const session of this.ended) this.#memory.ended.add(session);
    this.#settle(Infinity);
  }

  #settle(most: number): boolean {
    this.#memory.next = this.#records.next;
    this.isDone = this.#facts.settle(this.#memory.journal, most);
    return this.isDone;
  }

  #add(operation: Operation): void {
    switch (operation.type) {
      case 'store':
        this.#records.putMessage(operation.message);
        this.#references.stored(operation.message.number);
        break;
      case 'enqueue':
        this.#enqueue(operation);
        break;
      case 'enqueueMany':
        this.#enqueueMany(operation, Infinity);
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
        this.#records.putRetained(operation.message);
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
        this.#records.putWill(operation.record);
        break;
      case 'removeWill':
        this.#batch.del(numberKey(Prefix.will, operation.session));
        break;
      default:
        operation satisfies never;
    }
  }

  #enqueue(operation: Of<'enqueue'>): void {
    if (this.#memory.ended.has(operation.session)) return;
    this.#facts.enqueued(operation.session, operation.sequence, operation);
    this.#references.add(operation.message);
  }

  /** Enqueues at so many more of the places. Returns how many it went over. */
  #enqueueMany(operation: Of<'enqueueMany'>, most: number): number {
    const { ended } = this.#memory;
    const { sessions, sequences, message } = operation;
    const from = this.#nextPlace;
    const end = Math.min(sessions.length, from + most);
    let added = 0;
    for (let i = from; i < end; i++) {
      const session = sessions[i] as number;
      if (ended.has(session)) continue;
      this.#facts.enqueued(session, sequences[i] as number, operation);
      added++;
    }
    this.#references.add(message, added);
    this.#nextPlace = end < sessions.length ? end : 0;
    return end - from;
  }

  #release({ session, sequence, message }: Of<'release'>): void {
    if (this.#memory.ended.has(session)) return;
    this.#facts.released(session, sequence);
    this.#references.giveBack(message);
  }

  #dequeue({ session, sequence, message }: Of<'dequeue'>): void {
    if (this.#memory.ended.has(session)) return;
    this.#facts.dequeued(session, sequence);
    this.#references.giveBack(message);
  }

  #receive({ session, packetId }: Of<'receive'>): void {
    if (!this.#memory.ended.has(session)) this.#facts.received(session, packetId);
  }

  #complete({ session, packetId }: Of<'complete'>): void {
    if (!this.#memory.ended.has(session)) this.#facts.completed(session, packetId);
  }

  #saveSession({ record }: Of<'saveSession'>): void {
    this.#records.putSession(record);
    this.#savedSessions ??= new Map();
    this.#savedSessions.set(record.clientId, record.session);
  }

  /** The successor under the same client id may already be there, on disk or in this commit: it stays. */
  #endSession({ session, clientId }: Of<'endSession'>): void {
    const saved = this.#savedSessions?.get(clientId);
    const isHolder =
      saved === undefined
        ? isHeldBy(session, clientId, this.#database, this.#onUnreadable)
        : saved === session;
    if (isHolder) {
      this.#batch.del(sessionKey(clientId));
      this.#savedSessions?.delete(clientId);
    }
    this.#batch.del(numberKey(Prefix.will, session));
    if (this.#memory.ended.has(session)) return;
    this.#records.putEnded(session);
    this.#memory.ended.add(session);
    this.ended.push(session);
  }

  #subscribe({ record }: Of<'subscribe'>): void {
    if (!this.#memory.ended.has(record.session)) this.#records.putSubscription(record);
  }
}
