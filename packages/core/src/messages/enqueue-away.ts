import type { Commits } from '../commits/commits.ts';
import { EnqueueMany } from './enqueue-many.ts';
import type { RoutedMessage } from './routed-message.ts';
import { referToBody } from './stored-body.ts';

const noIdentifiers: readonly number[] = Object.freeze([]);

/** Adds a message's place in a queue that lies on disk only: no object for each of a thousand sessions that are away. */
export function enqueueAway(
  commits: Commits,
  message: RoutedMessage,
  session: number,
  sequence: number,
  qos: 1 | 2,
  retain: boolean,
  identifiers: readonly number[] = noIdentifiers,
): void {
  const { batch } = referToBody(commits, message);
  const last = batch.operations[batch.operations.length - 1];
  if (last instanceof EnqueueMany && last.isAlike(message.number, qos, retain, identifiers)) {
    last.add(session, sequence);
    commits.grew(batch);
    return;
  }
  const places = new EnqueueMany(message.number, qos, retain, identifiers);
  places.add(session, sequence);
  commits.add(places, 0, message.durability);
}
