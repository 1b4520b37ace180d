import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { scanLog } from './log-file.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { checkTable, type DamagedBlock } from './table-check.ts';

/** What a look at LevelDB's files has shown. */
export interface FileCheck {
  /** Why LevelDB must not open them. */
  readonly damage: string | undefined;
  /** Of the tables that were looked at; all of them when there is no other damage. */
  readonly damagedBlocks: readonly DamagedBlock[];
}

/**
 * Looks at LevelDB's files before LevelDB does, because it opens without a word when a log is missing or damaged, or when
 * the end of its MANIFEST is, and because a damaged table can make it end the process. Of each table the index is checked;
 * the data, newest first, until so many bytes were read. What LevelDB notices itself is left to it.
 *
 * Not noticed: a log that ends early but at a record, as after a crash; and the newest of two logs, if it is lost in the
 * moments in which the older one is being made a table. A table never changes once it is written, so that what was checked
 * here stays right: but for a disk that rots while the database is open.
 */
export async function checkFiles(directory: string, verifyBytes: number): Promise<FileCheck> {
  const files = await readdir(directory).catch((): string[] => []);
  const manifest = await findManifest(directory, files);
  if (manifest === undefined) {
    const isNamed = !files.includes('CURRENT') || manifestName.test(await readCurrent(directory));
    return { damage: isNamed ? undefined : 'CURRENT names no MANIFEST', damagedBlocks: [] };
  }
  const { damagedAt, name } = manifest;
  const damage =
    damagedAt === undefined
      ? ((await findWrongSize(directory, files, manifest)) ??
        (await findLogDamage(directory, files, manifest)))
      : `${name} is damaged at byte ${damagedAt}`;
  if (damage !== undefined) return { damage, damagedBlocks: [] };
  const damagedBlocks = await checkTables(directory, files, manifest, verifyBytes);
  const worst = damagedBlocks.find(({ isTolerable }) => !isTolerable);
  return { damage: worst && describeBlock(worst), damagedBlocks };
}

const manifestName = /^MANIFEST-\d+\n$/;

interface NamedManifest extends Manifest {
  readonly name: string;
}

/** The MANIFEST that counts; undefined when it is missing or not understood. */
export async function findManifest(
  directory: string,
  files: readonly string[],
): Promise<NamedManifest | undefined> {
  const name = (await readCurrent(directory)).trimEnd();
  const manifest = files.includes(name) ? await readManifest(join(directory, name)) : undefined;
  return manifest && { ...manifest, name };
}

function readCurrent(directory: string): Promise<string> {
  return readFile(join(directory, 'CURRENT'), 'latin1').catch(() => '');
}

/** A damaged block, for people. */
function describeBlock({ table, byte, reason }: DamagedBlock): string {
  return `table ${table} is damaged at byte ${byte} (${reason})`;
}

/** The number in the name of a table; -1 for another file. */
export function tableNumber(file: string): number {
  return numberOf(file, '.ldb', '.sst');
}

async function findWrongSize(
  directory: string,
  files: readonly string[],
  { tables }: NamedManifest,
): Promise<string | undefined> {
  for (const table of files) {
    const listed = tables.get(tableNumber(table));
    if (listed === undefined) continue;
    const found = (await stat(join(directory, table)).catch(unlessMissing))?.size ?? listed.bytes;
    if (found !== listed.bytes)
      return `table ${table} has ${found} bytes instead of ${listed.bytes}`;
  }
  return undefined;
}

async function findLogDamage(
  directory: string,
  files: readonly string[],
  { logNumber, name }: NamedManifest,
): Promise<string | undefined> {
  const logs = files.filter((file) => numberOf(file, '.log') >= logNumber);
  if (logNumber > 0 && !logs.some((log) => numberOf(log, '.log') === logNumber)) {
    return `log ${logNumber} is missing, or the end of ${name}`;
  }
  for (const log of logs) {
    const { damagedAt } = await scanLog(join(directory, log));
    if (damagedAt !== undefined) return `log ${log} is damaged at byte ${damagedAt}`;
  }
  return undefined;
}

/** While the blocks of one are looked at, others are read. */
const tablesAtOnce = 3;

async function checkTables(
  directory: string,
  files: readonly string[],
  { tables, lastSequence }: NamedManifest,
  verifyBytes: number,
): Promise<DamagedBlock[]> {
  const newestFirst = files
    .filter((file) => tables.has(tableNumber(file)))
    .sort((one, other) => tableNumber(other) - tableNumber(one));
  const found: (readonly DamagedBlock[])[] = [];
  let next = 0;
  let bytesLeft = verifyBytes;
  const checkOn = async (): Promise<void> => {
    for (let at = next++; at < newestFirst.length; at = next++) {
      const table = newestFirst[at] as string;
      const listed = tables.get(tableNumber(table));
      const onlyLayout = bytesLeft <= 0;
      if (!onlyLayout) bytesLeft -= listed?.bytes ?? 0;
      const file = join(directory, table);
      const facts = { ...listed, lastSequence };
      // One that is gone meanwhile was replaced by a broker that has the store open, or LevelDB says that it is missing.
      const damaged = await checkTable(file, table, facts, onlyLayout).catch(unlessMissing);
      found[at] = damaged ?? [];
    }
  };
  await Promise.all(Array.from({ length: tablesAtOnce }, checkOn));
  return found.flat();
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** The number in the name of a file that ends like this; -1 for another one. */
function numberOf(file: string, ...endings: readonly string[]): number {
  const ending = endings.find((each) => file.endsWith(each));
  return ending === undefined ? -1 : Number.parseInt(file, 10);
}
