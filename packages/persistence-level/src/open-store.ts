import type { Database } from './database.ts';
import type { EndedSessions } from './ended-sessions.ts';
import type { Gate } from './gate.ts';
import { JournalFold } from './journal-fold.ts';
import type { Loaded } from './load.ts';
import { NumberedStore } from './numbered-store.ts';
import type { Quarantine } from './quarantine.ts';
import { QueueReader } from './queue-reader.ts';
import type { StoreMemory } from './store-memory.ts';
import { Sweeper } from './sweep.ts';

/** What there is between `open` and `close`. */
export interface OpenStore {
  readonly writes: NumberedStore;
  readonly memory: StoreMemory;
  readonly reader: QueueReader;
  readonly sweeper: Sweeper;
  readonly fold: JournalFold;
}

/** What the parts of a store share with whoever opens it. */
interface Surroundings {
  readonly path: string;
  /** Whether what goes on beside the commits is synced. */
  readonly sync: boolean;
  readonly gate: Gate;
  readonly quarantine: Quarantine;
  readonly ended: EndedSessions;
  /** Settles when it is known of each write whether it took effect. */
  readonly settled: () => Promise<void>;
}

/** Makes the parts of a store that was read, and begins to remove what nobody needs any more. */
export async function beginStore(
  database: Database,
  { snapshot, references, journal, ended: endedBefore, orphans }: Loaded,
  { path, sync, gate, quarantine, ended, settled }: Surroundings,
): Promise<OpenStore> {
  const memory: StoreMemory = {
    references,
    journal,
    ended,
    next: { message: snapshot.nextMessageNumber, session: snapshot.nextSessionNumber },
  };
  const writes = await NumberedStore.of(database, path);
  const sweeper = new Sweeper(writes, gate, references, journal, quarantine);
  const fold = new JournalFold(writes, gate, journal, quarantine, sync);
  const reader = new QueueReader(database, journal, quarantine, ended, settled);
  const garbage = new Set([...endedBefore, ...orphans]);
  for (const session of garbage) ended.add(session);
  sweeper.sweepSessions(garbage);
  sweeper.sweepMessages(memory.next.message);
  return { writes, memory, reader, sweeper, fold };
}
