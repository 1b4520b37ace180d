import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { checkStore, LevelPersistence, repairStore } from '@sluice/persistence-level';
import type { Operation } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { Random } from '../../plugin/src/testing/persistence-history.ts';
import { crc32c } from '../src/files/crc32c.ts';
import { checkFiles } from '../src/files/file-check.ts';
import { uncompressSnappy } from '../src/files/snappy.ts';
import { buildBlock, encodeHandle, seal, type TableEntry } from '../src/files/table-block.ts';
import { checkTable } from '../src/files/table-check.ts';
import { encodeFooter, endOf } from '../src/files/table-layout.ts';
import { ByteWriter } from '../src/records/byte-writer.ts';
import { closedStore, fullContents, fullCounts, withStore } from './full-store.ts';
import { fillQueue, message, saveSession } from './operations.ts';
import { databasePath, tablesOf } from './raw-database.ts';
import { quickDirectory, temporaryDirectory } from './temporary-directory.ts';

describe('the checksum of LevelDB', () => {
  it('has the value that its standard gives for the digits', () => {
    expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32, 0xff), 0, 32)).toBe(0x62a8ab43);
  });

  it('is of the bytes from start to end, whatever lies around them', () => {
    const bytes = Buffer.from(Array.from({ length: 60 }, (_, i) => (i * 37) & 255));
    for (let start = 0; start < 20; start++) {
      const part = Buffer.from(bytes.subarray(start));
      expect(crc32c(bytes, start, 60)).toBe(crc32c(part, 0, part.length));
    }
  });
});

describe('Snappy', () => {
  const uncompress = (...bytes: number[]) =>
    uncompressSnappy(Buffer.from(bytes), 1000)?.toString('latin1');

  it('has literals, and copies that may reach into themselves', () => {
    // 'ab', then 6 bytes from 2 back, and 4 from 1 back.
    expect(uncompress(12, 1 << 2, 97, 98, 2 | (5 << 2), 2, 0, 1, 1)).toBe('ababababbbbb');
    expect(uncompress(3, 60 << 2, 2, 120, 121, 122)).toBe('xyz');
  });

  it.each([
    ['that ends early', [12, 1 << 2, 97]],
    ['of another length than announced', [3, 1 << 2, 97, 98]],
    ['that goes on behind its end', [1, 1 << 2, 97, 98]],
    ['that copies from before its beginning', [6, 0, 97, 1, 2]],
    ['that copies from where nothing is', [6, 0, 97, 1, 0]],
    ['that announces too much', [255, 255, 255, 255, 15, 0, 97]],
    ['without a length', [255, 255, 255, 255, 255, 255]],
  ])('refuses a stream %s', (_, bytes) => {
    expect(uncompress(...bytes)).toBeUndefined();
  });
});

const sequence = 100;

/** An entry as LevelDB writes it; a value, unless it is told otherwise, with its checksum. */
function entry(
  name: string,
  change: { type?: number; value?: Buffer; at?: number } = {},
): TableEntry {
  const { type = 1, at = sequence } = change;
  const suffix = Buffer.alloc(8);
  suffix.writeBigUInt64LE((BigInt(at) << 8n) | BigInt(type));
  const sealed = new ByteWriter().start().integer(7).seal(Buffer.from(name));
  return {
    key: Buffer.concat([Buffer.from(name), suffix]),
    value: change.value ?? Buffer.from(sealed),
  };
}

const damagedValue = Buffer.from([1, 0, 0, 0, 0, 7]);

/** Checks a table of three blocks, of which the middle one has a wrong checksum. */
async function checkMiddle(contents: Buffer): Promise<string> {
  const parts = [buildBlock([entry('a'), entry('b')]), contents, buildBlock([entry('x')])];
  const blocks: Buffer[] = [];
  const index: TableEntry[] = [];
  let offset = 0;
  const append = (block: Buffer) => {
    const handle = { offset, bytes: block.length - 5 };
    blocks.push(block);
    offset = endOf(handle);
    return handle;
  };
  for (const [i, part] of parts.entries()) {
    const block = seal(part);
    if (i === 1) block[block.length - 1] = (block.at(-1) as number) ^ 1;
    index.push({ key: entry('bwx'[i] as string).key, value: encodeHandle(append(block)) });
  }
  const metaindex = append(seal(buildBlock([])));
  const footer = encodeFooter(metaindex, append(seal(buildBlock(index))));
  const path = join(await temporaryDirectory(), '000001.ldb');
  await writeFile(path, Buffer.concat([...blocks, footer]));
  const facts = { smallest: entry('a').key, largest: entry('x').key, lastSequence: sequence };
  const damaged = await checkTable(path, '000001.ldb', facts);
  expect(damaged).toMatchObject([{ table: '000001.ldb', byte: blocks[0]?.length }]);
  expect(damaged[0]?.isTolerable).toBe(damaged[0]?.reason === 'values in it');
  return damaged[0]?.reason ?? '';
}

describe('a data block with a wrong checksum', () => {
  it('is tolerated when the checksum of a record shows the damage', async () => {
    const entries = [entry('c'), entry('d', { value: damagedValue }), entry('e')];
    expect(await checkMiddle(buildBlock(entries))).toBe('values in it');
  });

  const cases: [string, TableEntry[], string][] = [
    ['where all records are sound', [entry('c')], 'data, though its records are sound'],
    ['without records', [], 'data without a record'],
    ['with a key too short', [{ ...entry('c'), key: Buffer.from('c') }], 'a key of it'],
    ['with an unknown type', [entry('c', { type: 2 })], 'a key of it'],
    ['with a deletion of a value', [entry('c', { type: 0 })], 'a key of it'],
    ['from the future', [entry('c', { at: sequence + 1 })], 'a key of it'],
    ['with keys out of order', [entry('d'), entry('c')], 'out of order'],
    ['with a key twice', [entry('c'), entry('c')], 'out of order'],
    ['that begins too early', [entry('a'), entry('c')], 'out of order'],
    ['that ends too late', [entry('c'), entry('wa')], 'out of order'],
  ];
  it.each(cases)('%s is not', async (_, entries, reason) => {
    // Also where there is a damaged value beside it.
    expect(await checkMiddle(buildBlock(entries))).toContain(reason);
    if (entries.length > 0 && reason !== 'data, though its records are sound') {
      const damaged = entries.map((each) => ({ ...each, value: damagedValue }));
      expect(await checkMiddle(buildBlock(damaged))).toContain(reason);
    }
  });

  it('that cannot be parsed is not', async () => {
    const contents = buildBlock([entry('c', { value: damagedValue }), entry('d')]);
    const changed = (at: number, byte: number) => {
      const copy = Buffer.from(contents);
      copy[at < 0 ? contents.length + at : at] = byte;
      return checkMiddle(copy);
    };
    expect(await checkMiddle(contents)).toBe('values in it');
    expect(await changed(1, 127)).toContain('goes too far');
    expect(await changed(0, 1)).toContain('goes too far');
    // Where entries end is not known any more.
    expect(await changed(-1, 127)).toContain('goes too far');
    expect(await changed(-4, 0)).toContain('goes too far');
    expect(await changed(-12, 1)).toContain('restart points are wrong');
    expect(await changed(-8, 0)).toContain('restart points are wrong');
  });
});

/** A store with one table of several blocks, and that table. */
async function storeWithTable(): Promise<{ path: string; file: string; bytes: Buffer }> {
  const path = await closedStore([...fullContents, saveSession(3), ...fillQueue(3, 500, 100)]);
  const [file = ''] = await tablesOf(path);
  return { path, file, bytes: await readFile(file) };
}

async function flip(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[at] = (bytes[at] as number) ^ 0x10;
  await writeFile(file, bytes);
}

const refusalOf = (path: string, verifyBytes?: number) =>
  new LevelPersistence({ path, ...(verifyBytes !== undefined && { verifyBytes }) }).open().then(
    () => 'none',
    (error: { code: string; message: string }) => `${error.code} ${error.message}`,
  );

describe('a start', () => {
  it('names the table and the byte where its index, filter or footer is damaged', async () => {
    const { path, file, bytes } = await storeWithTable();
    const found = new Set<string>();
    for (let fromEnd = 3; fromEnd < 900; fromEnd += 61) {
      await flip(file, bytes.length - fromEnd);
      const refusal = await refusalOf(path, 0);
      // The padding of the footer is nobody's.
      if (fromEnd > 48 || fromEnd < 8)
        expect(refusal, `${fromEnd}`).toMatch(/CORRUPT.*\.ldb is damaged at byte \d+/);
      found.add(refusal.replace(/.*\((.*)\).*/, '$1'));
      await writeFile(file, bytes);
    }
    expect(found).toContain('its index');
    expect(found).toContain('its filter');
    expect(found).toContain('its footer');
  });

  it('checks data as far as `verifyBytes` goes, newest tables first', async () => {
    const { path, file, bytes } = await storeWithTable();
    await withStore(path, async (store) => store.commit(fillQueue(1, 200, 2000)));
    const newest = (await tablesOf(path)).sort().at(-1) as string;
    expect(newest).not.toBe(file);
    await flip(file, Math.floor(bytes.length / 2));
    const directory = databasePath(path);
    const { length } = await readFile(newest);
    expect((await checkFiles(directory, 0)).damagedBlocks).toEqual([]);
    expect((await checkFiles(directory, length / 2)).damagedBlocks).toEqual([]);
    expect((await checkFiles(directory, 2 * length)).damagedBlocks).toHaveLength(1);
    expect(await refusalOf(path)).toContain('CORRUPT');
  });

  it.each([-1, Number.NaN, '1'])('takes no `verifyBytes` of %s', (verifyBytes) => {
    expect(() => new LevelPersistence({ path: 'x', verifyBytes: verifyBytes as number })).toThrow(
      expect.objectContaining({ code: 'SLUICE_LEVEL_OPTIONS' }),
    );
  });
});

describe('a repair', () => {
  it('loses nothing to a damaged index, filter or footer, and keeps the table as it was', async () => {
    const { path, file, bytes } = await storeWithTable();
    const name = file.slice(databasePath(path).length + 1);
    for (const [i, fromEnd] of [3, 60, 700].entries()) {
      await writeFile(file, bytes);
      await flip(file, bytes.length - fromEnd);
      const damaged = await readFile(file);
      const { tablesReplaced, after } = await repairStore({ path });
      expect(tablesReplaced).toEqual([name]);
      expect(after).toMatchObject({ healthy: true, damagedBlocks: [] });
      expect(after.records).toMatchObject({ ...fullCounts, session: 3, queue: 504, message: 503 });
      const kept = join(path, 'lost', i === 0 ? name : `${name}.${i}`);
      expect(await readFile(kept)).toEqual(damaged);
    }
  });

  it('rids a store of a block that a start tolerates', async () => {
    const random = new Random(1);
    const payload = Uint8Array.from({ length: 5000 }, () => random.below(256));
    const kept: Operation = { type: 'retain', message: message(9, { topic: 'kept', payload }) };
    const path = await closedStore([...fullContents, kept]);
    const [file = ''] = await tablesOf(path);
    await flip(file, (await readFile(file)).indexOf(payload) + 1000);
    const before = await checkStore({ path });
    expect(before).toMatchObject({ healthy: false, complete: true, refusal: undefined });
    expect(before.damagedBlocks).toMatchObject([{ reason: 'values in it', isTolerable: true }]);
    expect(before.problems).toMatchObject([{ problem: 'damaged', count: 1 }]);
    await withStore(path, () => Promise.resolve());
    expect((await checkStore({ path })).damagedBlocks).toHaveLength(1);
    const { tablesReplaced, after } = await repairStore({ path });
    expect(tablesReplaced).toHaveLength(1);
    expect(after).toMatchObject({ healthy: true, records: { quarantined: 1 } });
    const { retained, ...rest } = fullCounts;
    expect(after.records).toMatchObject(rest);
  });

  it('of a table that is nothing but noise moves it away', async () => {
    const { path, file, bytes } = await storeWithTable();
    await writeFile(file, Buffer.alloc(bytes.length, 0x5a));
    const { tablesReplaced, after } = await repairStore({ path });
    expect(tablesReplaced).toHaveLength(1);
    expect(after).toMatchObject({ healthy: true });
    expect(await readdir(join(path, 'lost'))).toEqual(tablesReplaced);
  });
});

/** How each of the flipped stores ended. */
async function flipped(directory: string, kind: string, count: number): Promise<string[]> {
  const flags = ['--import', 'tsx', '--conditions=@sluice/source'];
  const program = fileURLToPath(new URL('flip-bits.ts', import.meta.url));
  const args = [...flags, program, join(directory, kind), kind, '0', `${count}`, '10'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const lines = output.trim().split('\n');
  // The last line says what it was doing if LevelDB ended the process.
  expect(lines.at(-1), errors).toBe('end');
  return lines.filter((line) => !line.includes(' begins: ')).slice(0, -1);
}

it('flipped bits never end the process, and never change or hide a message', async () => {
  const directory = await quickDirectory();
  // How many stores of each kind, and how it may go on if they are not refused.
  const kinds: [string, number, string][] = [
    ['packed', 100, 'all|reported'],
    ['plain', 100, 'all|reported'],
    ['log', 15, 'all'],
    ['manifest', 15, 'all'],
    ['current', 5, 'all'],
  ];
  await Promise.all(
    kinds.map(async ([kind, count, outcomes]) => {
      const lines = await flipped(directory, kind, count);
      expect(lines.length).toBeGreaterThanOrEqual(count);
      const refused = 'SLUICE_LEVEL_(CORRUPT|ROLLED_BACK)';
      const expected = new RegExp(`^\\d+ (${outcomes}|${refused}|repaired healthy lost \\d+)$`);
      expect(lines.filter((line) => !expected.test(line))).toEqual([]);
    }),
  );
});
