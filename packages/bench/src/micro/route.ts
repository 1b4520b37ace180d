import { createMatcher } from '@sluice/matcher';
import { coreModule } from './core-module.ts';
import { routedMessages } from './core-parts.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

const messages = 1_000;
const receivers = 1_000;
// A prime that does not divide the count visits the topics in scattered order.
const step = 7_919;

/** What finds the receivers of a topic. It is no part of what `@sluice/core` exports. */
interface Router {
  add(subscription: object): void;
  remove(subscription: object): void;
  lookup(topic: string): object;
  route(message: object, route: object): number;
}

interface RouterModule {
  readonly Router: new (matcher: object, context: object) => Router;
}

interface SubscriptionModule {
  readonly Subscription: new (receiver: object, options: object) => object;
}

/** From the topic of a message to receivers that do nothing with it. */
export async function routeBenchmarks(): Promise<MicroBenchmark[]> {
  const { Router } = await coreModule<RouterModule>('routing/router');
  const { Subscription } = await coreModule<SubscriptionModule>('session/subscription');
  const message = (await routedMessages())({});
  const newReceiver = (clientId: string) => ({ clientId, deliver: () => true });
  // Nothing is shared, which is all that a router needs its context for.
  const newRouter = () => new Router(createMatcher<object>(), {});
  const subscription = (filter: string, receiver: object) =>
    new Subscription(receiver, {
      ...{ requested: filter, filter, qos: 0, noLocal: false },
      ...{ retainAsPublished: false, retainHandling: 0, subscriptionIdentifier: 0 },
    });
  const routerOf = (filters: readonly string[]) => {
    const router = newRouter();
    const receiver = newReceiver('r');
    for (const filter of filters) router.add(subscription(filter, receiver));
    return router;
  };
  const topics = Array.from(
    { length: messages },
    (_, index) => `bench/${(index * step) % messages}`,
  );

  const fanOut = newRouter();
  for (let index = 0; index < receivers; index++) {
    fanOut.add(subscription('bench/0', newReceiver(`r${index}`)));
  }
  const kept = fanOut.lookup('bench/0');
  const churned = routerOf(['bench/#']);
  const other = subscription('other/#', newReceiver('other'));
  return [
    routing(
      'one topic to one receiver',
      routerOf(['bench/0']),
      topics.map(() => 'bench/0'),
      message,
    ),
    routing('1,000 topics to one receiver', routerOf(['bench/#']), topics, message),
    routing(
      '1,000 topics, four filters of one receiver',
      routerOf(['bench/#', 'bench/+', '+/+', '#']),
      topics,
      message,
    ),
    {
      group: 'route',
      name: 'one topic to 1,000 receivers, for each',
      operations: receivers,
      run: () => expectCount(fanOut.route(message, kept)),
    },
    {
      group: 'route',
      name: '1,000 topics after a change of subscriptions',
      operations: messages,
      run() {
        churned.add(other);
        churned.remove(other);
        let count = 0;
        for (const topic of topics) count += churned.route(message, churned.lookup(topic));
        expectCount(count);
      },
    },
  ];
}

function routing(
  name: string,
  router: Router,
  topics: readonly string[],
  message: object,
): MicroBenchmark {
  return {
    group: 'route',
    name,
    operations: topics.length,
    run() {
      let count = 0;
      for (const topic of topics) count += router.route(message, router.lookup(topic));
      expectCount(count);
    },
  };
}

function expectCount(count: number): void {
  if (count !== messages) throw new Error(`${count} deliveries in place of ${messages}`);
}
