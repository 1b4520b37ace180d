export { MemoryPersistence } from './memory-persistence.ts';
export { PackedMessages } from './packed-messages.ts';
export { memory } from './plugin.ts';
