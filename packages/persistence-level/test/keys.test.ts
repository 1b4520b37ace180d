import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  numberAt,
  numberKey,
  Prefix,
  pageKey,
  rangeOf,
  rangeOfQueue,
  rangeOfSession,
  retainedKey,
  sessionKey,
  subscriptionKey,
  textFrom,
} from '../src/records/keys.ts';

const number = fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.nat(70_000));
const text = fc.string({ unit: 'binary' });

const queueKey = (session: number, page: number) => pageKey(Prefix.queue, session, page);
const receivedKey = (session: number, page: number) => pageKey(Prefix.received, session, page);

const inOrder = (...keys: Buffer[]): boolean =>
  keys.every((key, i) => i === 0 || Buffer.compare(keys[i - 1] as Buffer, key) < 0);
const isIn = ({ gte, lt }: { gte: Buffer; lt: Buffer }, key: Buffer): boolean =>
  Buffer.compare(gte, key) <= 0 && Buffer.compare(key, lt) < 0;

test('the order of queue keys is that of session, then sequence', () => {
  fc.assert(
    fc.property(number, number, number, number, (session, sequence, session2, sequence2) => {
      const sign = Math.sign(session - session2) || Math.sign(sequence - sequence2);
      expect(Buffer.compare(queueKey(session, sequence), queueKey(session2, sequence2))).toBe(sign);
    }),
  );
});

test('numbers and texts are read back from keys', () => {
  fc.assert(
    fc.property(number, number, text, (session, sequence, name) => {
      expect(numberAt(queueKey(session, sequence), 1)).toBe(session);
      expect(numberAt(queueKey(session, sequence), 9)).toBe(sequence);
      expect(numberAt(numberKey(Prefix.message, session), 1)).toBe(session);
      expect(numberAt(subscriptionKey(session, name), 1)).toBe(session);
      expect(textFrom(subscriptionKey(session, name), 9)).toBe(name);
      expect(textFrom(sessionKey(name), 1)).toBe(name);
      expect(textFrom(retainedKey(name), 1)).toBe(name);
    }),
  );
});

test('the ranges of a session hold its keys and no others', () => {
  fc.assert(
    fc.property(number, number, number, text, (session, other, sequence, filter) => {
      const same = session === other;
      const [queue, subscriptions, received] = [
        rangeOfSession(Prefix.queue, session),
        rangeOfSession(Prefix.subscription, session),
        rangeOfSession(Prefix.received, session),
      ];
      expect(isIn(queue, queueKey(other, sequence))).toBe(same);
      expect(isIn(subscriptions, subscriptionKey(other, filter))).toBe(same);
      expect(isIn(received, receivedKey(other, sequence % 65_536))).toBe(same);
      expect(isIn(queue, subscriptionKey(session, filter))).toBe(false);
      expect(isIn(rangeOf(Prefix.queue), queueKey(other, sequence))).toBe(true);
    }),
  );
});

test('a queue is ranged from a sequence on', () => {
  fc.assert(
    fc.property(number, number, number, (session, from, sequence) => {
      expect(isIn(rangeOfQueue(session, from), queueKey(session, sequence))).toBe(sequence >= from);
    }),
  );
});

test('no two records share a key', () => {
  fc.assert(
    fc.property(number, number, text, text, (a, b, first, second) => {
      fc.pre(a !== b && first !== second);
      const keys = [
        ...[first, second].flatMap((name) => [sessionKey(name), retainedKey(name)]),
        ...[a, b].flatMap((session) => [
          subscriptionKey(session, first),
          subscriptionKey(session, second),
          queueKey(session, a),
          queueKey(session, b),
          numberKey(Prefix.message, session),
          numberKey(Prefix.will, session),
          receivedKey(session, a),
          receivedKey(session, b),
          numberKey(Prefix.ended, session),
          numberKey(Prefix.journal, session),
        ]),
      ].map((key) => key.toString('hex'));
      expect(new Set(keys).size).toBe(keys.length);
    }),
  );
});

test('the first keys of a queue stand in the order of their numbers', () => {
  expect(
    inOrder(...[0, 1, 255, 256, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1].map((n) => queueKey(1, n))),
  ).toBe(true);
});
