// Hooks of the module loader, in a thread of their own: the sources get counters, as tsx made JavaScript of them or before.
import type { LoadHook } from 'node:module';
import { addCounters } from './add-counters.ts';

const counted = /\/packages\/(?:packet|core|matcher)\/src\/.*\.ts$/;
let counters = 0;

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  if (!counted.test(url.replace(/\?.*/, ''))) return loaded;
  const { code, counters: added } = addCounters(String(loaded.source), counters);
  counters += added;
  return { ...loaded, source: code };
};
