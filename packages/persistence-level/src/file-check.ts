import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { scanLog } from './log-file.ts';
import { readManifest } from './manifest.ts';

/**
 * Looks at LevelDB's files before LevelDB does, because it opens without a word when a log is missing or damaged, or when
 * the end of its MANIFEST is. Returns what is wrong, or undefined; what LevelDB notices itself is left to it.
 *
 * Not noticed: a log that ends early but at a record, as after a crash; and the newest of two logs, if it is lost in the
 * moments in which the older one is being made a table.
 */
export async function findFileDamage(directory: string): Promise<string | undefined> {
  const files = await readdir(directory).catch((): string[] => []);
  const current = await readFile(join(directory, 'CURRENT'), 'latin1').catch(() => '');
  const name = current.trimEnd();
  if (!files.includes(name)) return undefined;
  const manifest = await readManifest(join(directory, name));
  if (manifest === undefined) return undefined;
  for (const [number, bytes] of manifest.tables) {
    const table = files.find((file) => numberOf(file, '.ldb', '.sst') === number);
    if (table === undefined) continue;
    const found = (await stat(join(directory, table))).size;
    if (found !== bytes) return `table ${table} has ${found} bytes instead of ${bytes}`;
  }
  const logs = files.filter((file) => numberOf(file, '.log') >= manifest.logNumber);
  if (manifest.logNumber > 0 && !logs.some((log) => numberOf(log, '.log') === manifest.logNumber)) {
    return `log ${manifest.logNumber} is missing, or the end of ${name}`;
  }
  for (const log of logs) {
    const { damagedAt } = await scanLog(join(directory, log));
    if (damagedAt !== undefined) return `log ${log} is damaged at byte ${damagedAt}`;
  }
  return undefined;
}

/** The number in the name of a file that ends like this; -1 for another one. */
function numberOf(file: string, ...endings: readonly string[]): number {
  const ending = endings.find((each) => file.endsWith(each));
  return ending === undefined ? -1 : Number.parseInt(file, 10);
}
