import { ReasonCode } from '@sluice/packet';
import type { BrokerServices, LimitedEvent, PluginContext } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { answerOf, collect } from '../support/asking.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const message = { topic: 'a', payload: 'x' };
const limited: LimitedEvent = {
  limit: 'logins',
  action: 'refused',
  connection: undefined,
  clientId: 'c',
};

/** What a service answers now: its error, if it throws or rejects. */
async function codeOf(ask: () => unknown): Promise<unknown> {
  try {
    await ask();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

/** Everything that may be asked of a broker. */
const questions: Readonly<Record<string, (broker: BrokerServices) => unknown>> = {
  'sessions.get': (broker) => broker.sessions.get('c'),
  'sessions.end': (broker) => broker.sessions.end('c'),
  'the sessions': (broker) => broker.sessions[Symbol.asyncIterator]().next(),
  'subscriptions.add': (broker) => broker.subscriptions.add('c', { filter: 'a' }),
  'subscriptions.remove': (broker) => broker.subscriptions.remove('c', 'a'),
  'subscriptions.of': (broker) => broker.subscriptions.of('c'),
  'the subscriptions': (broker) => broker.subscriptions[Symbol.asyncIterator]().next(),
  'retained.get': (broker) => broker.retained.get('a'),
  'retained.set': (broker) => broker.retained.set(message),
  'retained.clear': (broker) => broker.retained.clear('#'),
  'retained.iterate': (broker) => broker.retained.iterate(),
  publish: (broker) => broker.publish(message),
  publishTo: (broker) => broker.publishTo('c', message),
  reauthorize: (broker) => broker.reauthorize(),
};

describe('what a plug-in asks of the broker', () => {
  test.each(Object.entries(questions))(
    '%s: not before it started, nor after it closed',
    async (_name, ask) => {
      let early: unknown;
      let context: PluginContext | undefined;
      const world = await startTestBroker({
        plugins: [
          {
            name: 'test',
            async setup(given) {
              context = given;
              early = await codeOf(() => ask(given.broker));
            },
          },
        ],
      });
      const { broker } = context as PluginContext;
      expect(early).toBe('SLUICE_NOT_STARTED');
      expect(
        await answerOf(
          world,
          codeOf(() => ask(broker)),
        ),
      ).toBeUndefined();
      await answerOf(world, world.broker.close());
      expect(await codeOf(() => ask(broker))).toBe('SLUICE_CLOSED');
      expect(await codeOf(() => ask(world.broker))).toBe('SLUICE_CLOSED');
    },
  );

  test('is answered from the hook start on', async () => {
    let found: unknown;
    await startTestBroker({
      plugins: [
        aPlugin(({ hook, broker }) => {
          hook('start', () => {
            found = [broker.sessions.get('c'), broker.disconnect('c')];
          });
        }),
      ],
    });
    expect(found).toEqual([undefined, false]);
  });

  test('disconnect and limited do no harm after the broker closed', async () => {
    const world = await startTestBroker();
    await world.connect('c');
    await answerOf(world, world.broker.close());
    expect(world.broker.disconnect('c')).toBe(false);
    world.broker.limited(limited);
  });

  test('limited tells the hook', async () => {
    const seen: LimitedEvent[] = [];
    const world = await startTestBroker({
      plugins: [aPlugin(({ hook }) => hook('limited', (event) => void seen.push(event)))],
    });
    world.broker.limited(limited);
    expect(seen).toEqual([limited]);
  });

  test('an iterator that waits for its turn fails when the broker closes', async () => {
    const world = await startTestBroker();
    for (let index = 0; index < 300; index++) {
      void world.broker.retained.set({ topic: `a/${index}`, payload: 'x' });
    }
    await world.settle();
    const walk = collect(world, world.broker.retained.iterate());
    const closing = world.broker.close();
    await expect(walk).rejects.toMatchObject({ code: 'SLUICE_CLOSED' });
    await answerOf(world, closing);
  });
});

describe('disconnect', () => {
  test('says why, and where to go', async () => {
    const world = await startTestBroker();
    const one = await world.connect('1');
    const two = await world.connect('2');
    const three = await world.connect('3');
    const { broker } = world;
    expect(broker.disconnect('1')).toBe(true);
    expect(broker.disconnect('1')).toBe(false);
    broker.disconnect('2', { reasonCode: ReasonCode.quotaExceeded, reasonString: 'too much' });
    broker.disconnect('3', { serverReference: 'other.example:8883' });
    expect(await one.receive('disconnect')).toMatchObject({
      reasonCode: ReasonCode.administrativeAction,
    });
    expect(await two.receive('disconnect')).toMatchObject({
      reasonCode: ReasonCode.quotaExceeded,
      properties: { reasonString: 'too much' },
    });
    expect(await three.receive('disconnect')).toMatchObject({
      reasonCode: ReasonCode.useAnotherServer,
      properties: { serverReference: 'other.example:8883' },
    });
  });

  test.each([
    [{ reasonCode: ReasonCode.disconnectWithWill }],
    [{ reasonCode: 0x55 }],
    [{ reasonString: 'a\u0000' }],
    [{ reasonString: 7 }],
    [{ reason: 'a typing error' }],
    [{ reasonCode: ReasonCode.quotaExceeded, serverReference: 'other.example' }],
    [{ serverReference: 7 }],
  ])('refuses %o', async (options) => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    expect(() => world.broker.disconnect('c', options as never)).toThrow(
      expect.objectContaining({ code: 'SLUICE_DISCONNECT' }),
    );
    expect(client.closed).toBe(false);
  });
});
