import type { Operation } from '../persistence.ts';
import {
  enqueue,
  sampleMessage,
  sampleSubscription,
  sampleWill,
  saveSession,
  storeAndEnqueue,
} from './persistence-samples.ts';
import type { PersistenceTrial } from './persistence-trial.ts';

/** Tests by title, run with a failure before the effect of a commit and with one after it. */
type FailureCases = Readonly<
  Record<string, (trial: PersistenceTrial, afterEffect: boolean) => Promise<void>>
>;

/** Two sessions that share a message, and something of every kind. */
const before: readonly Operation[] = [
  saveSession(1),
  saveSession(2),
  ...storeAndEnqueue(1, 0, 1),
  ...storeAndEnqueue(1, 1, 2),
  enqueue(2, 0, 1),
  { type: 'subscribe', record: sampleSubscription(1, 'a/#') },
  { type: 'receive', session: 1, packetId: 7 },
  { type: 'retain', message: sampleMessage({ number: 3, topic: 'kept' }) },
  { type: 'saveWill', record: sampleWill(1) },
];

const dequeueShared: Operation = { type: 'dequeue', session: 2, sequence: 0, message: 1 };

/** Operations that each change something of `before`. */
const changes: Readonly<Record<string, readonly Operation[]>> = {
  'with a message stored and enqueued': storeAndEnqueue(1, 2, 4),
  'with a message enqueued again': [enqueue(2, 1, 2)],
  'with a message released': [{ type: 'release', session: 1, sequence: 1, message: 2 }],
  'with the last entry of a message dequeued': [
    { type: 'dequeue', session: 1, sequence: 1, message: 2 },
  ],
  'with one of two entries of a message dequeued': [
    { type: 'dequeue', session: 1, sequence: 0, message: 1 },
  ],
  'with a packet identifier received': [{ type: 'receive', session: 1, packetId: 8 }],
  'with a packet identifier completed': [{ type: 'complete', session: 1, packetId: 7 }],
  'with a retained message': [
    { type: 'retain', message: sampleMessage({ number: 5, topic: 'kept' }) },
  ],
  'with a retained message cleared': [{ type: 'clearRetained', topic: 'kept' }],
  'with a session saved': [saveSession(3)],
  'with a session ended': [{ type: 'endSession', session: 1, clientId: 'client-1' }],
  'with a session taken over by its successor': [
    { type: 'endSession', session: 1, clientId: 'client-1' },
    saveSession(4, { clientId: 'client-1' }),
    ...storeAndEnqueue(4, 0, 6),
  ],
  'with a subscription': [{ type: 'subscribe', record: sampleSubscription(2, 'b') }],
  'with a subscription removed': [{ type: 'unsubscribe', session: 1, requested: 'a/#' }],
  'with a will': [{ type: 'saveWill', record: sampleWill(2) }],
  'with a will removed': [{ type: 'removeWill', session: 1 }],
};

/** Those that can go into one commit. */
const many: readonly Operation[] = Object.entries(changes).flatMap(([title, operations]) =>
  /released|one of two|session ended/.test(title) ? [] : operations,
);

/** What follows shows whether references were counted once: too few, and a body is gone that is still wanted. */
async function useUp(trial: PersistenceTrial): Promise<void> {
  await trial.commit(...storeAndEnqueue(2, 7, 9));
  await trial.commit(dequeueShared);
  await trial.reopen();
}

const singles: FailureCases = Object.fromEntries(
  Object.entries(changes).map(([title, operations]) => [
    title,
    async (trial: PersistenceTrial, afterEffect: boolean) => {
      await trial.commit(...before);
      await trial.commitAtSecondTry(afterEffect, operations);
      await useUp(trial);
    },
  ]),
);

/** What a persistence whose commits can be made to fail must do. */
export const failureCases: FailureCases = {
  ...singles,
  'and failed again and again': async (trial, afterEffect) => {
    await trial.commit(...before);
    await trial.commitThatFails(false, many);
    await trial.commitThatFails(false, many);
    await trial.commitAtSecondTry(afterEffect, many);
    await useUp(trial);
  },
  'when the next ones fail too': async (trial, afterEffect) => {
    await trial.commit(...before);
    for (const operations of [many.slice(0, 5), many.slice(5, 9), many.slice(9)]) {
      await trial.commitAtSecondTry(afterEffect, operations);
    }
    await useUp(trial);
  },
  'and is whole or not there when nobody tries it again': async (trial, afterEffect) => {
    await trial.commit(...before);
    await trial.commitThatFails(afterEffect, many);
    if (afterEffect) trial.model.commit(many);
    await trial.reopen();
  },
  'of one message for many sessions': async (trial, afterEffect) => {
    if (trial.persistence.takesEnqueueMany !== true) return;
    await trial.commit(...before);
    await trial.commitAtSecondTry(afterEffect, [
      {
        ...{ type: 'enqueueMany', message: 1, qos: 1, retain: false, subscriptionIdentifiers: [] },
        sessions: [1, 2],
        sequences: [20, 20],
      },
    ]);
    await trial.commit(
      { type: 'dequeue', session: 1, sequence: 20, message: 1 },
      { type: 'dequeue', session: 2, sequence: 20, message: 1 },
    );
    await useUp(trial);
  },
  'and lets queues be read until it is tried again': async (trial) => {
    await trial.commit(...before);
    const operations = storeAndEnqueue(1, 2, 4);
    await trial.commitThatFails(false, operations);
    await trial.expectQueues();
    await trial.persistence.commit(operations);
    trial.model.commit(operations);
    await trial.reopen();
  },
};
