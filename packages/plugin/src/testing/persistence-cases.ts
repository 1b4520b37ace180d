import assert from 'node:assert/strict';
import type { Operation } from '../persistence.ts';
import { queueCases } from './persistence-queue-cases.ts';
import {
  awkwardTexts,
  enqueue,
  sampleMessage,
  sampleMessages,
  sampleSubscription,
  sampleWill,
  saveSession,
  storeAndEnqueue,
} from './persistence-samples.ts';
import type { PersistenceCases } from './persistence-trial.ts';

const sessions: PersistenceCases = {
  'with every field': async (trial) => {
    await trial.commitAndReopen(
      [saveSession(1)],
      [saveSession(2, { identity: 'Zoë', expiryInterval: 0xffff_ffff })],
      [
        saveSession(3, {
          disconnectedAt: 1_700_000_000_000,
          sentBefore: 70_000,
          expiryInterval: 1,
        }),
      ],
      [saveSession(3, { disconnectedAt: undefined })],
    );
  },
  'under any client id': async (trial) => {
    await trial.commitAndReopen(
      awkwardTexts.map((clientId, i) => saveSession(i + 1, { clientId })),
      awkwardTexts.flatMap((requested, i) => [
        ...storeAndEnqueue(i + 1, 0, i + 1),
        { type: 'subscribe', record: sampleSubscription(i + 1, requested) } as const,
      ]),
      [{ type: 'endSession', session: 2, clientId: awkwardTexts[1] ?? '' }],
    );
  },
  'under large numbers that share their lower bytes': async (trial) => {
    const numbers = [1, 255, 256, 257, 65_536, 2 ** 32 + 1, 2 ** 40 + 1, 2 ** 53 - 2];
    await trial.commitAndReopen(
      numbers.map((session) => saveSession(session)),
      numbers.flatMap((session, i) => storeAndEnqueue(session, i, session)),
      [{ type: 'endSession', session: 256, clientId: 'client-256' }],
    );
  },
};

const fullSession: Operation[] = [
  saveSession(1, { clientId: 'c' }),
  ...storeAndEnqueue(1, 0, 1),
  ...storeAndEnqueue(1, 1, 2),
  { type: 'subscribe', record: sampleSubscription(1, 'a/#') },
  { type: 'receive', session: 1, packetId: 7 },
  { type: 'saveWill', record: sampleWill(1, { clientId: 'c' }) },
];
const endOfFirst: Operation = { type: 'endSession', session: 1, clientId: 'c' };
const successor: Operation = saveSession(2, { clientId: 'c' });

const endings: PersistenceCases = {
  'with its queue, subscriptions, received identifiers and will': async (trial) => {
    await trial.commitAndReopen(fullSession, [endOfFirst]);
  },
  'before its successor under the same client id, which begins empty': async (trial) => {
    await trial.commitAndReopen(fullSession, [endOfFirst], [successor]);
    assert.deepEqual([...trial.snapshot.sessions][0]?.queued, 0);
  },
  'in the commit of its successor, whichever comes first': async (trial) => {
    await trial.commitAndReopen(fullSession, [endOfFirst, successor]);
    await trial.commitAndReopen([
      saveSession(3, { clientId: 'c' }),
      { type: 'endSession', session: 2, clientId: 'c' },
    ]);
  },
  'after its successor was saved': async (trial) => {
    await trial.commit(...fullSession);
    await trial.commitAndReopen([successor, endOfFirst], [endOfFirst]);
  },
  'and leaves messages that others wait for': async (trial) => {
    await trial.commitAndReopen(
      [...fullSession, saveSession(5), enqueue(5, 0, 1), enqueue(5, 1, 2)],
      [endOfFirst],
      [{ type: 'dequeue', session: 5, sequence: 0, message: 1 }],
    );
  },
  'so that late operations reach neither it nor other queues': async (trial) => {
    await trial.commit(...fullSession, saveSession(5), enqueue(5, 0, 1));
    await trial.commit(endOfFirst, successor);
    await trial.commit(...storeAndEnqueue(2, 0, 3));
    await trial.commit(
      { type: 'dequeue', session: 1, sequence: 0, message: 1 },
      { type: 'release', session: 1, sequence: 1, message: 2 },
    );
    await trial.reopen();
  },
};

const records: PersistenceCases = {
  'subscriptions with every field': async (trial) => {
    await trial.commitAndReopen(
      [saveSession(1), saveSession(2)],
      ([0, 1, 2] as const).flatMap((level) => [
        {
          type: 'subscribe',
          record: sampleSubscription(1, `a/${level}`, {
            qos: level,
            retainHandling: level,
            noLocal: level === 1,
            retainAsPublished: level === 2,
            subscriptionIdentifier: level * 134_217_727,
          }),
        } as const,
      ]),
      [{ type: 'subscribe', record: sampleSubscription(1, '$share/g/a', { filter: 'x/a' }) }],
      [{ type: 'subscribe', record: sampleSubscription(1, 'a/0', { qos: 2 }) }],
      [{ type: 'unsubscribe', session: 2, requested: 'a/1' }],
      [{ type: 'unsubscribe', session: 1, requested: 'a/1' }],
    );
  },
  'subscriptions under any filter': async (trial) => {
    const subscribe = (session: number) =>
      awkwardTexts.map(
        (text) => ({ type: 'subscribe', record: sampleSubscription(session, text) }) as const,
      );
    await trial.commitAndReopen(
      [saveSession(1), saveSession(2), ...subscribe(1), ...subscribe(2)],
      awkwardTexts.map((requested) => ({ type: 'unsubscribe', session: 1, requested })),
    );
  },
  'received packet identifiers': async (trial) => {
    const identifiers = [1, 255, 256, 65_535];
    await trial.commitAndReopen(
      [saveSession(1), saveSession(2)],
      identifiers.map((packetId) => ({ type: 'receive', session: 1, packetId })),
      [{ type: 'receive', session: 2, packetId: 1 }],
      [{ type: 'complete', session: 1, packetId: 1 }],
      [{ type: 'complete', session: 1, packetId: 77 }],
    );
  },
  'wills with every field, with or without a saved session': async (trial) => {
    const wills = sampleMessages().map(({ number, topic, payload, qos, retain, properties }) =>
      sampleWill(number, { topic, payload, qos, retain, properties }),
    );
    await trial.commitAndReopen(
      wills.map((record) => ({ type: 'saveWill', record })),
      [{ type: 'saveWill', record: sampleWill(2, { dueAt: 0, delayInterval: 0xffff_ffff }) }],
      [{ type: 'saveWill', record: sampleWill(3, { dueAt: 1_700_000_000_000.5 }) }],
      [{ type: 'saveWill', record: sampleWill(3, { dueAt: undefined }) }],
      [{ type: 'removeWill', session: 3 }],
      [{ type: 'removeWill', session: 99 }],
    );
  },
  'retained messages with every field': async (trial) => {
    await trial.commitAndReopen(
      sampleMessages().map((message) => ({ type: 'retain', message })),
      awkwardTexts.map((topic, i) => ({
        type: 'retain',
        message: sampleMessage({ topic, number: 100 + i }),
      })),
    );
  },
  'the last retained message of a topic until it is cleared': async (trial) => {
    const retain = (number: number, payload: number): Operation => ({
      type: 'retain',
      message: sampleMessage({ number, topic: 'a', payload: Uint8Array.of(payload) }),
    });
    await trial.commitAndReopen(
      [retain(1, 1), { type: 'retain', message: sampleMessage({ number: 2, topic: 'a/b' }) }],
      [retain(3, 3)],
      [{ type: 'clearRetained', topic: 'a' }],
      [{ type: 'clearRetained', topic: 'a' }],
      [retain(4, 4), { type: 'clearRetained', topic: 'a' }, retain(5, 5)],
    );
  },
  'a retained message that queues hold too': async (trial) => {
    const message = sampleMessage({ number: 1, topic: 'a', retain: true });
    await trial.commitAndReopen(
      [saveSession(1), { type: 'retain', message }, ...storeAndEnqueue(1, 0, 1)],
      [{ type: 'dequeue', session: 1, sequence: 0, message: 1 }],
      [{ type: 'store', message }, enqueue(1, 1, 1)],
      [{ type: 'clearRetained', topic: 'a' }],
    );
  },
};

const numbers: PersistenceCases = {
  'of messages, also when none is left': async (trial) => {
    await trial.commitAndReopen(
      [saveSession(1), ...storeAndEnqueue(1, 0, 41)],
      [{ type: 'dequeue', session: 1, sequence: 0, message: 41 }],
      [{ type: 'retain', message: sampleMessage({ number: 77 }) }],
      [{ type: 'clearRetained', topic: sampleMessage().topic }],
    );
    assert.ok(trial.snapshot.nextMessageNumber > 77);
  },
  'of sessions, also when none is left': async (trial) => {
    await trial.commitAndReopen(
      [saveSession(9)],
      [{ type: 'endSession', session: 9, clientId: 'client-9' }],
      [{ type: 'saveWill', record: sampleWill(12) }],
      [{ type: 'removeWill', session: 12 }],
    );
    assert.ok(trial.snapshot.nextSessionNumber > 12);
  },
};

/** What every persistence must do, by subject. */
export const persistenceCases: Readonly<Record<string, PersistenceCases>> = {
  'keeps sessions': sessions,
  'ends a session': endings,
  'keeps queues': queueCases,
  keeps: records,
  'never gives out a number again': numbers,
};
