import assert from 'node:assert/strict';
import type { Operation } from '../persistence.ts';
import { plainEntry } from './persistence-model.ts';
import {
  awkwardTexts,
  enqueue,
  sampleMessage,
  sampleMessages,
  saveSession,
  storeAndEnqueue,
} from './persistence-samples.ts';
import type { PersistenceCases } from './persistence-trial.ts';

/** What every persistence must do with queues. */
export const queueCases: PersistenceCases = {
  'in order of sequence': async (trial) => {
    const places = [0, 1, 2, 255, 256, 257, 65_534, 65_535, 65_536, 2 ** 32, 2 ** 32 + 1];
    await trial.commitAndReopen(
      [saveSession(1)],
      ...places.map((sequence, i) => storeAndEnqueue(1, sequence, i + 1)),
    );
  },
  'in windows after a sequence': async (trial) => {
    const numbers = Array.from({ length: 250 }, (_, i) => i);
    await trial.commit(saveSession(1), ...numbers.flatMap((i) => storeAndEnqueue(1, i, i + 1)));
    const sequences = async (after: number, limit: number) =>
      (await trial.persistence.readQueue(1, after, limit)).map(({ sequence }) => sequence);
    assert.deepEqual(await sequences(-1, 3), [0, 1, 2]);
    assert.deepEqual(await sequences(0, 2), [1, 2]);
    assert.deepEqual(await sequences(99, 200), numbers.slice(100));
    assert.deepEqual(await sequences(247, 2), [248, 249]);
    assert.deepEqual(await sequences(248, 2), [249]);
    assert.deepEqual(await sequences(249, 2), []);
    assert.deepEqual(await sequences(1000, 2), []);
  },
  'of one message for many sessions': async (trial) => {
    if (trial.persistence.takesEnqueueMany !== true) return;
    const places = { type: 'enqueueMany', message: 1, qos: 2, retain: true } as const;
    const sessions = [1, 2, 3];
    await trial.commitAndReopen(
      sessions.map((session) => saveSession(session)),
      [
        { type: 'store', message: sampleMessage({ number: 1 }) },
        { ...places, sessions: [1, 3], sequences: [0, 5], subscriptionIdentifiers: [9, 1] },
        enqueue(2, 0, 1),
        { ...places, sessions: [2, 1], sequences: [1, 1], subscriptionIdentifiers: [] },
      ],
      [dequeueOf(0), dequeueOf(1), { type: 'endSession', session: 3, clientId: 'client-3' }],
      [{ type: 'release', session: 2, sequence: 1, message: 1 }],
    );
    // As large as a fan-out to all sessions of a large broker: it may take several turns.
    const many = Array.from({ length: 10_000 }, (_, i) => i);
    const message = 2;
    await trial.persistence.commit([
      { type: 'store', message: sampleMessage({ number: message }) },
      {
        ...{ ...places, message, subscriptionIdentifiers: [] },
        sessions: many.map(() => 1),
        sequences: many.map((i) => 2 + i),
      },
      { type: 'dequeue', session: 1, sequence: 2, message },
    ]);
    const queue = await trial.persistence.readQueue(1, -1, 20_000);
    const expected = many.slice(1).map((i) => 2 + i);
    assert.deepEqual(
      queue.map(({ sequence }) => sequence),
      expected,
    );
    assert.equal(queue.at(-1)?.message?.number, message);
  },
  'of a session that is not there, as empty': async (trial) => {
    assert.deepEqual(await trial.persistence.readQueue(99, -1, 10), []);
  },
  'with every field of their messages': async (trial) => {
    const messages = sampleMessages();
    await trial.commit(
      saveSession(1),
      ...messages.map((message) => ({ type: 'store', message }) as const),
      ...messages.map(({ number }) => enqueue(1, number - 1, number)),
    );
    await trial.reopen();
  },
  'with any topic': async (trial) => {
    await trial.commitAndReopen([
      saveSession(1),
      ...awkwardTexts.flatMap((topic, i) => storeAndEnqueue(1, i, i + 1, { topic })),
    ]);
  },
  'with what each receiver is to see': async (trial) => {
    await trial.commitAndReopen([
      saveSession(1),
      saveSession(2),
      { type: 'store', message: sampleMessage({ number: 2 ** 33 }) },
      enqueue(1, 0, 2 ** 33, { qos: 2, retain: true, subscriptionIdentifiers: [268_435_455, 1] }),
      enqueue(2, 0, 2 ** 33, { qos: 1, retain: false, subscriptionIdentifiers: [5, 5] }),
      enqueue(2, 1, 2 ** 33, { subscriptionIdentifiers: [7], sharedFilter: '$share/ü/+/#' }),
    ]);
  },
  'with a body that is shared until its last reader is done': async (trial) => {
    await trial.commitAndReopen(
      [saveSession(1), saveSession(2), saveSession(3)],
      [...storeAndEnqueue(1, 0, 1), enqueue(2, 0, 1)],
      [enqueue(3, 0, 1)],
      [{ type: 'dequeue', session: 2, sequence: 0, message: 1 }],
      [{ type: 'release', session: 1, sequence: 0, message: 1 }],
      [{ type: 'dequeue', session: 3, sequence: 0, message: 1 }],
      [{ type: 'dequeue', session: 1, sequence: 0, message: 0 }],
    );
  },
  'twice in one session when it was matched twice': async (trial) => {
    await trial.commitAndReopen(
      [saveSession(1), ...storeAndEnqueue(1, 0, 1), enqueue(1, 1, 1)],
      [{ type: 'dequeue', session: 1, sequence: 0, message: 1 }],
    );
  },
  'handed from one session to another in one commit': async (trial) => {
    await trial.commitAndReopen(
      [saveSession(1), saveSession(2), ...storeAndEnqueue(1, 0, 1)],
      [{ type: 'dequeue', session: 1, sequence: 0, message: 1 }, enqueue(2, 0, 1)],
      [
        { type: 'endSession', session: 2, clientId: 'client-2' },
        enqueue(1, 1, 1),
      ].reverse() as Operation[],
    );
  },
  'stored again under the same number': async (trial) => {
    await trial.commitAndReopen(
      [saveSession(1), ...storeAndEnqueue(1, 0, 1)],
      storeAndEnqueue(1, 1, 1),
      [{ type: 'dequeue', session: 1, sequence: 0, message: 1 }],
    );
  },
  'released: without message, still in place': async (trial) => {
    const [first, second] = [0, 1];
    await trial.commitAndReopen(
      [saveSession(1), ...storeAndEnqueue(1, first, 1), ...storeAndEnqueue(1, second, 2)],
      [{ type: 'release', session: 1, sequence: first, message: 1 }],
    );
    const window = await trial.persistence.readQueue(1, -1, 10);
    assert.deepEqual(plainEntry(window[0] ?? assert.fail()), { sequence: 0, released: true });
    assert.equal(window[1]?.released, false);
    await trial.commitAndReopen([{ type: 'dequeue', session: 1, sequence: first, message: 0 }]);
  },
  'acknowledged out of order, over many windows': async (trial) => {
    const total = 300;
    const all = Array.from({ length: total }, (_, i) => i);
    await trial.commit(saveSession(1), ...all.flatMap((i) => storeAndEnqueue(1, i, i + 1)));
    const odd = all.filter((i) => i % 2 === 1);
    const done = [...odd, ...all.filter((i) => i % 2 === 0 && i < 200)];
    for (let i = 0; i < done.length; i += 50) {
      const part = done.slice(i, i + 50);
      await trial.persistence.commit(part.map((sequence) => dequeueOf(sequence)));
      trial.model.commit(part.map((sequence) => dequeueOf(sequence)));
    }
    await trial.expectQueues(7);
    await trial.reopen();
  },
  'counted: the next sequence and how many there are': async (trial) => {
    const counts = () => {
      const [session] = trial.snapshot.sessions;
      return [session?.nextSequence, session?.queued];
    };
    await trial.commitAndReopen([saveSession(1)]);
    assert.deepEqual(counts(), [0, 0]);
    await trial.commitAndReopen([...storeAndEnqueue(1, 4, 1), ...storeAndEnqueue(1, 9, 2)]);
    assert.deepEqual(counts(), [10, 2]);
    await trial.commitAndReopen([{ type: 'release', session: 1, sequence: 9, message: 2 }]);
    assert.deepEqual(counts(), [10, 2]);
    await trial.commitAndReopen([{ type: 'dequeue', session: 1, sequence: 9, message: 0 }]);
    assert.deepEqual(counts(), [5, 1]);
    await trial.commitAndReopen([{ type: 'dequeue', session: 1, sequence: 4, message: 1 }]);
    assert.deepEqual(counts(), [0, 0]);
  },
};

function dequeueOf(sequence: number): Operation {
  return { type: 'dequeue', session: 1, sequence, message: sequence + 1 };
}
