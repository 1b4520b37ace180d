import type { EndedSessions } from './ended-sessions.ts';
import type { Journal } from './journal.ts';
import type { NextNumbers } from './records/records.ts';
import type { References } from './references.ts';

/** What a commit changes in memory beside the database. */
export interface StoreMemory {
  readonly references: References;
  readonly ended: EndedSessions;
  readonly journal: Journal;
  /** As they are on disk. */
  next: NextNumbers;
}
