import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LevelPersistence } from '@sluice/persistence-level';
import { MemoryPersistence } from '@sluice/persistence-memory';
import type { Persistence } from '@sluice/plugin';
import { onTestFinished } from 'vitest';

/** What is durable, for one broker after the other. */
export interface Store {
  /** The persistence of the next broker. */
  persistence(): Persistence;
}

/** Lives as long as the test. */
export function memoryStore(): Store {
  const persistence = new MemoryPersistence();
  return { persistence: () => persistence };
}

/** A LevelDB directory, gone after the test. */
export function levelStore(): Store {
  const path = mkdtempSync(join(tmpdir(), 'sluice-core-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  // What survives a machine is the LevelDB package's own business; without fsync the tests are quick.
  return { persistence: () => new LevelPersistence({ path, durability: 'write' }) };
}

/** For tests that hold for every store. */
export const stores: readonly (readonly [name: string, make: () => Store])[] = [
  ['memory', memoryStore],
  ['LevelDB', levelStore],
];
