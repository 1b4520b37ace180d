import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createMatcher } from '@sluice/matcher';
import { type Qos, TopicName, topicMatches } from '@sluice/packet';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Context } from '../src/context/context.ts';
import { RoutedMessage } from '../src/messages/routed-message.ts';
import { Router } from '../src/routing/router.ts';
import type { Receiver } from '../src/session/receiver.ts';
import { Subscription, type SubscriptionOptions } from '../src/session/subscription.ts';
import { aMessage } from './support/messages.ts';
import { aFilter, aTopic } from './support/topics.ts';

/** Nothing here is shared, which is all that a router needs its context for. */
function aRouter(): Router {
  return new Router(createMatcher<Subscription>(), {} as Context);
}

type Delivery = [clientId: string, qos: Qos, retain: boolean, identifiers: number[]];

function aReceiver(clientId: string, got: Delivery[]): Receiver {
  return {
    clientId,
    deliver: (_message, qos, retain, identifiers) => {
      got.push([clientId, qos, retain, [...(identifiers ?? [])].toSorted((a, b) => a - b)]);
      return true;
    },
  };
}

/** What section 3.3.4 says, without any cleverness: one copy for each receiver. */
function expected(subscriptions: Iterable<Subscription>, message: RoutedMessage): Delivery[] {
  const byReceiver = new Map<string, Subscription[]>();
  for (const subscription of subscriptions) {
    const { clientId } = subscription.receiver;
    if (!topicMatches(subscription.filter, message.topic)) continue;
    if (subscription.noLocal && clientId === message.publisherId) continue;
    byReceiver.set(clientId, [...(byReceiver.get(clientId) ?? []), subscription]);
  }
  return [...byReceiver].map(([clientId, list]) => [
    clientId,
    Math.min(message.qos, Math.max(...list.map(({ qos }) => qos))) as Qos,
    message.retain && list.some(({ retainAsPublished }) => retainAsPublished),
    list
      .map(({ subscriptionIdentifier }) => subscriptionIdentifier)
      .filter((identifier) => identifier !== 0)
      .toSorted((a, b) => a - b),
  ]);
}

const aQos = fc.constantFrom<Qos>(0, 1, 2);
const aChange = fc.record({
  client: fc.constantFrom('c', 'd', 'e'),
  what: fc.constantFrom('subscribe' as const, 'subscribe' as const, 'unsubscribe' as const),
  // Few and wide ones too, so that they meet.
  filter: fc.oneof(aFilter, fc.constantFrom('#', '+', '+/#', 'a/#', 'a/+', 'a/b')),
  qos: aQos,
  noLocal: fc.boolean(),
  retainAsPublished: fc.boolean(),
  subscriptionIdentifier: fc.nat(3),
});
const aPublication = fc.record({
  topic: fc.oneof(aTopic, fc.constantFrom('a', 'a/b')),
  qos: aQos,
  retain: fc.boolean(),
  publisherId: fc.constantFrom('c', 'd', 'x', ''),
  hasName: fc.boolean(),
  isForgotten: fc.boolean(),
  isNew: fc.boolean(),
});

/** A name of the cache, or one that it does not keep yet. */
function nameOf(topic: string, isNew: boolean): TopicName {
  return new TopicName(topic, 1, 0, isNew ? -1 : 1);
}

test('whatever was subscribed, cached and noted before, a message goes where it should', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(aChange, aPublication), { maxLength: 80 }), (steps) => {
      const router = aRouter();
      const subscriptions = new Map<string, Subscription>();
      const got: Delivery[] = [];
      const names = new Map<string, TopicName>();
      const receivers = new Map(['c', 'd', 'e'].map((id) => [id, aReceiver(id, got)]));
      for (const step of steps) {
        if ('topic' in step) {
          const message = RoutedMessage.of(aMessage(step));
          got.length = 0;
          const name = names.get(message.topic) ?? nameOf(message.topic, step.isNew);
          // Sometimes a cache has forgotten the name, or does not keep it yet, and makes another one.
          if (step.isForgotten || name.isNew) names.delete(message.topic);
          else names.set(message.topic, name);
          const route = step.hasName ? router.find(name) : router.lookup(message.topic);
          const count = router.route(message, route);
          const wanted = expected(subscriptions.values(), message);
          expect(got.toSorted()).toEqual(wanted.toSorted());
          expect(count).toBe(wanted.length);
          continue;
        }
        const { client, what, filter, ...rest } = step;
        const key = `${client} ${filter}`;
        const existing = subscriptions.get(key);
        const options: SubscriptionOptions = {
          requested: filter,
          filter,
          retainHandling: 0,
          ...rest,
        };
        if (what === 'unsubscribe') {
          if (existing !== undefined) router.remove(existing);
          subscriptions.delete(key);
        } else if (existing === undefined) {
          const made = new Subscription(receivers.get(client) as Receiver, options);
          subscriptions.set(key, made);
          router.add(made);
        } else {
          existing.replaceOptions(options);
          router.changed(existing);
        }
        expect(router.size).toBe(subscriptions.size);
      }
    }),
    { numRuns: 300 },
  );
});

function aSubscription(filter: string): Subscription {
  return new Subscription(aReceiver(filter, []), {
    requested: filter,
    filter,
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
    subscriptionIdentifier: 0,
  });
}

test('what a wildcard subscription asks for holds at once, also where only new topics met it', () => {
  const router = aRouter();
  const options = { requested: '#', filter: '#', qos: 0, noLocal: false } as const;
  const others = { retainAsPublished: false, retainHandling: 0 } as const;
  const subscription = new Subscription(aReceiver('c', []), {
    ...options,
    ...others,
    subscriptionIdentifier: 0,
  });
  router.add(subscription);
  expect(router.find(nameOf('a', true)).targets[0]?.subscriptionIdentifiers).toBeUndefined();
  subscription.replaceOptions({ ...options, ...others, subscriptionIdentifier: 7 });
  router.changed(subscription);
  expect(router.find(nameOf('b', true)).targets[0]?.subscriptionIdentifiers).toEqual([7]);
});

test('a route is no longer noted with its name once it may be wrong', () => {
  const router = aRouter();
  const add = (filter: string): Subscription => {
    const subscription = aSubscription(filter);
    router.add(subscription);
    return subscription;
  };
  const exact = add('a/b');
  const wild = add('a/+');
  const other = add('x');
  const name = new TopicName('a/b', 3);
  for (const change of [
    () => router.changed(exact),
    () => router.remove(exact),
    () => router.changed(wild),
    () => router.remove(wild),
    () => void add('a/b'),
    () => void add('#'),
  ]) {
    router.find(name);
    change();
    expect(name.note).toBe(undefined);
  }
  const route = router.find(name);
  expect(name.note).toBe(route);
  router.changed(other);
  expect(name.note).toBe(route);
});

test('the route of a topic that is new is not remembered', () => {
  const router = aRouter();
  router.add(aSubscription('t/0'));
  const name = nameOf('t/0', true);
  const route = router.find(name);
  expect(route.targets).toHaveLength(1);
  expect(name.note).toBe(undefined);
  expect(router.find(nameOf('t/0', true))).not.toBe(route);
});

test('topics come from peers: any number of them is forgotten again', () => {
  const router = aRouter();
  router.add(aSubscription('t/0'));
  const first = router.lookup('t/0');
  for (let index = 1; index <= 65_536; index++) router.lookup(`t/${index}`);
  expect(router.lookup('t/0')).not.toBe(first);
  expect(router.lookup('t/0')).toBe(router.lookup('t/0'));
});

test.each(['a/b', 'a/+'])(
  'nobody is kept in memory by the route of a topic after %s ended',
  async (filter) => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const router = aRouter();
    const subscribeAndLeave = (): WeakRef<Receiver> => {
      const receiver = aReceiver('c', []);
      const options = {
        requested: filter,
        filter,
        qos: 0,
        noLocal: false,
        retainHandling: 0,
      } as const;
      const rest = { retainAsPublished: false, subscriptionIdentifier: 0 };
      const subscription = new Subscription(receiver, { ...options, ...rest });
      router.add(subscription);
      expect(router.route(RoutedMessage.of(aMessage({ topic: 'a/b' })), router.lookup('a/b'))).toBe(
        1,
      );
      router.remove(subscription);
      return new WeakRef(receiver);
    };
    const receiver = subscribeAndLeave();
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(receiver.deref()).toBeUndefined();
  },
);
