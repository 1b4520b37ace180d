import type { Qos } from '@sluice/packet';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Route } from '../src/routing/route.ts';
import type { Receiver } from '../src/session/receiver.ts';
import { Subscription } from '../src/session/subscription.ts';

const receivers: readonly Receiver[] = Array.from({ length: 6 }, (_, index) => ({
  clientId: `c${index}`,
  deliver: () => true,
}));

/** A client may have asked for another filter than it was given, and so have one filter twice. */
const aSubscription = fc
  .record({
    receiver: fc.constantFrom(...receivers),
    filter: fc.constantFrom('a', 'a', 'a', '+'),
    requested: fc.constantFrom(undefined, undefined, undefined, 'other'),
    qos: fc.constantFrom<Qos>(0, 1, 2),
  })
  .map(
    ({ receiver, filter, requested, qos }) =>
      new Subscription(receiver, {
        requested: requested ?? filter,
        filter,
        qos,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
        subscriptionIdentifier: 0,
      }),
  );

test('however few at a time are merged, each receiver is one target with its highest QoS', () => {
  const some = fc.uniqueArray(aSubscription, {
    selector: ({ receiver, requested }) => `${receiver.clientId} ${requested}`,
    maxLength: 20,
  });
  fc.assert(
    fc.property(some, fc.nat(20), fc.integer({ min: 1, max: 7 }), (all, maxAtOnce, steps) => {
      const route = new Route(all, maxAtOnce);
      while (!route.merge(steps));
      const found = route.targets.map(({ receiver, qos }) => [receiver.clientId, qos]);
      const highest = new Map<string, Qos>();
      for (const { receiver, qos } of all) {
        const { clientId } = receiver;
        highest.set(clientId, Math.max(qos, highest.get(clientId) ?? 0) as Qos);
      }
      expect(found).toEqual([...highest]);
    }),
    { seed: 1 },
  );
});
