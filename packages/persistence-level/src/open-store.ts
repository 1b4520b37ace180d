import type { Database } from './database.ts';
import type { EndedSessions } from './ended-sessions.ts';
import { unwritableError } from './errors.ts';
import type { Gate } from './gate.ts';
import { JournalFold } from './journal-fold.ts';
import type { Loaded } from './load.ts';
import { NumberedStore } from './numbered-store.ts';
import type { Quarantine } from './quarantine.ts';
import { QueueReader } from './queue-reader.ts';
import { ByteWriter } from './records/byte-writer.ts';
import { numberKey, Prefix } from './records/keys.ts';
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
  if (orphans.size > 0) await markEnded(writes, orphans, path);
  const sweeper = new Sweeper(writes, gate, references, journal, quarantine);
  const fold = new JournalFold(writes, gate, journal, quarantine, sync);
  const reader = new QueueReader(database, journal, quarantine, ended, settled);
  const garbage = new Set([...endedBefore, ...orphans]);
  for (const session of garbage) ended.add(session);
  sweeper.sweepSessions(garbage);
  sweeper.sweepMessages(memory.next.message);
  return { writes, memory, reader, sweeper, fold };
}

/**
 * The fold of the journal may make pages of what it still says of sessions that were swept before a crash. Until they are
 * swept again nobody is to take these for lost.
 */
async function markEnded(
  writes: NumberedStore,
  sessions: Iterable<number>,
  path: string,
): Promise<void> {
  const batch = writes.database.batch();
  const writer = new ByteWriter();
  for (const session of sessions) {
    const key = numberKey(Prefix.ended, session);
    batch.put(key, writer.start().seal(key));
  }
  try {
    await writes.write(batch, false, { undo() {}, redo() {} });
  } catch (error) {
    throw unwritableError(path, error);
  }
}
