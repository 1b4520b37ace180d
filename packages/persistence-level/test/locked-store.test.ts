import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkStore, LevelPersistence, repairStore, storeStats } from '@sluice/persistence-level';
import { expect, it, onTestFinished } from 'vitest';
import { saveSession } from './operations.ts';
import { databasePath } from './raw-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

async function opened(
  path: string,
  options: { readonly repair?: boolean } = {},
): Promise<LevelPersistence> {
  const persistence = new LevelPersistence({ path, ...options });
  await persistence.open();
  return persistence;
}

/** A closed store with a session in it, and a table. */
async function usedStore(): Promise<string> {
  const path = join(await temporaryDirectory(), 'broker');
  const persistence = await opened(path);
  await persistence.commit([saveSession(1)]);
  await persistence.close();
  await (await opened(path)).close();
  return path;
}

const script: string = join(import.meta.dirname, 'hold-database.mjs');

/** Another process that has the database open, from when it has. Ends it when it is called, or the test is over. */
async function heldElsewhere(path: string): Promise<() => Promise<void>> {
  const holder = spawn(process.execPath, [script, databasePath(path)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(holder, 'exit');
  const end = async () => {
    holder.kill('SIGKILL');
    await exited;
  };
  onTestFinished(end);
  await once(holder.stdout, 'data');
  return end;
}

it('a store that another process has open is refused, and taken once that is killed', async () => {
  const path = await usedStore();
  const end = await heldElsewhere(path);
  await expect(opened(path)).rejects.toMatchObject({ code: 'SLUICE_LEVEL_LOCKED' });
  await end();
  const next = new LevelPersistence({ path });
  expect([...(await next.open()).sessions]).toHaveLength(1);
  await next.close();
});

it('a store that another process has open is not repaired under it', async () => {
  const path = await usedStore();
  const end = await heldElsewhere(path);
  const table = (await readdir(databasePath(path))).find((name) => name.endsWith('.ldb')) ?? '';
  await truncate(join(databasePath(path), table), 20);
  const before = await contentsOf(path);
  const refused = { code: 'SLUICE_LEVEL_LOCKED' };
  await expect(opened(path, { repair: true })).rejects.toMatchObject(refused);
  await expect(repairStore({ path })).rejects.toMatchObject(refused);
  expect(await contentsOf(path)).toEqual(before);
  await end();
  await (await opened(path, { repair: true })).close();
});

it('a database that another process is just making is not taken for one whose start was cut short', async () => {
  const path = join(await temporaryDirectory(), 'broker');
  await mkdir(databasePath(path), { recursive: true });
  await heldElsewhere(path);
  await writeFile(join(databasePath(path), 'CURRENT'), 'MANIFEST-000001\n');
  const before = await contentsOf(path);
  await expect(opened(path)).rejects.toMatchObject({ code: 'SLUICE_LEVEL_LOCKED' });
  expect(await contentsOf(path)).toEqual(before);
});

/** All files of a store, but LevelDB's own log of what it does. */
async function contentsOf(path: string): Promise<string[]> {
  const files = await readdir(path, { recursive: true, withFileTypes: true });
  const kept = files.filter((file) => file.isFile() && !file.name.startsWith('LOG'));
  const contents = kept.map(async ({ parentPath, name }) => {
    const bytes = await readFile(join(parentPath, name), 'latin1');
    return `${join(parentPath, name)} ${bytes}`;
  });
  return (await Promise.all(contents)).toSorted();
}

it('a store stays locked for other processes, whatever this one tries to open beside it', async () => {
  const path = join(await temporaryDirectory(), 'broker');
  const persistence = await opened(path);
  const refused = { code: 'SLUICE_LEVEL_LOCKED' };
  await expect(opened(path)).rejects.toMatchObject(refused);
  await expect(opened(path, { repair: true })).rejects.toMatchObject(refused);
  for (const tool of [checkStore, repairStore, storeStats]) {
    await expect(tool({ path })).rejects.toMatchObject(refused);
  }
  const holder = spawn(process.execPath, [script, databasePath(path)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    await expect(
      Promise.race([once(holder, 'exit'), once(holder.stdout, 'data')]),
    ).resolves.toEqual([1, null]);
  } finally {
    holder.kill('SIGKILL');
  }
  await persistence.close();
  await (await opened(path)).close();
});

it('a lock file that a dead process left behind is no lock', async () => {
  const path = join(await temporaryDirectory(), 'broker');
  const persistence = await opened(path);
  await persistence.close();
  await writeFile(join(databasePath(path), 'LOCK'), 'left behind');
  await (await opened(path)).close();
});
