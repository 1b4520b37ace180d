import type {
  Message,
  Operation,
  QueuedMessage,
  ReceivedRecord,
  RestoredSession,
  SessionRecord,
  Snapshot,
  SubscriptionRecord,
  WillRecord,
} from '@sluice/plugin';

interface Entry extends Omit<QueuedMessage, 'message'> {
  /** 0 once released. */
  readonly message: number;
}

/** What is kept under one session number. */
class StoredSession {
  record: SessionRecord | undefined;
  readonly subscriptions: Map<string, SubscriptionRecord> = new Map();
  readonly received: Set<number> = new Set();
  /** By sequence, ascending. */
  readonly queue: Map<number, Entry> = new Map();
}

interface Body {
  readonly message: Message;
  references: number;
}

/**
 * What the disk holds: survives every crash. Written for its rules, not for speed: an operation that no broker
 * should commit is reported as a breach of the contract.
 */
export class DurableState {
  readonly #onBreach: (text: string) => void;
  readonly #sessions: Map<number, StoredSession> = new Map();
  readonly #holders: Map<string, number> = new Map();
  readonly #bodies: Map<number, Body> = new Map();
  readonly #retained: Map<string, Message> = new Map();
  readonly #wills: Map<number, WillRecord> = new Map();
  readonly #ended: Set<number> = new Set();
  #nextMessageNumber = 1;
  #nextSessionNumber = 1;

  constructor(onBreach: (text: string) => void) {
    this.#onBreach = onBreach;
  }

  /** Everything of a commit, at once. */
  apply(operations: readonly Operation[]): void {
    const touched: number[] = [];
    for (const operation of operations) this.#apply(operation, touched);
    this.#dropUnused(touched);
  }

  /** What a broker finds when it starts. Sessions that another one has replaced are swept. */
  snapshot(): Snapshot {
    this.#sweep();
    const sessions: RestoredSession[] = [];
    const subscriptions: SubscriptionRecord[] = [];
    const received: ReceivedRecord[] = [];
    for (const session of this.#holders.values()) {
      const stored = this.#sessions.get(session);
      if (stored?.record === undefined) continue;
      const last = [...stored.queue.keys()].at(-1) ?? -1;
      sessions.push({ ...stored.record, nextSequence: last + 1, queued: stored.queue.size });
      subscriptions.push(...stored.subscriptions.values());
      for (const packetId of stored.received) received.push({ session, packetId });
    }
    return {
      sessions,
      subscriptions,
      received,
      wills: [...this.#wills.values()],
      retained: [...this.#retained.values()],
      nextMessageNumber: this.#nextMessageNumber,
      nextSessionNumber: this.#nextSessionNumber,
    };
  }

  readQueue(session: number, after: number, limit: number): readonly QueuedMessage[] {
    const entries: QueuedMessage[] = [];
    for (const entry of this.#sessions.get(session)?.queue.values() ?? []) {
      if (entries.length === limit) break;
      if (entry.sequence <= after) continue;
      entries.push({ ...entry, message: this.#bodies.get(entry.message)?.message });
    }
    return entries;
  }

  /** What is left, by name: nothing should be once every session has ended. */
  leftovers(): string[] {
    const sizes = {
      sessions: this.#sessions.size,
      'client ids': this.#holders.size,
      bodies: this.#bodies.size,
      retained: this.#retained.size,
      wills: this.#wills.size,
    };
    return Object.entries(sizes)
      .filter(([, size]) => size > 0)
      .map(([name, size]) => `${size} ${name}`);
  }

  #apply(operation: Operation, touched: number[]): void {
    switch (operation.type) {
      case 'store':
        this.#store(operation.message);
        touched.push(operation.message.number);
        break;
      case 'enqueue':
        this.#enqueue(operation);
        break;
      case 'enqueueMany': {
        const { sessions, sequences, ...entry } = operation;
        for (const [i, session] of sessions.entries()) {
          this.#enqueue({ ...entry, type: 'enqueue', session, sequence: sequences[i] as number });
        }
        break;
      }
      case 'release':
        this.#take(operation.session, operation.sequence, touched, true);
        break;
      case 'dequeue':
        this.#take(operation.session, operation.sequence, touched, false);
        break;
      case 'receive':
        this.#session(operation.session).received.add(operation.packetId);
        break;
      case 'complete':
        this.#sessions.get(operation.session)?.received.delete(operation.packetId);
        break;
      case 'retain':
        this.#retained.set(operation.message.topic, copyOf(operation.message));
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
      case 'subscribe': {
        const { record } = operation;
        this.#session(record.session).subscriptions.set(record.requested, record);
        break;
      }
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

  #sweep(): void {
    const touched: number[] = [];
    for (const [session, { record, queue }] of this.#sessions) {
      if (record !== undefined && this.#holders.get(record.clientId) === session) continue;
      for (const entry of queue.values()) this.#letGo(entry, touched);
      this.#sessions.delete(session);
    }
    this.#dropUnused(touched);
  }

  #dropUnused(touched: readonly number[]): void {
    for (const number of touched) {
      if (this.#bodies.get(number)?.references === 0) this.#bodies.delete(number);
    }
  }

  #store(message: Message): void {
    if (this.#bodies.has(message.number)) this.#onBreach(`body ${message.number} stored twice`);
    this.#bodies.set(message.number, { message: copyOf(message), references: 0 });
    this.#countMessage(message.number);
  }

  #enqueue(operation: Extract<Operation, { type: 'enqueue' }>): void {
    const { type: _, session, ...entry } = operation;
    const body = this.#bodies.get(operation.message);
    const { queue } = this.#session(session);
    if (body === undefined) this.#onBreach(`entry without its body ${operation.message}`);
    else body.references++;
    if (queue.has(entry.sequence)) this.#onBreach(`sequence ${entry.sequence} enqueued twice`);
    queue.set(entry.sequence, { ...entry, released: false });
  }

  /** Takes an entry's reference away, and the entry itself unless it is only released. */
  #take(session: number, sequence: number, touched: number[], isRelease: boolean): void {
    const queue = this.#sessions.get(session)?.queue;
    const entry = queue?.get(sequence);
    if (queue === undefined || entry === undefined) return;
    this.#letGo(entry, touched);
    if (isRelease) queue.set(sequence, { ...entry, message: 0, released: true });
    else queue.delete(sequence);
  }

  #letGo({ message }: Entry, touched: number[]): void {
    const body = this.#bodies.get(message);
    if (body === undefined) return;
    body.references--;
    touched.push(message);
  }

  #endSession(session: number, clientId: string, touched: number[]): void {
    for (const entry of this.#sessions.get(session)?.queue.values() ?? []) {
      this.#letGo(entry, touched);
    }
    this.#sessions.delete(session);
    this.#ended.add(session);
    this.#wills.delete(session);
    // The successor may have the client id already.
    if (this.#holders.get(clientId) === session) this.#holders.delete(clientId);
  }

  #session(number: number): StoredSession {
    let stored = this.#sessions.get(number);
    if (stored === undefined) {
      if (this.#ended.has(number)) this.#onBreach(`session ${number} is used again`);
      stored = new StoredSession();
      this.#sessions.set(number, stored);
      this.#countSession(number);
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

/** What a disk does: later changes of memory do not reach it. */
function copyOf(message: Message): Message {
  const { number, topic, qos, retain, properties, publisherId, receivedAt, expiresAt } = message;
  const payload = Buffer.from(message.payload);
  return { number, topic, payload, qos, retain, properties, publisherId, receivedAt, expiresAt };
}
