export type { DamageReport, RecordKind } from './damage-report.ts';
export { LevelErrorCode } from './errors.ts';
export { LevelPersistence } from './level-persistence.ts';
export type { LevelOptions } from './options.ts';
export { level } from './plugin.ts';
