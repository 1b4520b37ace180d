export { MemoryPersistence } from './memory-persistence.ts';
export { memory } from './plugin.ts';
