import type { Qos } from '@sluice/packet';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectPacket, subscribePacket, subscription } from '../support/packets.ts';
import { filtersOf, Rules, reauthorize } from '../support/rules.ts';
import { startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

const clientIds = ['1', '2'];
const filters = ['a', '$share/g/a'];
const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

const aPlace = { clientId: fc.constantFrom(...clientIds), filter: fc.constantFrom(...filters) };
/** What a rule grants at most; undefined denies. */
const aLimit = fc.constantFrom<Qos | undefined>(0, 1, 2, undefined);
const aStep = fc.oneof(
  fc.record({ do: fc.constant('connect' as const), ...aPlace }),
  fc.record({ do: fc.constant('drop' as const), ...aPlace }),
  fc.record({ do: fc.constant('unsubscribe' as const), ...aPlace }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('answer' as const), ...aPlace }) },
  fc.record({ do: fc.constant('reauthorize' as const), ...aPlace }),
  fc.record({ do: fc.constant('reauthorize all' as const), ...aPlace }),
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('change' as const), ...aPlace, limit: aLimit }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      ...aPlace,
      qos: fc.constantFrom<Qos>(0, 1, 2),
    }),
  },
);

/** What the rules grant at most, by the naive reading of them. */
function limitOf(rules: Rules, clientId: string, filter: string): number {
  const what = `${clientId} ${filter}`;
  return rules.denied.has(what) ? -1 : (rules.maximumQos.get(what) ?? 2);
}

function setLimit(rules: Rules, what: string, limit: Qos | undefined): void {
  rules.denied.delete(what);
  rules.maximumQos.delete(what);
  if (limit === undefined) rules.denied.add(what);
  else if (limit < 2) rules.maximumQos.set(what, limit as 0 | 1);
}

/** Subscriptions as they have to be, when one thing happens after the other. */
class Model {
  readonly #rules: Rules;
  readonly #connected: Set<string> = new Set();
  readonly #sessions: Map<string, Map<string, number>> = new Map(
    clientIds.map((clientId) => [clientId, new Map()]),
  );

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  connect(clientId: string): void {
    this.#connected.add(clientId);
    this.recheck(clientId);
  }

  drop(clientId: string): void {
    this.#connected.delete(clientId);
  }

  subscribe(clientId: string, filter: string, qos: number): void {
    const limit = limitOf(this.#rules, clientId, filter);
    if (limit >= 0) this.#sessions.get(clientId)?.set(filter, Math.min(qos, limit));
  }

  unsubscribe(clientId: string, filter: string): void {
    this.#sessions.get(clientId)?.delete(filter);
  }

  recheck(clientId: string): void {
    if (!this.#connected.has(clientId)) return;
    const session = this.#sessions.get(clientId) as Map<string, number>;
    for (const [filter, qos] of session) {
      const limit = limitOf(this.#rules, clientId, filter);
      if (limit < 0) session.delete(filter);
      else session.set(filter, Math.min(qos, limit));
    }
  }

  filtersOf(clientId: string): string[] {
    const session = this.#sessions.get(clientId) as Map<string, number>;
    return Array.from(session, ([filter, qos]) => `${filter} ${qos}`);
  }
}

test('is like a naive model, where one thing happens after the other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { minLength: 10, maxLength: 60 }), async (steps) => {
      const rules = new Rules();
      const model = new Model(rules);
      const world = await startTestBroker({ plugins: [rules.plugin()] });
      const clients = new Map<string, TestClient>();
      for (const step of steps) {
        const { clientId, filter } = step;
        const client = clients.get(clientId);
        if (step.do === 'connect') {
          clients.set(clientId, await world.connect(clientId, durable));
          model.connect(clientId);
        } else if (step.do === 'change') {
          setLimit(rules, `${clientId} ${filter}`, step.limit);
        } else if (step.do === 'reauthorize') {
          await reauthorize(world, clientId);
          model.recheck(clientId);
        } else if (step.do === 'reauthorize all') {
          await reauthorize(world);
          for (const each of clientIds) model.recheck(each);
        } else if (client !== undefined && step.do === 'subscribe') {
          await client.subscribe(filter, { qos: step.qos });
          model.subscribe(clientId, filter, step.qos);
        } else if (client !== undefined && step.do === 'unsubscribe') {
          await client.unsubscribe(filter);
          model.unsubscribe(clientId, filter);
        } else if (client !== undefined && step.do === 'drop') {
          await client.drop();
          clients.delete(clientId);
          model.drop(clientId);
        }
        for (const each of clientIds) {
          expect(filtersOf(world, each).toSorted()).toEqual(model.filtersOf(each).toSorted());
        }
      }
      await world.crash();
      for (const each of clientIds) {
        expect(filtersOf(world, each).toSorted()).toEqual(model.filtersOf(each).toSorted());
      }
    }),
    { numRuns: 40, seed: 1 },
  );
});

test('leaves a connected client nothing that is forbidden, however slow the rules are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { minLength: 10, maxLength: 80 }), async (steps) => {
      const rules = new Rules();
      const waiting: (() => void)[] = [];
      rules.wait = () => new Promise((go) => waiting.push(go));
      const world = await startTestBroker({ plugins: [rules.plugin()] });
      const clients = new Map<string, TestClient>();
      const done: Promise<void>[] = [];
      for (const step of steps) {
        const { clientId, filter } = step;
        const client = clients.get(clientId);
        if (step.do === 'connect') {
          const next = world.client();
          clients.set(clientId, next);
          next.send(connectPacket(5, { clientId, ...durable }));
        } else if (step.do === 'change') {
          setLimit(rules, `${clientId} ${filter}`, step.limit);
          done.push(world.broker.reauthorize(filter === 'a' ? undefined : clientId));
        } else if (step.do === 'answer') {
          waiting.shift()?.();
        } else if (client !== undefined && step.do === 'subscribe') {
          const request = subscription(filter, { qos: step.qos });
          client.send(subscribePacket(client.packetId(), [request]));
        } else if (client !== undefined && step.do === 'drop') {
          await client.drop();
        }
        await world.settle();
      }
      while (waiting.length > 0) {
        waiting.shift()?.();
        await world.settle();
      }
      await Promise.all(done);
      for (const clientId of clientIds) expectNothingForbidden(world, rules, clientId);
    }),
    { numRuns: 150, seed: 1 },
  );
});

function expectNothingForbidden(world: TestBroker, rules: Rules, clientId: string): void {
  if (world.broker.sessions.get(clientId)?.client === undefined) return;
  for (const { filter, qos } of world.broker.subscriptions.of(clientId)) {
    expect(qos, `${clientId} ${filter}`).toBeLessThanOrEqual(limitOf(rules, clientId, filter));
  }
}
