export { MemoryPersistence } from './memory-persistence.ts';
export { PackedMessages } from './packed-messages.ts';
export { memory } from './plugin.ts';
export { type Handles, SlotTable } from './slot-table.ts';
export { hashText } from './text-hash.ts';
