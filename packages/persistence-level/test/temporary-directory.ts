import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** One in memory, where there is such a thing: for tests that sync hundreds of stores. */
export function quickDirectory(): Promise<string> {
  return temporaryDirectory(memory);
}

/** A directory of its own for the running test, gone afterwards. */
export async function temporaryDirectory(parent: string = tmpdir()): Promise<string> {
  const directory = await mkdtemp(join(parent, 'sluice-level-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
