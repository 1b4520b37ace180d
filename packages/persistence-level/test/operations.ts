import type { Message, Operation } from '@sluice/plugin';

export function message(number: number, changes: Partial<Message> = {}): Message {
  return {
    number,
    topic: `topic/${number}`,
    payload: Uint8Array.of(number & 255),
    qos: 1,
    retain: false,
    properties: {},
    publisherId: 'publisher',
    receivedAt: 1_700_000_000_000,
    expiresAt: Number.POSITIVE_INFINITY,
    ...changes,
  };
}

export function saveSession(
  session: number,
  clientId = `client-${session}`,
  identity = '',
): Operation {
  return {
    type: 'saveSession',
    record: {
      session,
      clientId,
      identity,
      expiryInterval: 60,
      disconnectedAt: undefined,
      sentBefore: 0,
    },
  };
}

export function endSession(session: number, clientId = `client-${session}`): Operation {
  return { type: 'endSession', session, clientId };
}

export function enqueue(session: number, sequence: number, number: number): Operation {
  return {
    type: 'enqueue',
    session,
    sequence,
    message: number,
    qos: 1,
    retain: false,
    subscriptionIdentifiers: [],
  };
}

/** `count` messages of their own in a queue, numbered as their sequence plus `first`. */
export function fillQueue(session: number, count: number, first = 1): Operation[] {
  return Array.from({ length: count }, (_, i) => i).flatMap((i): Operation[] => [
    { type: 'store', message: message(first + i) },
    enqueue(session, i, first + i),
  ]);
}

export function dequeue(session: number, sequence: number, number: number): Operation {
  return { type: 'dequeue', session, sequence, message: number };
}

export function subscribe(session: number, requested: string): Operation {
  return {
    type: 'subscribe',
    record: {
      session,
      requested,
      filter: requested,
      qos: 1,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
      subscriptionIdentifier: 0,
    },
  };
}

export function saveWill(session: number): Operation {
  return {
    type: 'saveWill',
    record: {
      session,
      clientId: `client-${session}`,
      topic: 'will',
      payload: new Uint8Array(1),
      qos: 0,
      retain: false,
      properties: {},
      delayInterval: 0,
      dueAt: undefined,
    },
  };
}
