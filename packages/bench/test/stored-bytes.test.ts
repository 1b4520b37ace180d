import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storedBytes } from '../src/stored-bytes.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'sluice-bench-test-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('storedBytes', () => {
  it('counts what a LevelDB below the directory holds', async () => {
    const options = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;
    await mkdir(path.join(directory, 'store'));
    const database = new Level<Buffer, Buffer>(path.join(directory, 'store'), options);
    await database.put(Buffer.from('message'), randomBytes(120));
    await database.put(Buffer.from('again'), randomBytes(100));
    await database.put(Buffer.from('reference'), randomBytes(99));
    await database.put(Buffer.from('gone'), randomBytes(500));
    await database.del(Buffer.from('gone'));
    await database.close();
    const { files, live, bodies } = await storedBytes(directory, 100);
    expect(bodies).toBe(2);
    expect(live).toBe(7 + 120 + 5 + 100 + 9 + 99);
    expect(files).toBeGreaterThan(live ?? 0);
  });

  it('knows only the size of other files', async () => {
    await mkdir(path.join(directory, 'deep'));
    await writeFile(path.join(directory, 'deep', 'broker.db'), randomBytes(77));
    expect(await storedBytes(directory, 100)).toEqual({ files: 77 });
  });
});
