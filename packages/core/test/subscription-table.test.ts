import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Subscription } from '../src/session/subscription.ts';
import { SubscriptionTable } from '../src/session/subscription-table.ts';

const subscription = (requested: string): Subscription => ({ requested }) as Subscription;

test('a table of subscriptions is a Map, however many there are', () => {
  const requested = fc.nat(15).map(String);
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(fc.constant('set'), requested) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('delete'), requested) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('clear'), requested) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const table = new SubscriptionTable();
      const model = new Map<string, Subscription>();
      for (const [what, name] of steps) {
        const made = subscription(name);
        if (what === 'set') {
          table.set(name, made);
          // One that is replaced goes to the end.
          model.delete(name);
          model.set(name, made);
        } else if (what === 'delete') {
          table.delete(name);
          model.delete(name);
        } else {
          table.clear();
          model.clear();
        }
        expect(table.size).toBe(model.size);
        expect(table.get(name)).toBe(model.get(name));
        expect([...table.values()]).toEqual([...model.values()]);
      }
    }),
  );
});
