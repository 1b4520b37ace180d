import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What CURRENT says from when LevelDB has made a database until it has opened it for the first time. */
const neverOpened = 'MANIFEST-000001';

/**
 * Removes a database whose first start was cut short: LevelDB does not sync the first MANIFEST, and refuses the
 * directory if a power cut takes it. Nothing was ever acknowledged from such a one. Only for a store without its epoch file.
 */
export async function removeUnfinishedDatabase(directory: string): Promise<void> {
  const files = await readdir(directory).catch((): string[] => []);
  if (files.some((file) => file.endsWith('.ldb') || file.endsWith('.sst'))) return;
  const current = await readFile(join(directory, 'CURRENT'), 'latin1').catch(() => undefined);
  if (current === undefined) {
    const manifests = files.filter((file) => file.startsWith('MANIFEST-'));
    if (manifests.length !== 1 || manifests[0] !== neverOpened) return;
  } else if (current.trimEnd() !== neverOpened) {
    return;
  }
  await rm(directory, { recursive: true });
}
