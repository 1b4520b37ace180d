import type { Qos } from '@sluice/packet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ModelClient, type Published } from '../support/model-client.ts';
import { type Store, stores } from '../support/stores.ts';
import { startTestBroker } from '../support/test-broker.ts';

const clientCount = 4;
const aClient = fc.nat(clientCount - 1);
const aQos = fc.constantFrom<Qos>(0, 1, 2);
const aTopic = fc.constantFrom('a', 'a/b', 'c');
const aFilter = fc.constantFrom('a', 'a/#', '+/b', 'c', '#');

const worldSteps = ['settle', 'turn', 'crash', 'hold', 'release'] as const;

type Step =
  | { readonly do: 'connect'; readonly client: number; readonly chunkBytes: number }
  | { readonly do: 'drop'; readonly client: number }
  | {
      readonly do: 'subscribe';
      readonly client: number;
      readonly filter: string;
      readonly qos: Qos;
    }
  | { readonly do: 'unsubscribe'; readonly client: number; readonly filter: string }
  | { readonly do: 'publish'; readonly client: number; readonly topic: string; readonly qos: Qos }
  | { readonly do: (typeof worldSteps)[number] };

const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('connect' as const),
      client: aClient,
      chunkBytes: fc.constantFrom(1, 3, 1_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const), client: aClient }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      client: aClient,
      filter: aFilter,
      qos: aQos,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('unsubscribe' as const),
      client: aClient,
      filter: aFilter,
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      client: aClient,
      topic: aTopic,
      qos: aQos,
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('settle' as const, 'turn' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'hold' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const) }) },
);

async function play(
  steps: readonly Step[],
  store: Store,
  maxReceiversPerTurn: number,
): Promise<void> {
  // Small limits, so that the short histories of a test meet all of them.
  const world = await startTestBroker({
    store,
    limits: {
      maxInflightMessages: 3,
      windowMessages: 2,
      maxPacketsPerTurn: 2,
      maxReceiversPerTurn,
    },
  });
  let now = 0;
  const published: Published[] = [];
  const clients = Array.from(
    { length: clientCount },
    (_, index) =>
      new ModelClient(`c${index}`, world, () => now, {
        isDurable: index < 3,
        version: index % 2 === 0 ? 5 : 4,
      }),
  );
  const read = (): void => {
    for (const client of clients) client.read();
  };
  const publish = (client: ModelClient, topic: string, qos: Qos): void => {
    const publisher = client.clientId;
    const payload = `${publisher} ${published.length}`;
    const message = { publisher, topic, qos, payload, at: now, acknowledged: false };
    published.push(message);
    client.publish(message);
  };
  const act = async (step: Step): Promise<void> => {
    const client = 'client' in step ? (clients[step.client] as ModelClient) : undefined;
    if (step.do === 'settle') await world.settle();
    else if (step.do === 'turn') world.environment.runTurn();
    else if (step.do === 'hold') world.persistence.hold();
    else if (step.do === 'release') world.persistence.release();
    else if (step.do === 'crash') {
      for (const each of clients) each.drop();
      await world.crash();
    } else if (step.do === 'connect') {
      world.persistence.release();
      await client?.connect(step.chunkBytes);
    } else if (step.do === 'drop') {
      client?.drop();
      await world.settle();
    } else if (client?.connected !== true) return;
    else if (step.do === 'subscribe') client.subscribe(step.filter, step.qos);
    else if (step.do === 'unsubscribe') client.unsubscribe(step.filter);
    else if (step.do === 'publish') publish(client, step.topic, step.qos);
  };
  for (const step of steps) {
    now++;
    await act(step);
    read();
  }
  world.persistence.release();
  // Everybody who can comes back and takes what is owed.
  for (const client of clients) if (!client.connected) await client.connect(1_000);
  for (let round = 0; round < 3; round++) {
    await world.settle();
    read();
  }
  expect(world.errors).toEqual([]);
  const hasCrashed = steps.some((step) => step.do === 'crash');
  for (const client of clients) check(client, published, hasCrashed);
}

function check(client: ModelClient, published: readonly Published[], hasCrashed: boolean): void {
  const byPayload = new Map(published.map((message) => [message.payload, message]));
  const counts = new Map<string, number>();
  const last = new Map<string, number>();
  for (const { payload, topic, qos } of client.taken) {
    const message = byPayload.get(payload);
    expect(message, `${client.clientId} got ${payload}`).toMatchObject({ topic });
    if (message === undefined) continue;
    expect(qos).toBeLessThanOrEqual(message.qos);
    expect(client.wanted(message), `${client.clientId} wanted ${payload}`).toBe(true);
    const count = (counts.get(payload) ?? 0) + 1;
    counts.set(payload, count);
    // Where QoS 1 is on the way it may come again, otherwise not. QoS 0 waits for no commit: a crash may repeat it.
    if (count > 1 && !(hasCrashed && qos === 0)) {
      expect([payload, message.qos, qos]).toContain(1);
    }
    if (count === 1) {
      const stream = `${message.publisher} ${topic} ${message.qos} ${qos}`;
      const number = published.indexOf(message);
      expect(number, `order of ${stream}`).toBeGreaterThan(last.get(stream) ?? -1);
      last.set(stream, number);
    }
  }
  for (const message of published) {
    if (message.qos === 0 || !message.acknowledged || !client.isOwed(message)) continue;
    expect(counts.has(message.payload), `${client.clientId} is owed ${message.payload}`).toBe(true);
  }
}

describe.each([
  ['at once', 1_000],
  ['one each turn', 1],
])('receivers are served %s', (_, maxReceiversPerTurn) => {
  test.each(stores)(
    'any history over a %s store keeps the promises',
    async (name, makeStore) => {
      const numRuns = name === 'memory' ? 150 : 15;
      await fc.assert(
        fc.asyncProperty(fc.array(aStep, { minLength: 20, maxLength: 120 }), (steps) =>
          play(steps, makeStore(), maxReceiversPerTurn),
        ),
        { numRuns, seed: 1 },
      );
    },
    60_000,
  );
});
