import { join } from 'node:path';
import { LevelPersistence } from '@sluice/persistence-level';
import type { Operation } from '@sluice/plugin';
import { enqueue, fillQueue, message, saveSession, saveWill, subscribe } from './operations.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Two sessions that share three messages, and a record of each other kind. */
export const fullContents: readonly Operation[] = [
  saveSession(1),
  saveSession(2),
  ...fillQueue(1, 3),
  enqueue(2, 0, 2),
  subscribe(1, 'a/#'),
  { type: 'receive', session: 1, packetId: 7 },
  { type: 'retain', message: message(9, { topic: 'kept' }) },
  saveWill(1),
];

export const fullCounts = {
  session: 2,
  subscription: 1,
  received: 1,
  will: 1,
  retained: 1,
  queue: 4,
  message: 3,
};

/** A closed store; by default with `fullContents`. */
export async function closedStore(contents = fullContents): Promise<string> {
  const path = join(await temporaryDirectory(), 'data');
  await withStore(path, (store) => Promise.resolve(store.commit(contents)));
  return path;
}

/** Opens a store, uses it, and closes it. */
export async function withStore<Result>(
  path: string,
  use: (store: LevelPersistence) => Promise<Result>,
): Promise<Result> {
  const store = new LevelPersistence({ path, durability: 'write' });
  await store.open();
  try {
    return await use(store);
  } finally {
    await store.idle();
    await store.close();
  }
}
