import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What CURRENT says from when LevelDB has made a database until it has opened it for the first time. */
const neverOpened = 'MANIFEST-000001';

/**
 * Whether it is a database whose first start was cut short: LevelDB does not sync the first MANIFEST, and refuses the
 * directory if a power cut takes it. Nothing was ever acknowledged from such a one. Only for a store without its epoch file.
 */
export async function isUnfinishedDatabase(directory: string): Promise<boolean> {
  const files = await readdir(directory).catch((): string[] => []);
  if (files.some((file) => file.endsWith('.ldb') || file.endsWith('.sst'))) return false;
  const current = await readFile(join(directory, 'CURRENT'), 'latin1').catch(() => undefined);
  if (current !== undefined) return current.trimEnd() === neverOpened;
  const manifests = files.filter((file) => file.startsWith('MANIFEST-'));
  return manifests.length === 1 && manifests[0] === neverOpened;
}
