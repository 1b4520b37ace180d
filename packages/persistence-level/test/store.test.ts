import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { LevelPersistence } from '@sluice/persistence-level';
import { BrokerError } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { type Epoch, readEpoch, writeEpoch } from '../src/epoch.ts';
import { ByteWriter } from '../src/records/byte-writer.ts';
import { identityKey } from '../src/records/keys.ts';
import { writeIdentity } from '../src/records/records.ts';
import { storeFormat } from '../src/store-identity.ts';
import { saveSession } from './operations.ts';
import { databasePath, withDatabase } from './raw-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A closed store with one session in it, opened twice. */
async function usedStore(): Promise<string> {
  const path = join(await temporaryDirectory(), 'broker');
  await startOnce(path, async (persistence) => persistence.commit([saveSession(1)]));
  await startOnce(path);
  return path;
}

async function startOnce(
  path: string,
  use?: (persistence: LevelPersistence) => Promise<void>,
  options: { readonly repair?: boolean } = {},
): Promise<string[]> {
  const persistence = new LevelPersistence({ path, ...options });
  const snapshot = await persistence.open();
  await use?.(persistence);
  await persistence.close();
  return Array.from(snapshot.sessions, ({ clientId }) => clientId);
}

async function expectRefused(path: string, code: string): Promise<void> {
  const error = await new LevelPersistence({ path }).open().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BrokerError);
  expect((error as BrokerError).code).toBe(code);
  expect((error as BrokerError).message).toContain(path);
}

async function epochOf(path: string): Promise<Epoch> {
  const epoch = await readEpoch(path);
  if (epoch === undefined || epoch === 'damaged') throw new Error('There is no epoch file');
  return epoch;
}

async function putIdentity(path: string, format: number, epoch: number): Promise<void> {
  const storeId = (await readFile(join(path, 'epoch'), 'utf8')).split(' ')[1] ?? '';
  const writer = new ByteWriter().start();
  writeIdentity(writer, { format, storeId, epoch });
  await withDatabase(path, (database) => database.put(identityKey, writer.seal(identityKey)));
}

describe('a store is refused', () => {
  it('while another one has it open, and taken once that is closed', async () => {
    const path = await usedStore();
    const first = new LevelPersistence({ path });
    await first.open();
    await expectRefused(path, 'SLUICE_LEVEL_LOCKED');
    await first.commit([saveSession(2)]);
    await first.close();
    expect(await startOnce(path)).toEqual(['client-1', 'client-2']);
  });

  it('where no directory can be made', async () => {
    const file = join(await temporaryDirectory(), 'file');
    await writeFile(file, '');
    await expectRefused(join(file, 'store'), 'SLUICE_LEVEL_UNWRITABLE');
  });

  it('where a file takes the place of the database', async () => {
    const path = await temporaryDirectory();
    await writeFile(databasePath(path), '');
    await expectRefused(path, 'SLUICE_LEVEL_UNWRITABLE');
  });

  it('when CURRENT is gone, which LevelDB would take for a new database', async () => {
    const path = await usedStore();
    await rm(join(databasePath(path), 'CURRENT'));
    await expectRefused(path, 'SLUICE_LEVEL_ROLLED_BACK');
    expect(await startOnce(path, undefined, { repair: true })).toEqual(['client-1']);
    expect(await startOnce(path)).toEqual(['client-1']);
  });

  it('when the file that CURRENT names is gone', async () => {
    const path = await usedStore();
    const current = await readFile(join(databasePath(path), 'CURRENT'), 'utf8');
    await rm(join(databasePath(path), current.trim()));
    await expectRefused(path, 'SLUICE_LEVEL_CORRUPT');
  });

  it('when the database was emptied', async () => {
    const path = await usedStore();
    await rm(databasePath(path), { recursive: true });
    await expectRefused(path, 'SLUICE_LEVEL_ROLLED_BACK');
    await rm(databasePath(path), { recursive: true });
    await mkdir(databasePath(path));
    await expectRefused(path, 'SLUICE_LEVEL_ROLLED_BACK');
    expect(await startOnce(path, undefined, { repair: true })).toEqual([]);
  });

  it('when a database with the identity lost was put in its place', async () => {
    const path = await usedStore();
    await withDatabase(path, (database) => database.del(identityKey));
    await expectRefused(path, 'SLUICE_LEVEL_ROLLED_BACK');
    await withDatabase(path, (database) => database.clear());
    await expectRefused(path, 'SLUICE_LEVEL_ROLLED_BACK');
  });

  it('when an older copy was put in its place', async () => {
    const path = await usedStore();
    await cp(databasePath(path), `${path}.copy`, { recursive: true });
    await startOnce(path, async (persistence) => persistence.commit([saveSession(2)]));
    await rm(databasePath(path), { recursive: true });
    await rename(`${path}.copy`, databasePath(path));
    await expectRefused(path, 'SLUICE_LEVEL_ROLLED_BACK');
    expect(await startOnce(path, undefined, { repair: true })).toEqual(['client-1']);
  });

  it('when the database of another store was put in its place', async () => {
    const [path, other] = [await usedStore(), await usedStore()];
    await startOnce(other);
    await rm(databasePath(path), { recursive: true });
    await rename(databasePath(other), databasePath(path));
    await expectRefused(path, 'SLUICE_LEVEL_ROLLED_BACK');
  });

  it.each([
    ['a newer', storeFormat + 1],
    ['an older', storeFormat - 1],
  ])('when %s version wrote it', async (_, format) => {
    const path = await usedStore();
    await putIdentity(path, format, 10);
    await expectRefused(path, 'SLUICE_LEVEL_FORMAT');
  });

  it('when the database belongs to something else', async () => {
    const path = await temporaryDirectory();
    await withDatabase(path, (database) => database.put(Buffer.from('a'), Buffer.from('b')));
    await expectRefused(path, 'SLUICE_LEVEL_FORMAT');
  });

  it('when its end was cut off after it was closed', async () => {
    const path = await usedStore();
    await startOnce(path, async (persistence) => {
      await persistence.commit([saveSession(2)]);
      await persistence.commit([saveSession(3)], 'none');
    });
    await writeEpoch(path, { ...(await epochOf(path)), writes: 5 });
    await expectRefused(path, 'SLUICE_LEVEL_ROLLED_BACK');
    expect(await startOnce(path, undefined, { repair: true })).toHaveLength(3);
    expect(await startOnce(path)).toHaveLength(3);
  });

  it('when its identity or its epoch file is damaged', async () => {
    const path = await usedStore();
    await withDatabase(path, (database) => database.put(identityKey, Buffer.from('damaged')));
    await expectRefused(path, 'SLUICE_LEVEL_CORRUPT');
    await startOnce(path, undefined, { repair: true });
    await writeFile(join(path, 'epoch'), 'sluice-epoch x 1 00000000\n');
    await expectRefused(path, 'SLUICE_LEVEL_CORRUPT');
    expect(await startOnce(path, undefined, { repair: true })).toEqual(['client-1']);
  });
});

describe('a store is taken', () => {
  it.each([
    ['an empty MANIFEST', { CURRENT: 'MANIFEST-000001\n', 'MANIFEST-000001': '' }],
    ['a MANIFEST cut short', { CURRENT: 'MANIFEST-000001\n', 'MANIFEST-000001': 'V' }],
    [
      'the next MANIFEST beside it',
      {
        CURRENT: 'MANIFEST-000001\n',
        'MANIFEST-000001': 'V',
        'MANIFEST-000002': 'V',
        '000003.log': '',
      },
    ],
    ['no CURRENT', { '000001.dbtmp': 'MANIFEST-000001\n', 'MANIFEST-000001': 'V' }],
  ])('when a power cut during its first start left %s', async (_what, files) => {
    const path = join(await temporaryDirectory(), 'broker');
    await mkdir(databasePath(path), { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(databasePath(path), name), content);
    }
    await startOnce(path, async (persistence) => persistence.commit([saveSession(1)]));
    expect(await startOnce(path)).toHaveLength(1);
  });

  it('with the number of its writes beside it, which is exact once it was closed', async () => {
    const path = await usedStore();
    expect(await epochOf(path)).toMatchObject({ epoch: 2, writes: 1 });
    await startOnce(path, async (persistence) => {
      await persistence.commit([saveSession(2)], 'none');
      expect(await epochOf(path)).toMatchObject({ epoch: 3, writes: 1 });
      await persistence.commit([saveSession(3)]);
    });
    expect(await epochOf(path)).toMatchObject({ epoch: 3, writes: 3 });
  });

  it('with an epoch file of a version that did not number its writes', async () => {
    const path = await usedStore();
    const { storeId } = await epochOf(path);
    const text = `sluice-epoch ${storeId} 2`;
    await writeFile(join(path, 'epoch'), `${text} ${crc32(text).toString(16).padStart(8, '0')}\n`);
    expect(await startOnce(path)).toEqual(['client-1']);
  });

  it('when a crash came between the epoch in the database and the one beside it', async () => {
    const path = await usedStore();
    await putIdentity(path, storeFormat, 3);
    expect(await startOnce(path)).toEqual(['client-1']);
  });

  it('when its epoch file is gone, which is written again', async () => {
    const path = await usedStore();
    await rm(join(path, 'epoch'));
    expect(await startOnce(path)).toEqual(['client-1']);
    expect(await readFile(join(path, 'epoch'), 'utf8')).toMatch(/^sluice-epoch \S+ 3 /);
  });
});
