import type { Commits } from '../commits/commits.ts';
import type { RoutedMessage, StoredBody } from './routed-message.ts';

/** Adds one reference to the body of a message, and the body itself where this batch has it not yet. */
export function referToBody(commits: Commits, message: RoutedMessage): StoredBody {
  let { body } = message;
  if (body === undefined || body.batch.sealed || body.references === 0) {
    message.own();
    const batch = commits.add({ type: 'store', message }, message.bytes, message.durability);
    body = { batch, place: batch.operations.length - 1, references: 0 };
    message.body = body;
  }
  body.references++;
  return body;
}

/** Takes a reference back that was never written; the last one takes the body with it. */
export function cancelReference(body: StoredBody): void {
  if (--body.references === 0) body.batch.operations[body.place] = undefined;
}
