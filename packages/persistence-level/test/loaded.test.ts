import type { SessionRecord, SubscriptionRecord } from '@sluice/plugin';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LoadedSessions } from '../src/loaded-sessions.ts';
import { LoadedSubscriptions } from '../src/loaded-subscriptions.ts';

const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const session: fc.Arbitrary<SessionRecord> = fc.record({
  session: number,
  clientId: fc.string(),
  identity: fc.string(),
  expiryInterval: fc.nat(0xffff_ffff),
  disconnectedAt: fc.option(fc.double({ noNaN: true, min: 0 }), { nil: undefined }),
  sentBefore: fc.maxSafeNat(),
});
const sessions = fc.uniqueArray(session, { selector: (record) => record.session, maxLength: 50 });

test('sessions come back in order, with what was counted of their queues', () => {
  fc.assert(
    fc.property(sessions, fc.maxSafeNat(), (records, next) => {
      const loaded = new LoadedSessions();
      for (const record of records) loaded.add(record);
      for (const { session: number } of records) {
        expect(loaded.count(number, 3, 7)).toBe(true);
        expect(loaded.count(number, 2, next)).toBe(true);
      }
      expect([...loaded.records()]).toEqual(
        records.map((record) => ({ ...record, queued: 5, nextSequence: Math.max(7, next) })),
      );
    }),
  );
});

test('a session that was not read is known as such', () => {
  const loaded = new LoadedSessions();
  expect(loaded.has(1)).toBe(false);
  expect(loaded.count(1, 1, 1)).toBe(false);
  expect([...loaded.records()]).toEqual([]);
});

test('subscriptions come back in order, but for those of other sessions', () => {
  const subscription: fc.Arbitrary<SubscriptionRecord> = fc.record({
    session: fc.integer({ min: 1, max: 9 }),
    requested: fc.string(),
    filter: fc.string(),
    qos: fc.constantFrom(0, 1, 2),
    noLocal: fc.boolean(),
    retainAsPublished: fc.boolean(),
    retainHandling: fc.constantFrom(0, 1, 2),
    subscriptionIdentifier: fc.nat(268_435_455),
  });
  fc.assert(
    fc.property(fc.array(subscription), (records) => {
      const loaded = new LoadedSubscriptions();
      for (const record of records) loaded.add(record);
      expect([...loaded.sessions()]).toEqual(records.map((record) => record.session));
      const isWanted = (number: number): boolean => number > 3;
      expect([...loaded.records(isWanted)]).toEqual(
        records.filter((record) => isWanted(record.session)),
      );
    }),
  );
});
