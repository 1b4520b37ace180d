export type { NamedReaders, SysOptions, SysReaders } from './options.ts';
export { sys } from './sys.ts';
export { sysTopics } from './topics.ts';
