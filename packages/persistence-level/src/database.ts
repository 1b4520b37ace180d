import type { Level } from 'level';

export type Database = Level<Buffer, Buffer>;
