import { drop, type UnsubscribeEvent } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { Gate } from '../support/gate.ts';
import { logHooks } from '../support/log-hooks.ts';
import { publishPacket, unsubscribePacket } from '../support/packets.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

function withUnsubscribe(hook: (event: UnsubscribeEvent) => unknown): Promise<TestBroker> {
  return startTestBroker({
    plugins: [aPlugin((context) => context.hook('unsubscribe', hook as never))],
  });
}

describe('unsubscribe', () => {
  test.each([
    ['at once', (filters: readonly string[]) => filters.map((one) => `real/${one}`)],
    ['later', async (filters: readonly string[]) => filters.map((one) => `real/${one}`)],
  ])('rewrites the names, %s', async (_, rewrite) => {
    const gone: string[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('unsubscribe', ({ filters }) => rewrite(filters));
          context.hook('unsubscribed', ({ filter }) => void gone.push(filter));
        }),
      ],
    });
    const client = await world.connect('c');
    await client.subscribe('real/a');
    expect((await client.unsubscribe('a', 'b')).reasonCodes).toEqual([0, 0x11]);
    await world.publish('real/a', 'x');
    expect([await client.payloads(), gone]).toEqual([[], ['real/a']]);
  });

  test('comes before the subscription is removed, and that before UNSUBACK', async () => {
    const log: string[] = [];
    const names = ['packetReceived', 'unsubscribe', 'unsubscribed', 'packetSent'] as const;
    const world = await startTestBroker({ plugins: [logHooks(names, log)] });
    const client = await world.connect('c');
    await client.subscribe('a');
    log.length = 0;
    await client.unsubscribe('a');
    expect(log).toEqual(names);
  });

  test.each([
    [drop(), 0x87],
    [drop(0x83), 0x83],
    [drop(0), 0x87],
  ])('a drop leaves all subscriptions: %j', async (answer, code) => {
    const world = await withUnsubscribe(() => answer);
    const client = await world.connect('c');
    await client.subscribe('a');
    expect((await client.unsubscribe('a', 'b')).reasonCodes).toEqual([code, code]);
    await world.publish('a', 'x');
    expect(await client.payloads()).toEqual(['x']);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['misses its deadline', () => new Promise(() => {})],
    ['answers too few names', () => []],
    ['answers what is no filter', () => ['a/#/b']],
  ])('leaves all subscriptions when it %s', async (_, hook) => {
    const world = await withUnsubscribe(hook);
    const client = await world.connect('c');
    await client.subscribe('a');
    client.send(unsubscribePacket(9, ['a']));
    await world.advance(5_000);
    expect((await client.receive('unsuback')).reasonCodes).toEqual([0x83]);
    await world.publish('a', 'x');
    expect([await client.payloads(), world.errors.length]).toEqual([['x'], 1]);
  });

  test('packets behind it wait, those of others do not', async () => {
    const gate = new Gate();
    const world = await withUnsubscribe(gate.wait);
    const [client, other] = [await world.connect('c'), await world.connect('o')];
    await client.subscribe('a');
    client.send(unsubscribePacket(9, ['a']), publishPacket('a', 'own', { qos: 1, packetId: 10 }));
    await other.publish('a', 'of the other', { qos: 1 });
    expect(await client.unread()).toEqual(['publish']);
    gate.open();
    expect(await client.unread()).toEqual(['unsuback', 'puback']);
  });

  test('an answer after the connection is gone does nothing', async () => {
    const gate = new Gate();
    const world = await withUnsubscribe(gate.wait);
    const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
    const client = await world.connect('c', durable);
    await client.subscribe('a');
    client.send(unsubscribePacket(9, ['a']));
    await world.settle();
    await world.connect('c', durable);
    gate.open();
    await world.settle();
    expect(world.broker.sessions.get('c')?.subscriptions).toBe(1);
    expect(client.history).not.toContain('unsuback');
  });
});
