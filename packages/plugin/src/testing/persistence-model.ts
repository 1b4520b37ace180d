import assert from 'node:assert/strict';
import type { Message } from '../message.ts';
import type { Operation, Persistence } from '../persistence.ts';
import type {
  QueuedMessage,
  SessionRecord,
  Snapshot,
  SubscriptionRecord,
  WillRecord,
} from '../records.ts';

interface ModelEntry {
  readonly message: number;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  readonly sharedFilter?: string;
  readonly released: boolean;
}

interface ModelSession {
  readonly record: SessionRecord;
  readonly subscriptions: Map<string, SubscriptionRecord>;
  readonly received: Set<number>;
  readonly queue: Map<number, ModelEntry>;
}

/** What every operation means, in the plainest form: a message is never forgotten, nothing is shared or swept. */
export class PersistenceModel {
  readonly sessions: Map<number, ModelSession> = new Map();
  readonly ended: Set<number> = new Set();
  readonly wills: Map<number, WillRecord> = new Map();
  readonly retained: Map<string, Message> = new Map();
  readonly #messages = new Map<number, Message>();
  highestMessage = 0;
  highestSession = 0;

  commit(operations: readonly Operation[]): void {
    for (const operation of operations) this.#apply(operation);
  }

  queue(session: number): QueuedMessage[] {
    const entries = [...(this.sessions.get(session)?.queue ?? [])].sort(([a], [b]) => a - b);
    return entries.map(([sequence, entry]) => ({
      ...entry,
      sequence,
      message: entry.released ? undefined : this.#messages.get(entry.message),
    }));
  }

  #apply(operation: Operation): void {
    switch (operation.type) {
      case 'store':
        this.#messages.set(operation.message.number, operation.message);
        this.#sawMessage(operation.message);
        break;
      case 'enqueue': {
        const { type: _, session, sequence, ...entry } = operation;
        this.sessions.get(session)?.queue.set(sequence, { ...entry, released: false });
        break;
      }
      case 'enqueueMany': {
        const { type: _, sessions, sequences, ...entry } = operation;
        for (const [i, session] of sessions.entries()) {
          const { queue } = this.sessions.get(session) ?? {};
          queue?.set(sequences[i] as number, { ...entry, released: false });
        }
        break;
      }
      case 'release': {
        const queue = this.sessions.get(operation.session)?.queue;
        const entry = queue?.get(operation.sequence);
        if (entry !== undefined) queue?.set(operation.sequence, { ...entry, released: true });
        break;
      }
      case 'dequeue':
        this.sessions.get(operation.session)?.queue.delete(operation.sequence);
        break;
      case 'receive':
        this.sessions.get(operation.session)?.received.add(operation.packetId);
        break;
      case 'complete':
        this.sessions.get(operation.session)?.received.delete(operation.packetId);
        break;
      case 'retain':
        this.retained.set(operation.message.topic, operation.message);
        this.#sawMessage(operation.message);
        break;
      case 'clearRetained':
        this.retained.delete(operation.topic);
        break;
      case 'saveSession': {
        const { record } = operation;
        const before = this.sessions.get(record.session);
        this.sessions.set(record.session, {
          record,
          subscriptions: before?.subscriptions ?? new Map(),
          received: before?.received ?? new Set(),
          queue: before?.queue ?? new Map(),
        });
        this.highestSession = Math.max(this.highestSession, record.session);
        break;
      }
      case 'endSession':
        this.sessions.delete(operation.session);
        this.wills.delete(operation.session);
        this.ended.add(operation.session);
        break;
      case 'subscribe':
        this.sessions
          .get(operation.record.session)
          ?.subscriptions.set(operation.record.requested, operation.record);
        break;
      case 'unsubscribe':
        this.sessions.get(operation.session)?.subscriptions.delete(operation.requested);
        break;
      case 'saveWill':
        this.wills.set(operation.record.session, operation.record);
        this.highestSession = Math.max(this.highestSession, operation.record.session);
        break;
      case 'removeWill':
        this.wills.delete(operation.session);
        break;
      default:
        operation satisfies never;
    }
  }

  #sawMessage({ number }: Message): void {
    this.highestMessage = Math.max(this.highestMessage, number);
  }
}

/** Compares all queues, whole and by windows of `limit`, also those of sessions that have ended. */
export async function expectQueuesLikeModel(
  persistence: Persistence,
  model: PersistenceModel,
  limit: number,
): Promise<void> {
  for (const session of [...model.sessions.keys(), ...model.ended]) {
    const expected = model.queue(session).map(plainEntry);
    const whole = await persistence.readQueue(session, -1, expected.length + 1);
    assert.deepEqual(whole.map(plainEntry), expected, `the queue of session ${session}`);
    const windows: QueuedMessage[] = [];
    for (;;) {
      const window = await persistence.readQueue(session, windows.at(-1)?.sequence ?? -1, limit);
      assert.ok(window.length <= limit, 'a window holds no more than its limit');
      if (window.length === 0) break;
      windows.push(...window);
    }
    assert.deepEqual(windows.map(plainEntry), expected, `the windows of session ${session}`);
  }
}

/** Compares what `open` found. */
export function expectSnapshotLikeModel(snapshot: Snapshot, model: PersistenceModel): void {
  const live = [...model.sessions.values()];
  const sessions = live.map(({ record, queue }) => ({
    ...record,
    nextSequence: Math.max(-1, ...queue.keys()) + 1,
    queued: queue.size,
  }));
  const subscriptions = live.flatMap((session) => [...session.subscriptions.values()]);
  const received = live.flatMap(({ record: { session }, received }) =>
    Array.from(received, (packetId) => ({ session, packetId })),
  );
  expectSame('sessions', snapshot.sessions, sessions);
  expectSame('subscriptions', snapshot.subscriptions, subscriptions);
  expectSame('received identifiers', snapshot.received, received);
  expectSame('wills', snapshot.wills, model.wills.values());
  expectSame('retained messages', snapshot.retained, model.retained.values());
  const { nextMessageNumber, nextSessionNumber } = snapshot;
  assert.ok(nextMessageNumber > model.highestMessage, `next message ${nextMessageNumber}`);
  assert.ok(nextSessionNumber > model.highestSession, `next session ${nextSessionNumber}`);
}

function expectSame(what: string, actual: Iterable<object>, expected: Iterable<object>): void {
  const inOrder = (records: Iterable<object>) =>
    Array.from(records, (record) => plain(record)).sort(byText);
  assert.deepEqual(inOrder(actual), inOrder(expected), what);
}

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : Number(left > right);
}

/** Of a released entry only its place is owed. */
export function plainEntry(entry: QueuedMessage): unknown {
  const { sequence, released, message } = entry;
  if (!released) return plain(entry);
  assert.equal(message, undefined, 'a released entry has no message');
  return { sequence, released };
}

/** A copy in which bytes are text, whatever class holds them, and absent and undefined are the same. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value).sort();
    const fields = names.map((name) => [name, plain((value as Record<string, unknown>)[name])]);
    return Object.fromEntries(fields.filter(([, field]) => field !== undefined));
  }
  return typeof value === 'number' ? `${value}` : value;
}
