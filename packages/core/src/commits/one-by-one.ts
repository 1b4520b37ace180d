import type { Operation } from '@sluice/plugin';

/** An operation as those of one session each. */
export function oneByOne(operation: Operation): Operation | Operation[] {
  if (operation.type !== 'enqueueMany') return operation;
  const { sessions, sequences, message, qos, retain, subscriptionIdentifiers } = operation;
  return sessions.map((session, index) => ({
    type: 'enqueue',
    session,
    sequence: sequences[index] as number,
    message,
    qos,
    retain,
    subscriptionIdentifiers,
  }));
}
