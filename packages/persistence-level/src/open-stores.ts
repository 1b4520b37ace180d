import { realpath } from 'node:fs/promises';
import { lockedHereError } from './errors.ts';

// Known to the whole process: a second copy of this package has to see what the first one opened.
const registry = globalThis as { [key: symbol]: Set<string> | undefined };
const registered = Symbol.for('@sluice/persistence-level:open-stores');
const openStores = registry[registered] ?? new Set<string>();
registry[registered] = openStores;

/**
 * Notes that this process has the store open, until what is returned is called; rejects with SLUICE_LEVEL_LOCKED if it
 * has already. LevelDB must not find out: it opens its LOCK file for that and closes it again, and with that the system takes
 * the lock from the whole process. Another process could then open the store beside this one.
 */
export async function claimStore(path: string): Promise<() => void> {
  const place = await realpath(path).catch(() => path);
  if (openStores.has(place)) throw lockedHereError(path);
  openStores.add(place);
  let isMine = true;
  return () => {
    if (isMine) openStores.delete(place);
    isMine = false;
  };
}
