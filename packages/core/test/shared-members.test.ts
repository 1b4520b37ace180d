import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RoutedMessage } from '../src/messages/routed-message.ts';
import { SharedMembers } from '../src/routing/shared-members.ts';
import { type PresenceWatcher, Readiness, type SharingReceiver } from '../src/session/receiver.ts';
import { Subscription } from '../src/session/subscription.ts';
import { aMessage } from './support/messages.ts';

const message = RoutedMessage.of({ ...aMessage(), qos: 1 });

/** A receiver that is as ready as it is told to be. */
class Told implements SharingReceiver {
  readonly clientId: string;
  readonly unacknowledged = 0;
  asked = 0;
  #readiness: Readiness;
  readonly #watchers = new Set<PresenceWatcher>();

  /** Connected, however ready it is. */
  readonly #isConnected: boolean;

  constructor(clientId: string, readiness: Readiness, isConnected = false) {
    this.clientId = clientId;
    this.#isConnected = isConnected;
    this.#readiness = readiness;
  }

  get isPresent(): boolean {
    return this.#isConnected || this.#readiness >= Readiness.busy;
  }

  become(readiness: Readiness): void {
    this.#readiness = readiness;
    for (const watcher of this.#watchers) watcher.presenceChanged(this.isPresent);
  }

  watchPresence(watcher: PresenceWatcher): void {
    this.#watchers.add(watcher);
  }

  unwatchPresence(watcher: PresenceWatcher): void {
    this.#watchers.delete(watcher);
  }

  readiness(): Readiness {
    this.asked++;
    return this.#readiness;
  }

  deliver(): boolean {
    return true;
  }
}

function subscriptionOf(receiver: Told): Subscription {
  return new Subscription(receiver, {
    ...{ requested: '$share/g/a', filter: '$share/g/a', qos: 1, noLocal: false },
    ...{ retainAsPublished: false, retainHandling: 0, subscriptionIdentifier: 0 },
  });
}

function manyOf(count: number, readiness: Readiness): Told[] {
  return Array.from({ length: count }, (_, index) => new Told(`${readiness}/${index}`, readiness));
}

function groupOf(receivers: readonly Told[]): SharedMembers {
  const members = new SharedMembers();
  for (const receiver of receivers) members.add(subscriptionOf(receiver));
  return members;
}

const { none, full, offline, busy, ready } = Readiness;

test.each([none, full, offline, busy, ready])(
  'what a message costs does not depend on how many members there are, all with readiness %i',
  (readiness) => {
    const receivers = manyOf(10_000, readiness);
    const members = groupOf(receivers);
    // Of each member it is learned once that it has no room.
    members.next(message, none);
    for (const receiver of receivers) receiver.asked = 0;
    const chosen = members.next(message, none)?.receiver;
    expect(chosen === undefined).toBe(readiness === none);
    expect(receivers.reduce((sum, { asked }) => sum + asked, 0)).toBeLessThan(300);
  },
);

test('who is connected is found among any number that are away', () => {
  const receivers = manyOf(10_000, offline);
  const members = groupOf(receivers);
  for (const index of [9_999, 0, 5_000]) {
    receivers[index]?.become(ready);
    expect(members.next(message, none)?.receiver).toBe(receivers[index]);
    receivers[index]?.become(none);
  }
});

test('who is away and has room comes before who is connected and has none', () => {
  const here = new Told('here', full, true);
  const away = new Told('away', offline);
  const members = groupOf([here, away]);
  expect(members.next(message, none)?.receiver).toBe(away);
  away.become(full);
  expect(members.next(message, none)?.receiver).toBe(here);
  expect(members.next(message, full)).toBe(undefined);
});

test.each([none, full])(
  'one that has room is found among any number with readiness %i',
  (readiness) => {
    const others = Array.from(
      { length: 5_000 },
      (_, index) => new Told(`${index}`, readiness, true),
    );
    const members = groupOf([...others, new Told('room', busy)]);
    for (let count = 0; count < 100; count++) {
      expect(members.next(message, none)?.receiver.clientId).toBe('room');
    }
    expect(others.reduce((sum, { asked }) => sum + asked, 0)).toBeLessThan(5_000 + 100 * 200);
  },
);

test('who has room again gets messages, while another one is ready all the time', () => {
  const others = Array.from({ length: 200 }, (_, index) => new Told(`${index}`, full, true));
  const members = groupOf([...others, new Told('room', ready)]);
  members.next(message, none);
  for (const other of others) other.become(ready);
  const chosen = Array.from({ length: 1_000 }, () => members.next(message, none)?.receiver);
  expect(new Set(chosen).size).toBe(201);
});

test('where nobody is ready all have their turn, in a group of any size', () => {
  const receivers = manyOf(1_000, busy);
  const members = groupOf(receivers);
  const chosen = receivers.map(() => members.next(message, none)?.receiver);
  expect(new Set(chosen).size).toBe(1_000);
});

test('of members that come, go and end, the readiest one is chosen', () => {
  const readiness = fc.constantFrom(none, full, offline, busy, ready);
  const step = fc.oneof(
    fc.record({ join: readiness }),
    fc.record({ end: fc.nat(30) }),
    fc.record({ change: fc.nat(30), to: readiness }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
      const members = new SharedMembers();
      const model = new Map<Subscription, Readiness>();
      const pick = (index: number) => [...model.keys()][index % Math.max(1, model.size)];
      for (const does of steps) {
        if ('join' in does) {
          const subscription = subscriptionOf(new Told('', does.join));
          model.set(subscription, does.join);
          members.add(subscription);
        } else {
          const subscription = pick('end' in does ? does.end : does.change);
          if (subscription === undefined) continue;
          if ('end' in does) {
            members.remove(subscription);
            model.delete(subscription);
          } else {
            (subscription.receiver as Told).become(does.to);
            model.set(subscription, does.to);
          }
        }
        const chosen = members.next(message, none)?.subscription;
        const best = Math.max(none, ...model.values());
        expect(chosen === undefined ? none : model.get(chosen)).toBe(best);
        expect(members.size).toBe(model.size);
        expect(new Set(members.all().map((member) => member.subscription))).toEqual(
          new Set(model.keys()),
        );
      }
    }),
  );
});
