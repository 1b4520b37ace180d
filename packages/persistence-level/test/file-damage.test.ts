import { cp, open, readdir, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type DamageReport, LevelPersistence } from '@sluice/persistence-level';
import { BrokerError, type Message } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { type Epoch, readEpoch, writeEpoch } from '../src/epoch.ts';
import { enqueue, message, saveSession } from './operations.ts';
import { databasePath, withDatabase } from './raw-database.ts';
import { quickDirectory } from './temporary-directory.ts';

const commits = 6;
const bodyOf = (number: number, bytes = 24): Message =>
  message(number, { payload: noise(number, bytes) });

/** A store with one session and `commits` messages, each a commit of its own, as a crash or a close leaves it. */
async function storeAfter(end: 'crash' | 'close', bytes?: number): Promise<string> {
  const path = join(await quickDirectory(), 'broker');
  const persistence = new LevelPersistence({ path });
  await persistence.open();
  await persistence.commit([saveSession(1)]);
  for (let i = 1; i <= commits; i++) {
    await persistence.commit([{ type: 'store', message: bodyOf(i, bytes) }, enqueue(1, i, i)]);
  }
  if (end === 'crash') await cp(path, `${path}.image`, { recursive: true });
  await persistence.close();
  return end === 'crash' ? `${path}.image` : path;
}

interface Found {
  /** Numbers of the messages in the queue, or why the store was refused. */
  readonly result: number[] | string;
  readonly reports: readonly DamageReport[];
}

/** What a copy of the store holds after its files were changed. Fails for a message that is not as it was stored. */
async function contentsAfter(
  path: string,
  change: (directory: string) => Promise<void>,
): Promise<Found> {
  const copy = `${path}.copy`;
  await rm(copy, { recursive: true, force: true });
  await cp(path, copy, { recursive: true });
  await change(databasePath(copy));
  const reports: DamageReport[] = [];
  const persistence = new LevelPersistence({
    path: copy,
    durability: 'write',
    onCorrupt: (report) => reports.push(report),
  });
  try {
    await persistence.open();
    const window = await persistence.readQueue(1, -1, 10_000);
    for (const { message: body, sequence } of window) {
      const payload = Uint8Array.from(body?.payload ?? []);
      expect({ ...body, payload }).toEqual(bodyOf(sequence, payload.length));
    }
    return { result: window.map(({ sequence }) => sequence), reports };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    return { result: error.code, reports };
  } finally {
    await persistence.close();
  }
}

async function fileOf(directory: string, pattern: RegExp): Promise<string> {
  const name = (await readdir(directory)).sort().findLast((file) => pattern.test(file));
  return join(directory, name ?? 'none');
}

async function flip(path: string, offset: number, mask = 0x10): Promise<void> {
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  byte[0] = (byte[0] ?? 0) ^ mask;
  await file.write(byte, 0, 1, offset);
  await file.close();
}

/** Where the records of a log begin, if each is in one piece, and where the last one ends. */
async function recordsOf(log: string): Promise<number[]> {
  const bytes = await readFile(log);
  const offsets = [0];
  for (let at = 0; at < bytes.length; offsets.push(at)) at += 7 + bytes.readUInt16LE(at + 4);
  return offsets;
}

const all = Array.from({ length: commits }, (_, i) => i + 1);
const corrupt = 'SLUICE_LEVEL_CORRUPT';
const rolledBack = 'SLUICE_LEVEL_ROLLED_BACK';

describe('the log', () => {
  it('cut anywhere in its last record by a crash: everything before that is there', async () => {
    const path = await storeAfter('crash');
    const log = await fileOf(databasePath(path), /\.log$/);
    const [start = 0, end = 0] = (await recordsOf(log)).slice(-2);
    expect(end).toBe((await stat(log)).size);
    for (let size = start; size <= end; size++) {
      const { result } = await contentsAfter(path, async (directory) => {
        await truncate(await fileOf(directory, /\.log$/), size);
      });
      expect(result, `${size}`).toEqual(size === end ? all : all.slice(0, -1));
    }
  });

  it('cut at any record by a crash: a prefix, and only after a close is that refused', async () => {
    const [crashed, closed] = [await storeAfter('crash'), await storeAfter('close')];
    const records = await recordsOf(await fileOf(databasePath(crashed), /\.log$/));
    // The first records are the identity and the session, which other tests take away.
    for (const [i, size] of records.slice(2).entries()) {
      const cut = async (directory: string) => truncate(await fileOf(directory, /\.log$/), size);
      expect((await contentsAfter(crashed, cut)).result).toEqual(all.slice(0, i));
      expect((await contentsAfter(closed, cut)).result).toBe(rolledBack);
    }
  });

  it('with a flipped bit before its last record is refused', async () => {
    const path = await storeAfter('crash');
    const log = await fileOf(databasePath(path), /\.log$/);
    const records = await recordsOf(log);
    for (let offset = 0; offset < (records.at(-2) ?? 0); offset += 17) {
      // A length that is wrong hides what follows it, as the end of the file would.
      if (records.some((start) => offset - start === 4 || offset - start === 5)) continue;
      const { result } = await contentsAfter(path, async (directory) =>
        flip(await fileOf(directory, /\.log$/), offset),
      );
      expect(result, `${offset}`).toBe(corrupt);
    }
  });

  it('with a flipped bit anywhere is refused once the store was closed', async () => {
    const path = await storeAfter('close');
    const log = await fileOf(databasePath(path), /\.log$/);
    const { size } = await stat(log);
    for (let offset = 0; offset < size; offset += 17) {
      const { result } = await contentsAfter(path, async (directory) =>
        flip(await fileOf(directory, /\.log$/), offset),
      );
      expect([corrupt, rolledBack], `${offset}`).toContain(result);
    }
  });

  it('of several blocks with one of them zeroed is refused', async () => {
    const path = join(await quickDirectory(), 'broker');
    const persistence = new LevelPersistence({ path });
    await persistence.open();
    await persistence.commit([saveSession(1)]);
    for (let i = 1; i <= commits; i++) {
      const body = message(i, { payload: new Uint8Array(50_000).fill(i) });
      await persistence.commit([{ type: 'store', message: body }, enqueue(1, i, i)]);
    }
    await cp(path, `${path}.image`, { recursive: true });
    await persistence.close();
    const { result } = await contentsAfter(`${path}.image`, async (directory) => {
      const file = await open(await fileOf(directory, /\.log$/), 'r+');
      await file.write(Buffer.alloc(32 * 1024), 0, 32 * 1024, 4 * 32 * 1024);
      await file.close();
    });
    expect(result).toBe(corrupt);
  });
});

/** A closed store whose records are in tables, all but the last ones, with bodies too random to be compressed. */
async function storeWithTables(): Promise<string> {
  const path = await storeAfter('close', 5_000);
  // Opening moves the log to a table.
  await withDatabase(path, () => Promise.resolve());
  return path;
}

describe('a table', () => {
  it('with a flipped bit in a body: that one is put aside, the others are there', async () => {
    const path = await storeWithTables();
    const table = await readFile(await fileOf(databasePath(path), /\.ldb$/));
    for (const number of all) {
      const place = table.indexOf(bodyOf(number, 5_000).payload);
      expect(place).toBeGreaterThan(0);
      const { result, reports } = await contentsAfter(path, async (directory) =>
        flip(await fileOf(directory, /\.ldb$/), place + number),
      );
      expect(result).toEqual(all.filter((each) => each !== number));
      expect(reports).toContainEqual({
        kind: 'message',
        key: `${number}`,
        reason: 'its checksum does not match',
      });
    }
  });

  it('that is cut, or longer than it was, is refused', async () => {
    const path = await storeWithTables();
    for (const change of [-1, -100, 1]) {
      const { result } = await contentsAfter(path, async (directory) => {
        const table = await fileOf(directory, /\.ldb$/);
        await truncate(table, (await stat(table)).size + change);
      });
      expect(result).toBe(corrupt);
    }
  });
});

describe('a file that is missing', () => {
  const cases: [string, RegExp, number[] | string][] = [
    ['CURRENT', /^CURRENT$/, rolledBack],
    ['MANIFEST', /^MANIFEST/, corrupt],
    ['log', /\.log$/, corrupt],
    ['table', /\.ldb$/, corrupt],
    ['LOCK', /^LOCK$/, all],
    ['LOG', /^LOG$/, all],
  ];
  it.each(cases)('%s', async (_, pattern, expected) => {
    const path = await storeWithTables();
    const { result } = await contentsAfter(path, async (directory) => {
      const file = await fileOf(directory, pattern);
      await rename(file, join(directory, '..', 'lost'));
    });
    expect(result).toEqual(expected);
  });

  it('by a crash: the whole log, with every commit in it', async () => {
    const path = await storeAfter('crash');
    const { result } = await contentsAfter(path, async (directory) => {
      await rm(await fileOf(directory, /\.log$/));
    });
    expect(result).toBe(corrupt);
  });
});

it('a MANIFEST that is cut is refused, wherever that was', async () => {
  const path = join(await quickDirectory(), 'broker');
  const persistence = new LevelPersistence({ path, writeBufferBytes: 64 * 1024 });
  await persistence.open();
  await persistence.commit([saveSession(1)]);
  for (let i = 1; i <= 200; i++) {
    await persistence.commit(
      [{ type: 'store', message: message(i, { payload: noise(i, 5_000) }) }, enqueue(1, i, i)],
      'write',
    );
  }
  await persistence.close();
  // As after a crash: nothing is known of how many writes there were.
  const epoch = await readEpoch(path);
  await writeEpoch(path, { ...(epoch as Epoch), writes: 0 });
  const manifest = await fileOf(databasePath(path), /^MANIFEST/);
  const records = await recordsOf(manifest);
  expect(records.length).toBeGreaterThan(5);
  for (const size of [...records.slice(0, -1), ...records.slice(1).map((end) => end - 3)]) {
    const target = `${path}.cut`;
    await cp(path, target, { recursive: true });
    await truncate(await fileOf(databasePath(target), /^MANIFEST/), size);
    const cut = new LevelPersistence({ path: target });
    await expect(cut.open(), `${size}`).rejects.toMatchObject({
      code: expect.stringMatching(`${corrupt}|${rolledBack}`),
    });
    await cut.close();
    await rm(target, { recursive: true });
  }
});

/** Bytes that cannot be compressed. */
function noise(seed: number, length: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 24;
  });
}
