import type { PluginContext } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import type { Limits } from '../../src/index.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

/** More than any loop may go round. */
const forever = 10_000;
const loop = { code: 'SLUICE_HOOK_FAILED', cause: { code: 'SLUICE_PUBLISH_LOOP' } };

/** A broker with one plug-in that publishes, and how often it did. */
async function aLoop(
  setup: (context: PluginContext, count: () => void) => void,
  limits: Partial<Limits> = {},
) {
  let rounds = 0;
  const count = (): void => {
    rounds++;
    if (rounds > forever) throw new Error('it goes on for ever');
  };
  const world = await startTestBroker({
    limits,
    plugins: [aPlugin((context) => setup(context, count))],
  });
  return { world, rounds: () => rounds };
}

describe('a hook that publishes for what it published', () => {
  test.each([
    ['published', 'a', {}],
    ['published', 'a', { qos: 1, retain: true }],
    ['publish', 'a', {}],
    ['route', 'a', {}],
  ] as const)('in %s is ended after sixteen rounds', async (name, topic, fields) => {
    const { world, rounds } = await aLoop((context, count) =>
      context.hook(name, () => {
        void context.broker.publish({ topic: `${topic}/loop`, payload: 'x', ...fields });
        count();
        return undefined;
      }),
    );
    const client = await world.connect('c');
    await client.subscribe('#');
    expect(await client.publish(topic, 'x', { qos: 1 })).toBeLessThan(0x80);
    expect(rounds()).toBe(16);
    expect(world.errors).toMatchObject([loop]);
    expect(await client.publish('other', 'x', { qos: 1 })).toBeLessThan(0x80);
  });

  test.each([0, 1] as const)('in dropped, at QoS %i, is ended', async (qos) => {
    const { world, rounds } = await aLoop(
      (context, count) =>
        context.hook('dropped', ({ message: { topic } }) => {
          void context.broker.publish({ topic, payload: 'again', qos });
          count();
        }),
      { maxQueuedMessages: 1 },
    );
    const away = await world.connect('away', {
      cleanStart: false,
      properties: { sessionExpiryInterval: 1_000 },
    });
    await away.subscribe('q');
    await away.disconnect();
    const client = await world.connect('c');
    await client.publish('q', '1', { qos });
    await client.publish('q', '2', { qos });
    // At QoS 0 both are dropped, at QoS 1 only the one that finds the queue full.
    expect(rounds()).toBe(qos === 0 ? 32 : 16);
    expect(world.errors).toMatchObject(qos === 0 ? [loop, loop] : [loop]);
  });

  test('to one client, in delivered, is ended', async () => {
    const { world, rounds } = await aLoop((context, count) =>
      context.hook('delivered', ({ client }) => {
        count();
        void context.broker.publishTo(client.clientId, { topic: 'x', payload: 'x' });
      }),
    );
    const client = await world.connect('c');
    await client.subscribe('a');
    await client.publish('a', 'x');
    expect(rounds()).toBe(17);
    expect(world.errors).toMatchObject([loop]);
  });

  test('after it waited for something starves nobody', async () => {
    let over = false;
    let rounds = 0;
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('publish', async ({ client }) => {
            if (client !== undefined || over) return;
            await undefined;
            rounds++;
            void context.broker.publish({ topic: 'loop', payload: 'x' });
          });
        }),
      ],
    });
    void world.broker.publish({ topic: 'loop', payload: 'x' });
    const client = world.client();
    // Each turn ends, which it would not if the loop ran on in promises alone.
    for (let turn = 0; turn < 3; turn++) {
      world.environment.runTurn();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect(rounds).toBeGreaterThan(1_000);
    expect(rounds).toBeLessThan(5_000);
    over = true;
    expect((await client.connect({ clientId: 'c' })).reasonCode).toBe(0);
    expect(world.errors).toEqual([]);
  });
});

describe('a hook that publishes', () => {
  test('for messages of clients does so as often as these come', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('published', ({ client }) => {
            if (client !== undefined) void context.broker.publish({ topic: 'audit', payload: '' });
          }),
        ),
      ],
    });
    const client = await world.connect('c');
    await client.subscribe('audit');
    for (let sent = 0; sent < 200; sent++) await client.publish('a', 'x', { qos: 1 });
    expect(await client.messages()).toHaveLength(200);
    expect(world.errors).toEqual([]);
  });
});

test('broker.hooks() tells what became of the calls of each hook', async () => {
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) => {
        context.hook('connected', () => {});
        context.hook('published', () => JSON.parse('{'));
      }, 'mine'),
    ],
  });
  const client = await world.connect('c');
  await client.publish('a', 'x', { qos: 1 });
  expect(world.broker.hooks()).toMatchObject([
    { plugin: 'mine', name: 'connected', calls: 1, failures: 0 },
    { plugin: 'mine', name: 'published', calls: 1, failures: 1 },
  ]);
});

test('an application may publish for what it is subscribed to', async () => {
  const world = await startTestBroker();
  let rounds = 0;
  world.broker.subscribe('a', async () => {
    rounds++;
    if (rounds < 100) await world.broker.publish({ topic: 'a', payload: '' });
  });
  await world.publish('a');
  expect(rounds).toBe(100);
  expect(world.errors).toEqual([]);
});
