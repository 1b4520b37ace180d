import assert from 'node:assert/strict';
import type { Operation, Persistence } from '../persistence.ts';
import type { Snapshot } from '../records.ts';
import {
  expectQueuesLikeModel,
  expectSnapshotLikeModel,
  PersistenceModel,
} from './persistence-model.ts';

/** A store that the suite may use up. */
export interface StoreUnderTest {
  /** The persistence of this store, not yet open. Called again, after `close`, to open the same store anew. */
  connect(): Persistence;
  /**
   * Makes the next commit reject, as a failing disk would: before it took effect, or although it did, when only the
   * word of it was lost. The one after it works again.
   */
  failNextCommit?(afterEffect: boolean): void;
  /** Called at the end of each test, after `close`. */
  dispose?(): void | Promise<void>;
}

/** A store in use, with the model of what it must hold. */
export class PersistenceTrial {
  readonly #store: StoreUnderTest;
  #persistence: Persistence | undefined;
  #snapshot: Snapshot | undefined;
  model: PersistenceModel = new PersistenceModel();

  constructor(store: StoreUnderTest) {
    this.#store = store;
  }

  get persistence(): Persistence {
    assert.ok(this.#persistence !== undefined, 'the store is open');
    return this.#persistence;
  }

  /** What the last `open` found. */
  get snapshot(): Snapshot {
    assert.ok(this.#snapshot !== undefined, 'the store was opened');
    return this.#snapshot;
  }

  get canFail(): boolean {
    return this.#store.failNextCommit !== undefined;
  }

  async open(): Promise<void> {
    const persistence = this.#store.connect();
    const snapshot = await persistence.open();
    this.#persistence = persistence;
    // Each part may be read once only.
    this.#snapshot = {
      sessions: [...snapshot.sessions],
      subscriptions: [...snapshot.subscriptions],
      received: [...snapshot.received],
      wills: [...snapshot.wills],
      retained: [...snapshot.retained],
      nextMessageNumber: snapshot.nextMessageNumber,
      nextSessionNumber: snapshot.nextSessionNumber,
    };
  }

  async close(): Promise<void> {
    await this.#persistence?.close();
    this.#persistence = undefined;
  }

  /** Closes and opens the store, and compares all that it holds with the model. */
  async reopen(): Promise<void> {
    await this.close();
    await this.open();
    expectSnapshotLikeModel(this.snapshot, this.model);
    await this.expectQueues();
  }

  async expectQueues(limit = 2): Promise<void> {
    await expectQueuesLikeModel(this.persistence, this.model, limit);
  }

  /** Commits to the store and to the model, and compares the queues. */
  async commit(...operations: readonly Operation[]): Promise<void> {
    await this.persistence.commit(operations);
    this.model.commit(operations);
    await this.expectQueues();
  }

  /** Makes each commit in turn, opening the store anew after each. */
  async commitAndReopen(...commits: readonly (readonly Operation[])[]): Promise<void> {
    for (const operations of commits) {
      await this.commit(...operations);
      await this.reopen();
    }
  }

  async commitThatFails(afterEffect: boolean, operations: readonly Operation[]): Promise<void> {
    this.#store.failNextCommit?.(afterEffect);
    await assert.rejects(async () => this.persistence.commit(operations));
  }

  /** Makes a commit fail once, tries it again with the same list, and compares the queues. */
  async commitAtSecondTry(afterEffect: boolean, operations: readonly Operation[]): Promise<void> {
    await this.commitThatFails(afterEffect, operations);
    await this.persistence.commit(operations);
    this.model.commit(operations);
    await this.expectQueues();
  }
}

/** Tests by title. */
export type PersistenceCases = Readonly<Record<string, (trial: PersistenceTrial) => Promise<void>>>;
