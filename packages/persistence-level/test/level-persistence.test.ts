import { LevelPersistence } from '@sluice/persistence-level';
import { describePersistence } from '@sluice/plugin/testing';
import { beforeEach, describe, it, vi } from 'vitest';
import { Journal } from '../src/journal.ts';
import { failNextBatches, installFailingBatch } from './failing-batch.ts';
import { quickDirectory } from './temporary-directory.ts';

function describeLevel(histories: number): void {
  describePersistence({
    describe,
    it,
    capabilities: { durable: true },
    histories,
    async create() {
      const path = await quickDirectory();
      await installFailingBatch();
      return {
        connect: () => new LevelPersistence({ path, durability: 'fsync' }),
        failNextCommit: (afterEffect) => failNextBatches({ afterEffect, only: 'commits' }),
      };
    },
  });
}

describe('with a journal that is folded now and then', () => describeLevel(10));

describe('with a journal that is folded all the time', () => {
  beforeEach(() => {
    const isDue = vi.spyOn(Journal.prototype, 'isDue', 'get');
    isDue.mockImplementation(function (this: Journal) {
      return this.newest.operations > 0;
    });
    return () => isDue.mockRestore();
  });
  describeLevel(10);
});
