import { LevelPersistence } from '@sluice/persistence-level';
import { describePersistence } from '@sluice/plugin/testing';
import { describe, it } from 'vitest';
import { failNextBatches, installFailingBatch } from './failing-batch.ts';
import { quickDirectory } from './temporary-directory.ts';

describePersistence({
  describe,
  it,
  capabilities: { durable: true },
  async create() {
    const path = await quickDirectory();
    await installFailingBatch();
    return {
      connect: () => new LevelPersistence({ path, durability: 'fsync' }),
      failNextCommit: (afterEffect) => failNextBatches({ afterEffect, onlySynced: true }),
    };
  },
});
