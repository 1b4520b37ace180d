import type { Connection } from '../connection/connection.ts';
import { ReadingStop } from '../connection/reading.ts';

/** Reads no further from a client that adds to a disk which falls behind, until that has caught up. */
export function holdUp(connection: Connection): void {
  const { commits } = connection.parts.context;
  if (!commits.congested) return;
  connection.limited('maxPendingCommitBytes', 'paused');
  connection.reading.stop(ReadingStop.commits);
  commits.whenRelieved(() => connection.reading.resume(ReadingStop.commits));
}
