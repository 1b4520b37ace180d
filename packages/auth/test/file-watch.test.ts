import { appendFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { FileWatch } from '../src/documents/file-watch.ts';
import { temporaryDirectory } from './fakes.ts';

/** Watches a file that holds "one", and counts what it is told. */
async function watched(times = { debounceMs: 5, pollMs: 600_000 }, at?: string) {
  const directory = await temporaryDirectory();
  const path = join(directory, at ?? 'file.json');
  if (at === undefined) await writeFile(path, 'one');
  const told = { count: 0 };
  const watch = new FileWatch(path, times);
  await watch.seen();
  watch.start(() => {
    told.count += 1;
  });
  onTestFinished(() => watch.stop());
  return { directory, path, told, watch };
}

it('tells of a file that is written, replaced, removed and made again', async () => {
  const { directory, path, told } = await watched();
  // In one step: between emptying and writing a file there may be a look at it.
  await appendFile(path, ', two');
  await expect.poll(() => told.count).toBe(1);
  await writeFile(join(directory, 'other'), 'three');
  await rename(join(directory, 'other'), path);
  await expect.poll(() => told.count).toBe(2);
  await rm(path);
  await expect.poll(() => told.count).toBe(3);
  await writeFile(path, 'four');
  await expect.poll(() => told.count).toBeGreaterThan(3);
});

it('looks now and then where the system tells nothing', async () => {
  const { path, told } = await watched({ debounceMs: 60_000, pollMs: 5 });
  await writeFile(path, 'two!');
  await expect.poll(() => told.count).toBeGreaterThan(0);
});

it('sees a link that leads elsewhere, as mounted configurations change', async () => {
  const directory = await temporaryDirectory();
  for (const version of ['one', 'two']) {
    await mkdir(join(directory, version));
    await writeFile(join(directory, version, 'file.json'), version);
  }
  await symlink(join(directory, 'one'), join(directory, '..data'));
  await symlink(join('..data', 'file.json'), join(directory, 'file.json'));
  const watch = new FileWatch(join(directory, 'file.json'), { debounceMs: 5, pollMs: 600_000 });
  let told = 0;
  await watch.seen();
  watch.start(() => {
    told += 1;
  });
  onTestFinished(() => watch.stop());
  await symlink(join(directory, 'two'), join(directory, '..tmp'));
  await rename(join(directory, '..tmp'), join(directory, '..data'));
  await expect.poll(() => told).toBe(1);
});

it('says nothing of what it knows, nor after its end', async () => {
  const { path, told, watch } = await watched({ debounceMs: 5, pollMs: 5 });
  await writeFile(path, 'two!');
  await watch.seen();
  const before = told.count;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(told.count).toBe(before);
  watch.stop();
  await writeFile(path, 'three');
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(told.count).toBe(before);
});
