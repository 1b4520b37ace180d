import { BrokerError, type Plugin } from '@sluice/plugin';
import { MemoryPersistence } from './memory-persistence.ts';

/** Keeps sessions and retained messages for as long as the process lives, for one broker after the other. */
export function memory(): Plugin {
  const persistence = new MemoryPersistence();
  let isInUse = false;
  return {
    name: 'persistence-memory',
    setup(context) {
      // Two at a time would give the same numbers to different messages.
      if (isInUse) throw inUse();
      context.provide('persistence', persistence);
      isInUse = true;
      context.hook('close', () => {
        isInUse = false;
      });
    },
  };
}

function inUse(): BrokerError {
  return new BrokerError(
    'SLUICE_PLUGIN_TWICE',
    'This memory() is in use by another broker: close that one first, or make one for each of them.',
  );
}
