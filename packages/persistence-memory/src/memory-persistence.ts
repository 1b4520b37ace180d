import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  Operation,
  Persistence,
  QueuedMessage,
  RestoredSession,
  Snapshot,
  WillRecord,
} from '@sluice/plugin';
import { MessageBodies } from './message-bodies.ts';
import { RetainedByTopic } from './retained-by-topic.ts';
import { StoredSession } from './stored-session.ts';

type EnqueueMany = Extract<Operation, { type: 'enqueueMany' }>;

// A millisecond or two.
const placesPerTurn = 2_000;

const noIdentifiers: readonly number[] = Object.freeze([]);

/**
 * Durable state that lives as long as this object: a broker that is made anew with the same one goes on where
 * the last one ended. Every commit is done at once.
 */
export class MemoryPersistence implements Persistence {
  readonly #sessions = new Map<number, StoredSession>();
  /** Client id to the number of its session. */
  readonly #holders = new Map<string, number>();
  readonly #bodies = new MessageBodies();
  readonly #retained = new RetainedByTopic();
  readonly #wills = new Map<number, WillRecord>();
  readonly takesEnqueueMany = true;
  #nextMessageNumber = 1;
  #nextSessionNumber = 1;

  open(): Promise<Snapshot> {
    const sessions: RestoredSession[] = [];
    for (const session of this.#holders.values()) {
      const stored = this.#session(session);
      if (stored.record !== undefined) sessions.push(stored.restored(stored.record));
    }
    const live = sessions.map(({ session }) => ({ session, stored: this.#session(session) }));
    return Promise.resolve({
      sessions,
      subscriptions: live.flatMap(({ stored }) => [...stored.subscriptions.values()]),
      received: live.flatMap(({ session, stored }) =>
        Array.from(stored.received, (packetId) => ({ session, packetId })),
      ),
      wills: [...this.#wills.values()],
      retained: this.#retained.values(),
      nextMessageNumber: this.#nextMessageNumber,
      nextSessionNumber: this.#nextSessionNumber,
    });
  }

  commit(operations: readonly Operation[]): void | Promise<void> {
    const touched: number[] = [];
    for (const [index, operation] of operations.entries()) {
      this.#apply(operation, touched);
      if (operation.type !== 'enqueueMany' || operation.sessions.length <= placesPerTurn) continue;
      return this.#finish(operation, operations.slice(index + 1), touched);
    }
    this.#letGo(touched);
  }

  get memoryBytes(): number {
    return this.#bodies.bytes;
  }

  readQueue(session: number, after: number, limit: number): readonly QueuedMessage[] {
    const entries = this.#sessions.get(session)?.queue.window(after, limit) ?? [];
    return entries.map((entry) => ({ ...entry, message: this.#bodies.get(entry.message) }));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #apply(operation: Operation, touched: number[]): void {
    switch (operation.type) {
      case 'store':
        this.#bodies.store(operation.message);
        touched.push(operation.message.number);
        this.#countMessage(operation.message.number);
        break;
      case 'enqueue': {
        const { type: _, session, ...entry } = operation;
        this.#session(session).queue.add({ ...entry, released: false });
        this.#bodies.refer(operation.message);
        break;
      }
      case 'enqueueMany':
        this.#enqueueMany(operation, 0);
        break;
      case 'release':
        this.#release(operation.session, operation.sequence, touched);
        break;
      case 'dequeue':
        this.#dequeue(operation.session, operation.sequence, touched);
        break;
      case 'receive':
        this.#session(operation.session).received.add(operation.packetId);
        break;
      case 'complete':
        this.#sessions.get(operation.session)?.received.delete(operation.packetId);
        break;
      case 'retain':
        this.#retained.set(operation.message);
        this.#countMessage(operation.message.number);
        break;
      case 'clearRetained':
        this.#retained.delete(operation.topic);
        break;
      case 'saveSession':
        this.#session(operation.record.session).record = operation.record;
        this.#holders.set(operation.record.clientId, operation.record.session);
        break;
      case 'endSession':
        this.#endSession(operation.session, operation.clientId, touched);
        break;
      case 'subscribe':
        this.#session(operation.record.session).subscriptions.set(
          operation.record.requested,
          operation.record,
        );
        break;
      case 'unsubscribe':
        this.#sessions.get(operation.session)?.subscriptions.delete(operation.requested);
        break;
      case 'saveWill':
        this.#wills.set(operation.record.session, operation.record);
        this.#countSession(operation.record.session);
        break;
      case 'removeWill':
        this.#wills.delete(operation.session);
        break;
      default:
        operation satisfies never;
    }
  }

  /** Goes on with one that names many places, some of which are done, and with what follows it. */
  async #finish(
    operation: EnqueueMany,
    rest: readonly Operation[],
    touched: number[],
  ): Promise<void> {
    for (let from = placesPerTurn; from < operation.sessions.length; from += placesPerTurn) {
      await nextTurn();
      this.#enqueueMany(operation, from);
    }
    if (rest.length > 0) await this.commit(rest);
    this.#letGo(touched);
  }

  #letGo(touched: readonly number[]): void {
    for (const message of touched) this.#bodies.letGo(message);
  }

  #enqueueMany(operation: EnqueueMany, from: number): void {
    const { sessions, sequences, message, qos, retain, subscriptionIdentifiers } = operation;
    const end = Math.min(sessions.length, from + placesPerTurn);
    for (let i = from; i < end; i++) {
      const { queue } = this.#session(sessions[i] as number);
      queue.enqueue(sequences[i] as number, message, qos, retain, subscriptionIdentifiers);
    }
    this.#bodies.refer(message, end - from);
  }

  #release(session: number, sequence: number, touched: number[]): void {
    const queue = this.#sessions.get(session)?.queue;
    const message = queue?.messageOf(sequence);
    if (queue === undefined || message === undefined) return;
    this.#giveBack(message, touched);
    queue.add({
      sequence,
      message: 0,
      qos: 2,
      retain: false,
      released: true,
      subscriptionIdentifiers: noIdentifiers,
    });
  }

  #dequeue(session: number, sequence: number, touched: number[]): void {
    const queue = this.#sessions.get(session)?.queue;
    const message = queue?.messageOf(sequence);
    if (queue === undefined || message === undefined) return;
    this.#giveBack(message, touched);
    queue.delete(sequence);
  }

  #giveBack(message: number, touched: number[]): void {
    this.#bodies.giveBack(message);
    touched.push(message);
  }

  #endSession(session: number, clientId: string, touched: number[]): void {
    const stored = this.#sessions.get(session);
    if (stored !== undefined) {
      for (const message of stored.queue.messages()) this.#giveBack(message, touched);
    }
    this.#sessions.delete(session);
    this.#wills.delete(session);
    // The successor may have the client id already.
    if (this.#holders.get(clientId) === session) this.#holders.delete(clientId);
  }

  #session(session: number): StoredSession {
    let stored = this.#sessions.get(session);
    if (stored === undefined) {
      stored = new StoredSession();
      this.#sessions.set(session, stored);
      this.#countSession(session);
    }
    return stored;
  }

  #countMessage(number: number): void {
    if (number >= this.#nextMessageNumber) this.#nextMessageNumber = number + 1;
  }

  #countSession(number: number): void {
    if (number >= this.#nextSessionNumber) this.#nextSessionNumber = number + 1;
  }
}
