import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, open, readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { LevelPersistence } from '@sluice/persistence-level';
import type { Operation } from '@sluice/plugin';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failNextBatches, installFailingBatch } from './failing-batch.ts';
import { endSession, enqueue, fillQueue, message, saveSession } from './operations.ts';
import { databasePath, keysOf } from './raw-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const writeFailed = { code: 'SLUICE_LEVEL_WRITE_FAILED' };

async function opened(path: string): Promise<LevelPersistence> {
  const persistence = new LevelPersistence({ path });
  await persistence.open();
  return persistence;
}

const sequences = async (persistence: LevelPersistence) =>
  (await persistence.readQueue(1, -1, 10_000)).map(({ sequence }) => sequence);

const publish = (sequence: number, bytes: number): Operation[] => [
  { type: 'store', message: message(sequence + 1, { payload: new Uint8Array(bytes).fill(7) }) },
  enqueue(1, sequence, sequence + 1),
];

/** Why no small disk can be had here, if it cannot. */
function whyNoDisk(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root, to mount a small disk';
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    execFileSync('umount', ['/mnt'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'may not mount a small disk';
  }
}

const reason = whyNoDisk();
const diskBytes = 24 * 1024 * 1024;

/** A disk of 24 MiB with a store on it, and a file that can be made to fill it. */
async function smallDisk() {
  const disk = await temporaryDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', disk]);
  onTestFinished(() => {
    execFileSync('umount', [disk]);
  });
  const ballast = join(disk, 'ballast');
  return {
    path: join(disk, 'broker'),
    /** Fills the disk, but for so many bytes. */
    async fill(but: number) {
      const file = await open(ballast, 'w');
      const chunk = Buffer.alloc(64 * 1024, 1);
      let bytes = 0;
      try {
        for (;;) bytes += (await file.write(chunk)).bytesWritten;
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
      }
      await file.close();
      await truncate(ballast, bytes - but);
    },
    free: () => rm(ballast),
  };
}

const title = reason === undefined ? '' : ` (skipped: ${reason})`;
describe.skipIf(reason !== undefined)(`on a full disk${title}`, () => {
  it('nothing false is acknowledged, queues can be read, and it goes on when there is room', async () => {
    const { path, fill, free } = await smallDisk();
    const persistence = await opened(path);
    await persistence.commit([saveSession(1)]);
    await fill(3 * 1024 * 1024);
    const acknowledged: number[] = [];
    let failed: Operation[] = [];
    let failure: unknown;
    while (failure === undefined) {
      failed = publish(acknowledged.length, 70_000);
      try {
        await persistence.commit(failed);
        acknowledged.push(acknowledged.length);
      } catch (error) {
        failure = error;
      }
    }
    expect(failure).toMatchObject({
      ...writeFailed,
      message: expect.stringContaining('No space left on device'),
    });
    expect(acknowledged.length).toBeGreaterThan(10);
    for (let i = 0; i < 3; i++) {
      expect(await sequences(persistence)).toEqual(acknowledged);
      await expect(persistence.commit(failed)).rejects.toMatchObject(writeFailed);
    }
    await free();
    await persistence.commit(failed);
    acknowledged.push(acknowledged.length);
    expect(await sequences(persistence)).toEqual(acknowledged);
    await persistence.close();
    const next = await opened(path);
    expect(await sequences(next)).toEqual(acknowledged);
    await next.close();
    expect(await keysOf(path, 'm')).toHaveLength(acknowledged.length);
  });

  it('a commit after a sweep that failed half-way is not lost behind what that left in the log', async () => {
    const { path, fill, free } = await smallDisk();
    const persistence = await opened(path);
    await persistence.commit([saveSession(1), saveSession(2), ...fillQueue(2, 5000, 100)]);
    await fill(8 * 1024);
    await persistence.commit([endSession(2)]);
    await persistence.idle();
    await free();
    await persistence.commit(publish(0, 100));
    await persistence.commit(publish(1, 100));
    await persistence.close();
    const next = await opened(path);
    expect(await sequences(next)).toEqual([0, 1]);
    await next.idle();
    await next.close();
    expect(await keysOf(path, 'm')).toHaveLength(2);
  });

  it('a store can be closed, and is refused until there is room again', async () => {
    const { path, fill, free } = await smallDisk();
    const persistence = await opened(path);
    await persistence.commit([saveSession(1), ...publish(0, 100_000)]);
    await fill(0);
    const failed = publish(1, 100_000);
    await expect(persistence.commit(failed)).rejects.toMatchObject(writeFailed);
    await expect(persistence.commit(failed)).rejects.toMatchObject(writeFailed);
    await persistence.close();
    await expect(opened(path)).rejects.toMatchObject({ code: 'SLUICE_LEVEL_UNWRITABLE' });
    await free();
    const next = await opened(path);
    expect(await sequences(next)).toEqual([0]);
    await next.close();
  });
});

describe('a directory', () => {
  it('that is removed under a running store fails commits as soon as LevelDB notices, for good', async () => {
    await installFailingBatch();
    const path = join(await temporaryDirectory(), 'broker');
    const persistence = await opened(path);
    await persistence.commit([saveSession(1), ...publish(0, 10)]);
    await rm(path, { recursive: true });
    failNextBatches();
    const failed = publish(1, 10);
    await expect(persistence.commit(failed)).rejects.toMatchObject(writeFailed);
    expect(await sequences(persistence)).toEqual([0]);
    await expect(persistence.commit(failed)).rejects.toMatchObject(writeFailed);
    await mkdir(databasePath(path), { recursive: true });
    await expect(persistence.commit(failed)).rejects.toMatchObject({
      code: 'SLUICE_LEVEL_ROLLED_BACK',
    });
    await expect(sequences(persistence)).rejects.toMatchObject({
      code: 'SLUICE_LEVEL_READ_FAILED',
    });
    await persistence.close();
    expect(await readdir(databasePath(path))).not.toContain('CURRENT');
  });

  const cannotTurn = process.platform !== 'linux' || process.getuid?.() !== 0;
  const why = cannotTurn ? ' (skipped: needs root on Linux, to act as another user)' : '';
  it.skipIf(cannotTurn)(
    `that became unwritable is written again when it can be${why}`,
    async () => {
      await installFailingBatch();
      const top = await temporaryDirectory();
      const path = join(top, 'broker');
      const persistence = await opened(path);
      await persistence.commit([saveSession(1), ...publish(0, 10)]);
      const directories = [top, path, databasePath(path)];
      for (const file of await readdir(databasePath(path))) {
        await chown(join(databasePath(path), file), 65534, 65534);
      }
      for (const directory of directories) {
        await chown(directory, 65534, 65534);
        await chmod(directory, 0o555);
      }
      const failed = publish(1, 10);
      failNextBatches();
      process.seteuid?.(65534);
      try {
        await expect(persistence.commit(failed)).rejects.toMatchObject(writeFailed);
        await expect(persistence.commit(failed)).rejects.toMatchObject({
          ...writeFailed,
          message: expect.stringContaining('EACCES'),
        });
        expect(await sequences(persistence)).toEqual([0]);
      } finally {
        process.seteuid?.(0);
      }
      for (const directory of directories) await chmod(directory, 0o755);
      await persistence.commit(failed);
      expect(await sequences(persistence)).toEqual([0, 1]);
      await persistence.close();
    },
  );
});
