import assert from 'node:assert/strict';
import { persistenceCases } from './persistence-cases.ts';
import { failureCases } from './persistence-failure-cases.ts';
import { Random, RandomHistory } from './persistence-history.ts';
import { PersistenceTrial, type StoreUnderTest } from './persistence-trial.ts';

export type { StoreUnderTest } from './persistence-trial.ts';

export interface PersistenceCapabilities {
  /**
   * What was committed outlives the instance: `connect` gives a new one each time. Otherwise it gives the
   * same one, which keeps its content from `close` to `open`.
   */
  readonly durable: boolean;
}

/** What `describePersistence` needs: `describe` and `it` of any test runner, and the persistence to be tested. */
export interface PersistenceSuiteOptions {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
  readonly capabilities: PersistenceCapabilities;
  /** Makes an empty store. */
  readonly create: () => StoreUnderTest | Promise<StoreUnderTest>;
  /** Seed of the random histories: set it to the one that a failure names. 1 by default. */
  readonly seed?: number;
  /** Number of random histories; 10 by default. */
  readonly histories?: number;
}

const commitsPerHistory = 60;

/** The suite that every persistence must pass. Needs no particular test runner. */
export function describePersistence(options: PersistenceSuiteOptions): void {
  const { describe, it, capabilities, create, seed = 1, histories = 10 } = options;
  const test = (name: string, body: (trial: PersistenceTrial) => Promise<void>): void => {
    it(name, async () => {
      const store = await create();
      const trial = new PersistenceTrial(store);
      try {
        await trial.open();
        await body(trial);
      } finally {
        await trial.close();
        await store.dispose?.();
      }
    });
  };
  describe('a persistence', () => {
    test('begins empty', async (trial) => {
      await trial.reopen();
      assert.ok(trial.snapshot.nextMessageNumber >= 1);
      assert.ok(trial.snapshot.nextSessionNumber >= 1);
    });
    test('is opened by a new instance if it is durable, by the same one if not', async (trial) => {
      const before = trial.persistence;
      await trial.reopen();
      assert.equal(trial.persistence !== before, capabilities.durable);
    });
    for (const [name, cases] of Object.entries(persistenceCases)) {
      describe(name, () => {
        for (const [title, body] of Object.entries(cases)) test(title, body);
      });
    }
    for (const afterEffect of [false, true]) {
      describe(`does a commit once that failed ${afterEffect ? 'after' : 'before'} its effect`, () => {
        for (const [title, body] of Object.entries(failureCases)) {
          test(title, async (trial) => {
            if (trial.canFail) await body(trial, afterEffect);
          });
        }
        test('anywhere in a random history', async (trial) => {
          if (!trial.canFail) return;
          await checkRandomHistory(trial, seed, afterEffect);
        });
      });
    }
    describe('agrees with the plain model', () => {
      for (let i = 0; i < histories; i++) {
        test(`in random history ${i}`, (trial) => checkRandomHistory(trial, seed + i));
      }
    });
  });
}

async function checkRandomHistory(
  trial: PersistenceTrial,
  seed: number,
  /** Where commits fail, if they do. */
  afterEffect?: boolean,
): Promise<void> {
  const random = new Random(seed);
  const history = new RandomHistory(random, trial.persistence.takesEnqueueMany);
  trial.model = history.model;
  try {
    for (let i = 0; i < commitsPerHistory; i++) {
      const operations = history.draw();
      if (operations.length > 0) {
        if (afterEffect !== undefined && random.below(3) === 0) {
          await trial.commitThatFails(afterEffect, operations);
        }
        await trial.persistence.commit(operations);
      }
      if (random.below(4) === 0) await trial.expectQueues(1 + random.below(5));
      if (random.below(15) === 0) await trial.reopen();
    }
    await trial.reopen();
  } catch (cause) {
    throw new Error(`A history went wrong; run it alone with { seed: ${seed}, histories: 1 }`, {
      cause,
    });
  }
}
