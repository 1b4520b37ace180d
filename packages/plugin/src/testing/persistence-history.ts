import type { Operation } from '../persistence.ts';
import { PersistenceModel } from './persistence-model.ts';
import {
  awkwardTexts,
  enqueue,
  sampleMessage,
  sampleSession,
  sampleSubscription,
  sampleWill,
} from './persistence-samples.ts';

/** A small seeded generator (mulberry32): the same seed gives the same history everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** An integer from 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * limit) | 0;
  }

  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.below(items.length)];
  }
}

/** Draws commits that a broker could make, and keeps the model of what they add up to. */
export class RandomHistory {
  readonly model: PersistenceModel = new PersistenceModel();
  readonly #random: Random;
  readonly #hasEnqueueMany: boolean;
  readonly #nextSequence = new Map<number, number>();
  #messages = 0;
  #sessions = 0;

  /** With `enqueueMany` where that is known. */
  constructor(random: Random, hasEnqueueMany: boolean = false) {
    this.#random = random;
    this.#hasEnqueueMany = hasEnqueueMany;
  }

  /** One commit, not yet applied to the model. */
  draw(): Operation[] {
    const operations: Operation[] = [];
    // Later operations of a commit build on earlier ones, so they are drawn from a model that has seen them.
    for (let left = 1 + this.#random.below(6); left > 0; left--) operations.push(...this.#step());
    return operations;
  }

  #step(): Operation[] {
    const live = [...this.model.sessions.keys()];
    const session = this.#random.pick(live);
    if (session === undefined || this.#random.below(12) === 0) return this.#connect();
    const steps = [
      () => this.#publish(live),
      () => this.#publish(live),
      () => this.#acknowledge(session),
      () => this.#acknowledge(session),
      () => this.#receive(session),
      () => this.#subscribe(session),
      () => this.#retain(),
      () => this.#will(session),
      () => this.#saveOrEnd(session),
    ];
    const operations = this.#random.pick(steps)?.() ?? [];
    this.model.commit(operations);
    return operations;
  }

  #connect(): Operation[] {
    const clientId = this.#random.pick(awkwardTexts) ?? '';
    const operations: Operation[] = [];
    for (const { record } of this.model.sessions.values()) {
      if (record.clientId !== clientId) continue;
      operations.push({ type: 'endSession', session: record.session, clientId });
    }
    this.#sessions += 1 + this.#random.below(3);
    const record = sampleSession(this.#sessions, { clientId });
    // The successor may be saved before or after its predecessor ends.
    operations.splice(this.#random.below(operations.length + 1), 0, {
      type: 'saveSession',
      record,
    });
    this.model.commit(operations);
    return operations;
  }

  #publish(live: readonly number[]): Operation[] {
    this.#messages += 1 + this.#random.below(5000);
    const number = this.#messages;
    const payload = new Uint8Array(this.#random.below(40)).fill(number);
    const message = sampleMessage({ number, payload, topic: `t/${this.#random.below(9)}` });
    const operations: Operation[] = [{ type: 'store', message }];
    if (this.#hasEnqueueMany && this.#random.below(2) === 0) {
      operations.push(this.#enqueueMany(number, live));
    }
    for (const session of live) {
      if (this.#random.below(3) === 0) continue;
      const sequence = this.#sequence(session);
      const identifiers = this.#random.below(2) === 0 ? [] : [1, 268_435_455];
      operations.push(
        enqueue(session, sequence, number, {
          qos: this.#random.below(2) === 0 ? 1 : 2,
          retain: this.#random.below(2) === 0,
          subscriptionIdentifiers: identifiers,
          ...(this.#random.below(3) === 0 && { sharedFilter: `$share/g/t/${number % 3}` }),
        }),
      );
    }
    return operations.length === 1 ? [] : operations;
  }

  /** A place for each, and now and then a second one. */
  #enqueueMany(message: number, live: readonly number[]): Operation {
    const sessions = live.flatMap((session) =>
      this.#random.below(4) === 0 ? [session, session] : [session],
    );
    return {
      type: 'enqueueMany',
      sessions,
      sequences: sessions.map((session) => this.#sequence(session)),
      message,
      qos: this.#random.below(2) === 0 ? 1 : 2,
      retain: this.#random.below(2) === 0,
      subscriptionIdentifiers: this.#random.below(2) === 0 ? [] : [7],
    };
  }

  #sequence(session: number): number {
    const sequence = (this.#nextSequence.get(session) ?? -1) + 1 + this.#random.below(2);
    this.#nextSequence.set(session, sequence);
    return sequence;
  }

  #acknowledge(session: number): Operation[] {
    const queue = [...(this.model.sessions.get(session)?.queue ?? [])];
    const [sequence, entry] = queue[this.#random.below(Math.min(4, queue.length))] ?? [];
    if (sequence === undefined || entry === undefined) return [];
    const message = entry.released ? 0 : entry.message;
    const type = !entry.released && this.#random.below(3) === 0 ? 'release' : 'dequeue';
    return [{ type, session, sequence, message }];
  }

  #receive(session: number): Operation[] {
    const packetId = [1, 2, 255, 256, 65_535][this.#random.below(5)] ?? 1;
    const type = this.#random.below(2) === 0 ? 'receive' : 'complete';
    return [{ type, session, packetId }];
  }

  #subscribe(session: number): Operation[] {
    const requested = this.#random.pick(awkwardTexts) ?? '';
    if (this.#random.below(3) === 0) return [{ type: 'unsubscribe', session, requested }];
    const filter = this.#random.below(2) === 0 ? requested : `tenant/${requested}`;
    return [{ type: 'subscribe', record: sampleSubscription(session, requested, { filter }) }];
  }

  #retain(): Operation[] {
    const topic = this.#random.pick(awkwardTexts) ?? '';
    if (this.#random.below(3) === 0) return [{ type: 'clearRetained', topic }];
    this.#messages++;
    return [{ type: 'retain', message: sampleMessage({ number: this.#messages, topic }) }];
  }

  #will(session: number): Operation[] {
    if (this.#random.below(2) === 0) return [{ type: 'removeWill', session }];
    return [{ type: 'saveWill', record: sampleWill(session, { dueAt: this.#random.below(9) }) }];
  }

  #saveOrEnd(session: number): Operation[] {
    const record = this.model.sessions.get(session)?.record;
    if (record === undefined) return [];
    if (this.#random.below(3) === 0) {
      return [{ type: 'endSession', session, clientId: record.clientId }];
    }
    const disconnectedAt = this.#random.below(2) === 0 ? undefined : 1_700_000_000_000;
    return [
      {
        type: 'saveSession',
        record: { ...record, disconnectedAt, sentBefore: this.#random.below(1_000) },
      },
    ];
  }
}
