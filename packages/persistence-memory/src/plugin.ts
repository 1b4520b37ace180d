import type { Plugin } from '@sluice/plugin';
import { MemoryPersistence } from './memory-persistence.ts';

/** Keeps sessions and retained messages for as long as the process lives. */
export function memory(): Plugin {
  const persistence = new MemoryPersistence();
  return {
    name: 'persistence-memory',
    setup(context) {
      context.provide('persistence', persistence);
    },
  };
}
